"""Limits of one schema that leave no value: a typo that would refuse every input.

Only what stands side by side is held against each other: what ``allOf`` and its like say together
is not worked out.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from .defaults import misfit
from .keywords import KEYWORDS, is_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .jsontext import JsonObject

#: A lower and an upper limit, what they are to each other where a value is left, and of what kind.
PAIRS: tuple[tuple[str, str, Callable[[Any, Any], bool], str], ...] = (
    ("minimum", "maximum", operator.le, "number"),
    ("minimum", "exclusiveMaximum", operator.lt, "number"),
    ("exclusiveMinimum", "maximum", operator.lt, "number"),
    ("exclusiveMinimum", "exclusiveMaximum", operator.lt, "number"),
    ("minLength", "maxLength", operator.le, "string"),
    ("minItems", "maxItems", operator.le, "array"),
    ("minContains", "maxContains", operator.le, "array"),
    ("minProperties", "maxProperties", operator.le, "object"),
)


def contradictions(standard: JsonObject, types: Sequence[str]) -> Iterator[str]:
    """Yield which limits of the schema *standard* leave no value, each in words.

    Args:
        standard: The schema, without the house's customs.
        types: The types that it allows; none when it doesn't say.
    """
    for low, high, leaves, kind in PAIRS:
        least, most = standard.get(low), standard.get(high)
        # That a limit says nothing of a type, or is no number, was reported with the keywords.
        idle = types and not set(KEYWORDS[low][2]) & set(types)
        if not idle and is_number(least) and is_number(most) and not leaves(least, most):
            yield f"no {kind} fits both {low} {least} and {high} {most}"
    # What is not of the type was reported where it stands.
    limits = {key: value for key, value in standard.items() if key != "type"}
    if "const" in limits and any(misfit(limits, limits["const"])):
        yield "its const breaks the limits beside it: no value is left"
    values = limits.pop("enum", None)
    if isinstance(values, list) and values and all(any(misfit(limits, one)) for one in values):
        yield "every value of its enum breaks the limits beside it: none is left"
