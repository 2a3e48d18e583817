"""Limits within one schema that together allow no value: a typo that would refuse every input.

Only limits in the same schema object are compared. The combined effect of ``allOf`` and similar
keywords is not examined.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from .defaults import misfit
from .keywords import KEYWORDS, is_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .jsontext import JsonObject

#: A lower and an upper limit, the relation between them that leaves a value, and the kind of value.
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
    """Yield a message for each pair of limits in the schema *standard* that leaves no value.

    Args:
        standard: A schema in standard JSON Schema.
        types: The types that the schema allows; empty if it states none.
    """
    for low, high, leaves, kind in PAIRS:
        least, most = standard.get(low), standard.get(high)
        # The check of keywords reports limits that don't apply to the type or aren't numbers.
        idle = types and not set(KEYWORDS[low][2]) & set(types)
        if not idle and is_number(least) and is_number(most) and not leaves(least, most):
            yield f"no {kind} fits both {low} {least} and {high} {most}"
    # Members of the wrong type are reported at the enum or const itself.
    limits = {key: value for key, value in standard.items() if key != "type"}
    if "const" in limits and any(misfit(limits, limits["const"])):
        yield "its const breaks the limits beside it: no value is left"
    values = limits.pop("enum", None)
    if isinstance(values, list) and values and all(any(misfit(limits, one)) for one in values):
        yield "every value of its enum breaks the limits beside it: none is left"
