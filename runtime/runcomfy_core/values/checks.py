"""Checks of JSON values, which the validators in generated modules call.

Rules:

- Types are JSON's: true is no integer, 1.0 is an integer, and NaN is no number.
- A number of another library counts as the same number (``numbers.py``).
- A text that UTF-8 can't encode (with a lone surrogate) is no JSON string.
- A check returns True or False for any value, and never raises.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeGuard, cast

import attrs

from runcomfy_core import numbers as _numbers
from runcomfy_core.interrupts import pass_on
from runcomfy_core.unset import UNSET

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable

    from runcomfy_core.problem import Problem

    #: A check of a value at a JSON pointer, which adds problems to a list.
    Check = Callable[[object, str, list[Problem]], None]

#: Sequences that are single values and no arrays.
_ONE = (str, bytes, bytearray, memoryview)

#: Generated modules call this before they compare a number.
as_number = _numbers.as_number


def is_text(value: str) -> bool:
    """Return whether UTF-8 can encode *value*. It can't encode lone surrogates."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        pass_on(error)
        return False
    return True


def is_integer(value: object) -> TypeGuard[int]:
    """Return whether *value* is a JSON integer. 1.0 is one, true is none."""
    if type(value) is not float:
        value = as_number(value)
    if isinstance(value, int):
        return not isinstance(value, bool)
    return isinstance(value, float) and value.is_integer()


def is_number(value: object) -> TypeGuard[float]:
    """Return whether *value* is a JSON number. NaN, the infinities and true are none."""
    if type(value) is not float:
        value = as_number(value)
    if isinstance(value, float):
        return value - value == 0
    return isinstance(value, int) and not isinstance(value, bool)


def is_boolean(value: object) -> TypeGuard[bool]:
    """Return whether *value* is true or false. 1 is neither."""
    return isinstance(value, bool) or isinstance(as_number(value), bool)


def is_array(value: object) -> TypeGuard[Sequence[object]]:
    """Return whether *value* is a list, a tuple or another sequence, and neither text nor bytes."""
    if isinstance(value, (list, tuple)):  # the common case, and the fastest check
        return True
    return isinstance(value, Sequence) and not isinstance(value, _ONE)


def is_member(value: object, members: Iterable[object]) -> bool:
    """Return whether *value* is one of *members*. As in JSON, true is not 1, and 1.0 is 1."""
    key = _key(value)
    return any(key == _key(member) for member in members)


def is_unique(values: Sequence[object]) -> bool:
    """Return whether no two *values* are equal in JSON."""
    return len({_key(value) for value in values}) == len(values)


def _key(value: object) -> Hashable:
    """Return a key that is equal for two values exactly if they are equal in JSON."""
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
    """Return whether *value* is an integer times *divisor*, both as decimal numbers.

    0.3 is a multiple of 0.1, although their floats are not.
    """
    from fractions import Fraction  # noqa: PLC0415 - few schemas need it

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
    """Return the *fields* that have a value. None is a value only for the *nullable* ones."""
    return {
        name: value
        for name, value in fields.items()
        if value is not UNSET and (value is not None or name in nullable)
    }


def plain(value: object) -> object:
    """Return *value* in wire form: instances of attrs classes become dicts."""
    if attrs.has(type(value)):
        from .convert import to_wire  # noqa: PLC0415 - it loads cattrs, which few values need

        return to_wire(cast("attrs.AttrsInstance", value))
    if is_array(value):
        return [plain(item) for item in value]
    return value


@functools.cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Return *pattern* compiled. It is compiled when first needed, because most never are."""
    return re.compile(pattern)
