"""A canonical text for JSON values and schemas: two texts are equal if both mean the same.

Numbers are equal as in JSON (1.0 is 1, true is not), and the order of keys doesn't matter. In a
schema, titles and descriptions are ignored, and lists whose order doesn't matter (``enum``,
``required``, alternatives) are sorted.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..keywords import MANY_SCHEMAS, NAMED_SCHEMAS, ONE_SCHEMA

if TYPE_CHECKING:
    from ..jsontext import JsonValue

#: Keywords that only describe, and never refuse a value.
WORDS = (
    "title",
    "description",
    "$comment",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
)
_SAYS_NOTHING = frozenset({*WORDS, "default"})
_UNORDERED = frozenset({"type", "required", "enum", "allOf", "anyOf", "oneOf"})


#: A cache of schema texts by the schema's id. A comparison needs most of them many times and
#: changes no schema.
_texts: dict[int, tuple[str, JsonValue]] = {}

#: How many texts the cache holds.
_KEPT = 50_000


def data_text(value: JsonValue) -> str:
    """Return the same text for all values that are equal to *value* in JSON."""
    return json.dumps(_number_free(value), sort_keys=True)


def schema_text(schema: JsonValue) -> str:
    """Return the same text for all schemas that state the rules of *schema*, in any order."""
    known = _texts.get(id(schema))
    if known is None:
        if len(_texts) >= _KEPT:
            forget()
        # The schema is kept too, so that Python can't reuse its id.
        _texts[id(schema)] = known = json.dumps(_rules(schema), sort_keys=True), schema
    return known[0]


def forget() -> None:
    """Empty the cache, so that schemas may be changed again."""
    _texts.clear()


def _number_free(value: Any) -> Any:
    """Copy *value* and turn floats that are whole numbers into integers."""
    if isinstance(value, dict):
        return {key: _number_free(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_number_free(one) for one in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _rules(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return {} if schema is True else schema
    made: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _SAYS_NOTHING:
            continue
        if key in ONE_SCHEMA:
            made[key] = _rules(value)
        elif key in MANY_SCHEMAS:
            made[key] = [_rules(one) for one in value]
        elif key in NAMED_SCHEMAS:
            made[key] = {name: _rules(one) for name, one in value.items()}
        else:
            made[key] = _number_free(value)
        if key in _UNORDERED:
            listed = made[key] if isinstance(made[key], list) else [made[key]]
            made[key] = sorted(listed, key=lambda one: json.dumps(one, sort_keys=True))
    return made
