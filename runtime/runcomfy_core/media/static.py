"""Checking whether the API could fetch an input's media URLs, without any I/O."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from runcomfy_core.problem import Problem
from runcomfy_core.web.urls import PRIVATE_ENDS, is_url, private_fault, shown

from .rules import EACH

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from .places import Found

#: The beginning of nearly every URL: a public name. Possessive quantifiers (++) never backtrack.
_is_public = re.compile(
    rf"https://(?:[a-z0-9-]++\.)++(?!(?:{'|'.join(sorted(PRIVATE_ENDS))})/)[a-z]{{2,}}+/"
).match


def seem_public(value: object, names: Collection[str | int | None]) -> bool:
    """Return whether it is certain at a glance that :func:`private_problems` finds nothing.

    Args:
        value: The input.
        names: The first steps of the paths to its media.

    Returns:
        True if the input is a dict with nothing but public URLs there, alone or in lists. If this
        is False, only :func:`private_problems` can tell.
    """
    if not isinstance(value, dict) or EACH in names:
        return False
    fields = cast("dict[object, object]", value)
    for name in names:
        given = fields.get(name)
        several = isinstance(given, (list, tuple))
        for one in cast("Iterable[object]", given) if several else (given,):
            if one is not None and not (isinstance(one, str) and _is_public(one)):
                return False
    return True


def private_problems(found: Iterable[Found]) -> Iterator[Problem]:
    """Yield a problem for each URL that only this machine or its network could read."""
    for one in found:
        problem = private_problem(one.path, one.value)
        if problem is not None:
            yield problem


def private_problem(path: str, value: object) -> Problem | None:
    """Return the problem of a URL that only this machine or its network could read, or None."""
    if not isinstance(value, str) or not is_url(value):
        return None
    fault = private_fault(value)
    if fault is None:
        return None
    return Problem(path, "public", "a public https URL", shown(value), fault)
