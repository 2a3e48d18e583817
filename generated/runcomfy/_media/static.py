"""What of an input's media is told without looking at them: that the API could fetch them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._problem import Problem
from .urls import is_url, private_fault, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .places import Found


def private_problems(found: Iterable[Found]) -> Iterator[Problem]:
    """Yield a problem for each URL that only this machine or its network could read."""
    for one in found:
        problem = private_problem(one.path, one.value)
        if problem is not None:
            yield problem


def private_problem(path: str, value: object) -> Problem | None:
    """Return the problem of a *value* that is such a URL; whatever else it is has none."""
    if not isinstance(value, str) or not is_url(value):
        return None
    fault = private_fault(value)
    if fault is None:
        return None
    return Problem(path, "public", "a public https URL", shown(value), fault)
