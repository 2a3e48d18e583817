"""JSON as values: their type, pointers into them, and a parser that hides nothing."""

from __future__ import annotations

import json
from typing import Any, TypeAlias, cast

import attrs

# JSON nests without end, which a precise alias can say but checkers can't narrow well: inner
# values are Any, and each pass tests what it reads.
JsonObject: TypeAlias = dict[str, Any]
JsonValue: TypeAlias = bool | int | float | str | list[Any] | JsonObject | None


@attrs.frozen
class JsonTextError(Exception):
    """A text that is not sound JSON: a place in it, and what is wrong there."""

    pointer: str
    message: str


class _Repeating(dict[str, Any]):
    """An object in which a key stands twice; found again by a walk, which knows the place."""

    repeated: str


def pointer(*parts: str | int) -> str:
    """Join *parts* to a JSON pointer (RFC 6901), escaping ``~`` and ``/``."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)


def unescaped(part: str) -> str:
    """Return the key that *part* of a JSON pointer stands for."""
    return part.replace("~1", "/").replace("~0", "~")


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
        JsonTextError: It is not UTF-8 or not JSON, an object repeats a key, a number is NaN,
            infinite or of more digits than Python converts, or it nests too deep.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise JsonTextError("", f"is not UTF-8: bad byte at offset {error.start}") from None
    try:
        value = cast(
            "JsonValue", json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise JsonTextError("", f"is not JSON: {error.msg} at {place}") from None
    except RecursionError:
        raise JsonTextError("", "nests too deep") from None
    except ValueError as error:
        raise JsonTextError("", f"is not JSON: {error}") from None
    try:
        repetitions = _repetitions(value, "")
    except RecursionError:
        raise JsonTextError("", "nests too deep") from None
    for place, repeated in repetitions:
        raise JsonTextError(place, f"the key {repeated!r} stands twice; keep one")
    return value


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


def _repetitions(value: JsonValue, place: str) -> list[tuple[str, str]]:
    found = [(place, value.repeated)] if isinstance(value, _Repeating) else []
    children: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        children = list(value.items())
    elif isinstance(value, list):
        children = list(enumerate(value))
    for key, child in children:
        found += _repetitions(child, place + pointer(key))
    return found
