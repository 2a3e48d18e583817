"""What the validators of the generated modules ask of JSON values.

Rules:

- A value is what JSON says it is: true is no integer, 1.0 is one, NaN is no number.
- A number of another library is the number that it is (``_numbers.py``).
- A text that UTF-8 can't encode (a lone surrogate) is no JSON string.
- Whatever is passed, the answer is yes or no and never an exception.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeGuard, cast

import attrs

from runcomfy_core import numbers as _numbers
from runcomfy_core.unset import UNSET

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable

    from runcomfy_core.problem import Problem

    #: A check of a value at a place, which adds what it finds to a list.
    Check = Callable[[object, str, list[Problem]], None]

#: Sequences that are one value each.
_ONE = (str, bytes, bytearray, memoryview)

#: Generated modules call it before they compare a number.
as_number = _numbers.as_number


def is_text(value: str) -> bool:
    """Return whether *value* can be sent: lone surrogates can't be encoded."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_integer(value: object) -> TypeGuard[int]:
    """Return whether *value* is a JSON integer; 1.0 is one, true is none."""
    if type(value) is not float:
        value = as_number(value)
    if isinstance(value, int):
        return not isinstance(value, bool)
    return isinstance(value, float) and value.is_integer()


def is_number(value: object) -> TypeGuard[float]:
    """Return whether *value* is a JSON number; NaN, the infinities and true are none."""
    if type(value) is not float:
        value = as_number(value)
    if isinstance(value, float):
        return value - value == 0
    return isinstance(value, int) and not isinstance(value, bool)


def is_boolean(value: object) -> TypeGuard[bool]:
    """Return whether *value* is true or false; 1 is neither."""
    return isinstance(as_number(value), bool)


def is_array(value: object) -> TypeGuard[Sequence[object]]:
    """Return whether *value* is a list, a tuple or another sequence, and neither text nor bytes."""
    if isinstance(value, (list, tuple)):  # nearly every one is
        return True
    return isinstance(value, Sequence) and not isinstance(value, _ONE)


def is_member(value: object, members: Iterable[object]) -> bool:
    """Return whether *value* is one of *members*, as JSON compares: true is not 1, 1.0 is."""
    key = _key(value)
    return any(key == _key(member) for member in members)


def is_unique(values: Sequence[object]) -> bool:
    """Return whether no two *values* are equal, as JSON compares."""
    return len({_key(value) for value in values}) == len(values)


def _key(value: object) -> Hashable:
    """Return what is equal for two values exactly where JSON calls them equal."""
    if isinstance(value, str):
        return str, value
    value = as_number(value)
    if isinstance(value, bool) or value is None:
        return bool, value
    if isinstance(value, (int, float)):
        return value
    if is_array(value):
        return list, tuple(_key(item) for item in value)
    if isinstance(value, Mapping):
        pairs = cast("Mapping[object, object]", value)
        return dict, frozenset((_key(name), _key(one)) for name, one in pairs.items())
    return type(value), id(value)


def is_object(value: object) -> TypeGuard[Mapping[str, object]]:
    """Return whether *value* is a JSON object."""
    return isinstance(value, (dict, Mapping))


def is_multiple(value: float, divisor: float) -> bool:
    """Return whether *value* is a whole number times *divisor*, as their decimals say it.

    0.3 is a multiple of 0.1, though the floats that stand for them are not.
    """
    from fractions import Fraction  # noqa: PLC0415 - few schemas ask for it

    return (Fraction(repr(value)) / Fraction(repr(divisor))).denominator == 1


def matches(pattern: str, text: str) -> bool:
    """Return whether the regular expression *pattern* matches anywhere in *text*."""
    return compiled(pattern).search(text) is not None


def fits(check: Check, value: object) -> bool:
    """Return whether *check* finds nothing wrong with *value*."""
    problems: list[Problem] = []
    check(value, "", problems)
    return not problems


def given(fields: Mapping[str, object], nullable: Collection[str] = ()) -> dict[str, object]:
    """Return the *fields* that are not left out; None is a value for the *nullable* ones."""
    return {
        name: value
        for name, value in fields.items()
        if value is not UNSET and (value is not None or name in nullable)
    }


def plain(value: object) -> object:
    """Return *value* in wire form: instances of a model's classes become objects."""
    if attrs.has(type(value)):
        from .convert import to_wire  # noqa: PLC0415 - cattrs, only where there are instances

        return to_wire(cast("attrs.AttrsInstance", value))
    if is_array(value):
        return [plain(item) for item in value]
    return value


@functools.cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Return *pattern* compiled, once: when it is first needed, for most never are."""
    return re.compile(pattern)
