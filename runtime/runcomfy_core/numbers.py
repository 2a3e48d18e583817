"""Numbers of other libraries, and of Python's own ``decimal`` and ``fractions``, as plain ones.

Rules:

- Only what is exactly an int, a float or a bool becomes one: a number is never rounded, and a text
  or an array of one number is none.
- A Decimal or a Fraction is one where a float, or what is written of it in JSON, is the same
  number: ``Decimal("0.1")`` is 0.1, and so is ``Decimal(0.1)``.
- Whatever is passed, nothing is raised.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from decimal import Decimal
    from fractions import Fraction

#: Types that stand for themselves: a look at the type settles what nearly every value is.
_PLAIN: Final = frozenset([bool, dict, float, int, list, str, tuple, type(None)])

#: Kinds of NumPy's scalars that are numbers; a span of time has a whole number inside, too.
_KINDS: Final = "biuf"

#: Digits of a whole number; a float has no more before its point.
_LONGEST: Final = 308


def as_number(value: object) -> object:
    """Return the int, float or bool that *value* exactly is, or else *value* itself."""
    if type(value) in _PLAIN or isinstance(value, (str, bytes)):
        return value
    try:
        number = _number(value)
    # Everything: what a caller's own class raises is not to be listed.
    except Exception:  # noqa: BLE001
        return value
    return value if number is None else number


def remedy(value: object) -> str:
    """Say what to pass instead of a *value* that is no JSON, to end a message with; or ""."""
    kind: type = type(value)
    if isinstance(value, str) or as_number(value) is not value:
        return ""
    if hasattr(kind, "tolist"):
        return "; pass value.tolist()"
    if hasattr(kind, "__float__") and not isinstance(value, (int, float)):
        return "; pass float(value)"
    return ""


# Any: a value of any class is asked for what numbers have. An int and a bool are floats to a type
# checker.
def _number(value: Any) -> float | None:
    if isinstance(value, float):
        return float(value)
    if hasattr(value, "shape"):
        return _scalar(value)
    if hasattr(cast("object", type(value)), "__index__"):
        return operator.index(value)
    from numbers import Rational, Real  # noqa: PLC0415 - few values come so far

    if isinstance(value, Rational):
        return _of_fraction(cast("Fraction", value))
    if isinstance(value, Real):
        return _same(float(value), value)
    return _of_decimal(value)


def _scalar(value: Any) -> float | None:
    """Return the number of a scalar as NumPy has it; None for an array and for a date."""
    kind = getattr(getattr(value, "dtype", None), "kind", "f")
    if value.shape != () or kind not in _KINDS:
        return None
    item: object = value.item()
    if isinstance(item, bool | int | float):
        return item
    return _same(float(value), value) if kind == "f" else None


def _of_fraction(value: Fraction) -> float | None:
    from fractions import Fraction  # noqa: PLC0415 - only where there is one

    if value.denominator == 1:
        return int(value.numerator)
    number = float(value)
    return number if value in (Fraction(repr(number)), Fraction(number)) else None


def _of_decimal(value: Decimal) -> float | None:
    from decimal import Decimal  # noqa: PLC0415 - only where there may be one

    if not isinstance(value, Decimal):  # pyright: ignore[reportUnnecessaryIsInstance]  # or any value
        return None
    # Its exponent may be large enough to fill the memory: nothing is written out before a look.
    if value.is_finite() and abs(value.adjusted()) < _LONGEST and value == int(value):
        return int(value)
    number = float(value)
    same = not value.is_finite() or value in (Decimal(repr(number)), Decimal(number))
    return number if same else None


def _same(number: float, value: object) -> float | None:
    """Return a float, if it is what a value is."""
    return number if number == value or number != number else None  # noqa: PLR0124 - it is no number
