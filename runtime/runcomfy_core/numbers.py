"""Converts the numbers of other libraries, and of ``decimal`` and ``fractions``, to plain numbers.

Rules:

- A value is converted only if it exactly equals an int, a float or a bool. Nothing is rounded, and
  a text, or an array of one number, is not a number.
- A Decimal or a Fraction is converted if it equals a float, or what JSON writes for the float:
  ``Decimal("0.1")`` becomes 0.1, and so does ``Decimal(0.1)``.
- Nothing here raises, whatever value is passed.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, Final, cast

from .interrupts import pass_on

if TYPE_CHECKING:
    from decimal import Decimal
    from fractions import Fraction

#: Types that need no conversion. Nearly every value has one of them.
_PLAIN: Final = frozenset([bool, dict, float, int, list, str, tuple, type(None)])

#: The dtype kinds of NumPy's numbers. A span of time is not among them, although it holds an
#: integer.
_KINDS: Final = "biuf"

#: The most digits of a whole number that is converted; a float has no more before its point.
_LONGEST: Final = 308


def as_number(value: object) -> object:
    """Return the int, float or bool that *value* exactly equals, or *value* itself."""
    if type(value) in _PLAIN or isinstance(value, (str, bytes)):
        return value
    try:
        number = _number(value)
    except Exception as error:  # noqa: BLE001 - a user's class may raise anything
        pass_on(error)
        return value
    return value if number is None else number


def remedy(value: object) -> str:
    """Return the end of a message that says what to pass instead of a *value*, or ""."""
    kind: type = type(value)
    if isinstance(value, str) or as_number(value) is not value:
        return ""
    if hasattr(kind, "tolist"):
        return "; pass value.tolist()"
    if hasattr(kind, "__float__") and not isinstance(value, (int, float)):
        return "; pass float(value)"
    return ""


# Any: the value may have any class, and is checked for the attributes of numbers. To a type
# checker, an int or a bool is a float.
def _number(value: Any) -> float | None:
    if isinstance(value, float):
        return float(value)
    if hasattr(value, "shape"):
        return _scalar(value)
    if hasattr(cast("object", type(value)), "__index__"):
        return operator.index(value)
    from numbers import Rational, Real  # noqa: PLC0415 - few values get this far

    if isinstance(value, Rational):
        return _of_fraction(cast("Fraction", value))
    if isinstance(value, Real):
        return _same(float(value), value)
    return _of_decimal(value)


def _scalar(value: Any) -> float | None:
    """Return the number in a NumPy scalar; None for an array or a date."""
    kind = getattr(getattr(value, "dtype", None), "kind", "f")
    if value.shape != () or kind not in _KINDS:
        return None
    item: object = value.item()
    if isinstance(item, bool | int | float):
        return item
    return _same(float(value), value) if kind == "f" else None


def _of_fraction(value: Fraction) -> float | None:
    from fractions import Fraction  # noqa: PLC0415 - only a fraction needs it

    if value.denominator == 1:
        return int(value.numerator)
    number = float(value)
    return number if value in (Fraction(repr(number)), Fraction(number)) else None


def _of_decimal(value: Decimal) -> float | None:
    from decimal import Decimal  # noqa: PLC0415 - few values get this far

    if not isinstance(value, Decimal):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers pass any value
        return None
    # A huge exponent would fill the memory, so it is checked before the number is written out.
    if value.is_finite() and abs(value.adjusted()) < _LONGEST and value == int(value):
        return int(value)
    number = float(value)
    same = not value.is_finite() or value in (Decimal(repr(number)), Decimal(number))
    return number if same else None


def _same(number: float, value: object) -> float | None:
    """Return a float if it equals a value, or is NaN; else None."""
    return number if number == value or number != number else None  # noqa: PLR0124 - only NaN differs from itself
