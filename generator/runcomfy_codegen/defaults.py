"""The check that a default fits its own schema.

Defaults are documentation and are never sent. But a wrong one misleads the reader, and a schema
that contradicts itself deserves a look.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, cast

from .jsontext import same
from .keywords import is_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .jsontext import JsonObject, JsonValue

_BOUNDS: dict[str, tuple[Callable[[Any, Any], bool], str]] = {
    "minimum": (operator.ge, "below the minimum"),
    "maximum": (operator.le, "above the maximum"),
    "exclusiveMinimum": (operator.gt, "not above the exclusive minimum"),
    "exclusiveMaximum": (operator.lt, "not below the exclusive maximum"),
}
_TYPE_TESTS: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "number": is_number,
    "integer": lambda value: is_number(value) and value % 1 == 0,
}
_SIZES: dict[str, tuple[type[str | list[Any]], Callable[[Any, Any], bool], str]] = {
    "minLength": (str, operator.ge, "is shorter than minLength"),
    "maxLength": (str, operator.le, "is longer than maxLength"),
    "minItems": (list, operator.ge, "has fewer items than minItems"),
    "maxItems": (list, operator.le, "has more items than maxItems"),
}


def misfit(schema: JsonObject, default: JsonValue) -> Iterator[tuple[str, str]]:
    """Yield (pointer into *default*, message) for each way in which it breaks the *schema*."""
    stated: object = schema.get("type", [])
    listed = cast("list[object]", stated) if isinstance(stated, list) else [stated]
    # The check of keywords reports names that aren't types.
    types = [name for name in listed if isinstance(name, str) and name in _TYPE_TESTS]
    if types and not any(is_type(default, name) for name in types):
        yield "", f"default {default!r} is not of type {' or '.join(types)}"
        return
    if isinstance(choices := schema.get("enum"), list) and not is_member(default, choices):
        yield "", f"default {default!r} is not in the enum"
    for keyword, (holds, words) in _BOUNDS.items():
        limit = schema.get(keyword)
        if is_number(limit) and is_number(default) and not holds(default, limit):
            yield "", f"default {default!r} is {words} {limit!r}"
    for keyword, (kind, holds, words) in _SIZES.items():
        limit = schema.get(keyword)
        if isinstance(limit, int) and isinstance(default, kind) and not holds(len(default), limit):
            yield "", f"default {words} {limit}"
    if isinstance(default, list) and isinstance(items := schema.get("items"), dict):
        for i, item in enumerate(default):
            for inner, message in misfit(cast("JsonObject", items), item):
                yield f"/{i}{inner}", message


def is_type(value: JsonValue, name: str) -> bool:
    """Tell whether *value* has the JSON type *name*: true is not an integer, but 1.0 is."""
    return _TYPE_TESTS[name](value)


def is_member(value: JsonValue, choices: list[Any]) -> bool:
    """Tell whether *value* is in *choices* by JSON's equality, in which true is not 1."""
    return any(same(value, choice) for choice in choices)
