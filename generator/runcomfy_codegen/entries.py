"""Turn an entry of the API's catalog into a model document: what is kept, and in which order.

Rules:

- A document states facts. The keyword ``description`` is dropped at every depth, unless the user
  asks for descriptions or the document on disk already has some. A property that is *named*
  description stays, and data (defaults, enums, examples) is copied unchanged.
- The catalog has no output schemas, so the document on disk keeps its own.
- Keys keep the order of the document on disk, followed by new keys. Values that are equal as JSON
  don't count as a change.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .jsontext import same

if TYPE_CHECKING:
    from .jsontext import JsonObject, JsonValue

#: The keys that a document takes from an entry, in the order that a new document has.
_KEYS = ("model_id", "display_name", "categories", "input_schema")

# The keywords that contain schemas. The value of any other keyword is data and stays unchanged.
_SCHEMAS = frozenset(
    {
        "additionalItems",
        "additionalProperties",
        "contains",
        "contentSchema",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
_LISTS = frozenset({"allOf", "anyOf", "items", "oneOf", "prefixItems"})
_MAPS = frozenset(
    {
        "$defs",
        "definitions",
        "dependencies",
        "dependentSchemas",
        "patternProperties",
        "properties",
    }
)


def document_of(
    entry: JsonObject, old: JsonObject | None = None, *, with_descriptions: bool = False
) -> JsonObject:
    """Return the model document for the catalog's *entry*.

    Args:
        entry: The entry.
        old: The document that the new one replaces, if there is one.
        with_descriptions: Keep descriptions even if *old* has none.
    """
    old = old or {}
    made: JsonObject = {key: entry[key] for key in _KEYS if key in entry}
    before: JsonValue = old.get("input_schema")
    if "input_schema" in made and not with_descriptions and same(before, facts(before)):
        made["input_schema"] = facts(made["input_schema"])
    if "output_schema" in old:
        made["output_schema"] = old["output_schema"]
    ordered: JsonObject = _ordered(made, old)
    return ordered


def text_of(document: JsonObject) -> bytes:
    """Return the content of the file for *document*.

    Raises:
        UnicodeEncodeError: A string contains half a surrogate pair.
    """
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def nests_within(levels: int, value: JsonValue) -> bool:
    """Tell whether *value* is nested at most *levels* deep."""
    children: list[Any] = []
    if isinstance(value, dict | list):
        children = list(value.values()) if isinstance(value, dict) else value
        levels -= 1
    return levels >= 0 and all(nests_within(levels, child) for child in children)


def facts(schema: JsonValue) -> JsonValue:
    """Copy *schema* without its descriptions; everything else keeps its order."""
    if not isinstance(schema, dict):
        return schema
    return {key: _facts_under(key, value) for key, value in schema.items() if key != "description"}


def _facts_under(key: str, value: Any) -> JsonValue:
    if isinstance(value, list):
        return [facts(one) for one in value] if key in _LISTS else value
    if key in _MAPS and isinstance(value, dict):
        return {name: facts(one) for name, one in value.items()}
    kept: JsonValue = facts(value) if key in _SCHEMAS else value
    return kept


def _ordered(new: Any, old: Any) -> Any:
    """Copy *new* with its keys in the order of *old*, followed by its other keys."""
    if isinstance(new, dict) and isinstance(old, dict):
        keys = [key for key in old if key in new] + [key for key in new if key not in old]
        return {key: _ordered(new[key], old.get(key)) for key in keys}
    if isinstance(new, list) and isinstance(old, list):
        return [_ordered(one, old[i] if i < len(old) else None) for i, one in enumerate(new)]
    return new
