"""JSON values: their type, pointers into them, and a strict parser."""

from __future__ import annotations

import itertools
import json
import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Hashable

# Any: type checkers narrow a recursive alias for JSON badly, so inner values are untyped, and each
# pass tests the values that it reads.
JsonObject: TypeAlias = dict[str, Any]
JsonValue: TypeAlias = bool | int | float | str | list[Any] | JsonObject | None

#: The largest document that is read. The largest in the catalog has a few thousandths of this.
MOST_BYTES = 4 * 1024 * 1024

#: The deepest nesting of a document. Deeper ones would overflow Python's stack in some pass.
DEEPEST = 100

#: How many characters of a value are shown in a message.
_SHOWN = 60

#: Python's own limit for converting digits to a number and back.
MOST_DIGITS = 4300

_TOO_DEEP = f"nests too deep: {DEEPEST} levels are the most"
_HALF_PAIR = re.compile("[\ud800-\udfff]")

#: An escape of half a surrogate pair. Only an escape can produce one, as UTF-8 has no such bytes.
_ESCAPED_HALF = re.compile(r"\\u[dD][89a-fA-F]")

#: The types of valid JSON values, and those of them that contain other values.
_PLAIN = frozenset([dict, list, str, int, float, bool, type(None)])
_FULL = frozenset([dict, list])


class JsonTextError(Exception):
    """A text is not valid JSON; the error says where and why."""

    def __init__(self, pointer: str, message: str) -> None:
        self.pointer = pointer
        self.message = message
        super().__init__(pointer, message)


class _Repeating(dict[str, Any]):
    """An object with a repeated key. A later walk finds it and reports its place."""

    repeated: str


class _Unfit(NamedTuple):
    """A number that can't be represented. A later walk finds it and reports its place."""

    fault: str


def pointer(*parts: str | int) -> str:
    """Join *parts* into a JSON pointer (RFC 6901), escaping ``~`` and ``/``."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)


def unescaped(part: str) -> str:
    """Return the key that *part* of a JSON pointer stands for."""
    return part.replace("~1", "/").replace("~0", "~")


def short(value: object) -> str:
    """Return *value* shortened for a message."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def same(one: JsonValue, other: JsonValue) -> bool:
    """Tell whether two values are equal as JSON: true is not 1, and keys have no order."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def parse(data: bytes) -> JsonValue:
    """Parse *data* as UTF-8 JSON.

    Raises:
        JsonTextError: *data* is larger than :data:`MOST_BYTES`, is not UTF-8 or JSON, or is nested
            deeper than :data:`DEEPEST`; an object repeats a key; a number is NaN, infinite or
            longer than :data:`MOST_DIGITS`; or a string contains half a surrogate pair.
    """
    if len(data) > MOST_BYTES:
        raise JsonTextError("", f"has more than {MOST_BYTES} bytes, the most that is read")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise JsonTextError("", f"is not UTF-8: bad byte at offset {error.start}") from None
    try:
        value = cast(
            "JsonValue",
            json.loads(
                text,
                object_pairs_hook=_object,
                parse_constant=_constant,
                parse_int=_integer,
                parse_float=_float,
            ),
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        hint = _comma_hint(text, error.pos)
        raise JsonTextError("", f"is not JSON: {error.msg} at {place}{hint}") from None
    except RecursionError:
        raise JsonTextError("", _TOO_DEEP) from None
    except ValueError as error:
        raise JsonTextError("", f"is not JSON: {error}") from None
    if not _sound(value, text):
        _refuse(value)
    return value


def _comma_hint(text: str, position: int) -> str:
    """Return a hint if a comma precedes the bracket at *position*; only new Pythons point there."""
    end = text[position : position + 1]
    if end in ("}", "]") and text[:position].rstrip().endswith(","):
        return f"; take away the comma before the {end}"
    return ""


def identity(value: JsonValue) -> Hashable:
    """Return a hashable key that is equal for two values if :func:`same` says they are equal."""
    if isinstance(value, dict):
        return dict, frozenset((key, identity(one)) for key, one in value.items())
    if isinstance(value, list):
        return list, tuple(identity(one) for one in value)
    return isinstance(value, bool), value


def _object(pairs: list[tuple[str, Any]]) -> JsonObject:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    seen: set[str] = set()
    marked = _Repeating(value)
    for key, _ in pairs:
        if key in seen:
            marked.repeated = key
            break
        seen.add(key)
    return marked


def _constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _integer(digits: str) -> int | _Unfit:
    if len(digits.removeprefix("-")) > MOST_DIGITS:
        return _Unfit(f"is a number of more than {MOST_DIGITS} digits")
    return int(digits)


def _float(digits: str) -> float | _Unfit:
    value = float(digits)
    return value if math.isfinite(value) else _Unfit("is a number beyond what a double can hold")


def _sound(value: JsonValue, text: str) -> bool:
    """Tell quickly whether nothing is wrong with *value*, which was parsed from *text*.

    False means that each place has to be examined.
    """
    if _ESCAPED_HALF.search(text):
        return False
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        if not _PLAIN.issuperset(map(type, level)):
            return False
        inner = [one.values() if type(one) is dict else one for one in level if type(one) in _FULL]
        level = list(itertools.chain.from_iterable(inner))
        if not level:
            return True
    return False


def _refuse(value: JsonValue) -> None:
    """Refuse faults that the parser doesn't detect or can't locate, without recursion."""
    pending: list[tuple[JsonValue | _Unfit, tuple[str | int, ...]]] = [(value, ())]
    while pending:
        one, place = pending.pop()
        children: list[tuple[str | int, Any]] = []
        if isinstance(one, dict):
            children = list(one.items())
        elif isinstance(one, list):
            children = list(enumerate(one))
        if fault := _fault(one, len(place)):
            raise JsonTextError(pointer(*place), fault)
        pending += ((child, (*place, key)) for key, child in reversed(children))


def _fault(value: JsonValue | _Unfit, depth: int) -> str:
    """Return what is wrong with *value* itself, which is *depth* levels down."""
    if isinstance(value, _Unfit):
        return value.fault
    if isinstance(value, _Repeating):
        return f"the key {value.repeated!r} stands twice; keep one"
    if isinstance(value, dict | list) and depth >= DEEPEST:
        return _TOO_DEEP
    texts = value if isinstance(value, dict) else [value] if isinstance(value, str) else ()
    if any(_HALF_PAIR.search(text) for text in texts):
        return "holds half a surrogate pair, which is no character and can't be sent"
    return ""
