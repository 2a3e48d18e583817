"""Rules that compare a value or its size with a number, and which of them imply which others.

Each question is whether every value that passes all old rules passes one new rule. Numbers are
compared exactly: a multiple of 0.3 is a multiple of 0.1.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

import attrs

from ..keywords import is_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..jsontext import JsonObject, JsonValue

#: Keywords of lower bounds, and whether the bound itself is refused; then those of upper bounds.
LOWER = {"minimum": False, "exclusiveMinimum": True}
UPPER = {"maximum": False, "exclusiveMaximum": True}

#: Keywords of sizes, and the JSON type that each applies to.
LEAST = {"minLength": "string", "minItems": "array", "minProperties": "object"}
MOST = {"maxLength": "string", "maxItems": "array", "maxProperties": "object"}

_SIZED: dict[str, type[str | list[Any] | dict[str, Any]]] = {
    "string": str,
    "array": list,
    "object": dict,
}


@attrs.frozen
class Bound:
    """A lower bound. An upper bound is represented as the lower bound of the negated value."""

    limit: float
    strict: bool

    def implies(self, other: Bound, *, whole: bool) -> bool:
        """Tell whether values above this bound are above *other*; *whole* if all are integers."""
        mine, its = self._key(whole=whole), other._key(whole=whole)
        return mine >= its

    def _key(self, *, whole: bool) -> tuple[float, bool]:
        if not whole:
            return self.limit, self.strict
        least = math.floor(self.limit) + 1 if self.strict else math.ceil(self.limit)
        return least, False


@attrs.frozen
class Rules:
    """What is known about the values that pass all of several schemas.

    Attributes:
        schemas: The schemas.
        whole: Whether every number among the values is an integer.
        values: All of the values, if a schema lists them.
    """

    schemas: Sequence[JsonObject]
    whole: bool
    values: Sequence[JsonValue] | None

    def imply(self, keyword: str, limit: float) -> bool:
        """Tell whether each of the values passes the rule *keyword* with its *limit*."""
        if keyword in LOWER or keyword in UPPER:
            return self._bounded(keyword, limit)
        if keyword == "multipleOf":
            return self._divided(limit)
        return self._sized(keyword, limit)

    def _bounded(self, keyword: str, limit: float) -> bool:
        kinds, sign = (LOWER, 1) if keyword in LOWER else (UPPER, -1)
        asked = Bound(sign * limit, kinds[keyword])
        if self.values is not None:
            numbers = [Bound(sign * one, strict=False) for one in _numbers(self.values)]
            return all(one.implies(asked, whole=False) for one in numbers)
        stated = (
            Bound(sign * cast("float", schema[key]), strict)
            for schema in self.schemas
            for key, strict in kinds.items()
            if key in schema
        )
        return any(one.implies(asked, whole=self.whole) for one in stated)

    def _divided(self, divisor: float) -> bool:
        asked = _exact(divisor)
        if self.values is not None:
            numbers = [_exact(one) for one in _numbers(self.values)]
            return all((one / asked).denominator == 1 for one in numbers)
        stated = [_exact(one["multipleOf"]) for one in self.schemas if "multipleOf" in one]
        if self.whole:
            stated.append(Fraction(1))
        return any((one / asked).denominator == 1 for one in stated)

    def _sized(self, keyword: str, limit: float) -> bool:
        kind = LEAST.get(keyword) or MOST[keyword]
        if self.values is not None:
            sizes = [len(one) for one in self.values if isinstance(one, _SIZED[kind])]
            return all(size >= limit if keyword in LEAST else size <= limit for size in sizes)
        stated: list[int] = [schema[keyword] for schema in self.schemas if keyword in schema]
        if keyword in MOST:
            return any(one <= limit for one in stated)
        if keyword == "minProperties":
            stated.append(len({name for one in self.schemas for name in one.get("required", ())}))
        return max([0, *stated]) >= limit


def _numbers(values: Sequence[JsonValue]) -> list[float]:
    return [cast("float", one) for one in values if is_number(one)]


def _exact(number: float) -> Fraction:
    return Fraction(repr(number))
