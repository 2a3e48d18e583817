"""An entry of the API's catalog becomes a model document: what of it is kept, and in which order.

Rules:

- A document says facts: the keyword ``description`` is left out, at every depth, unless it is
  asked for or the document on disk already holds descriptions. A property that is *named*
  description stays, and data (defaults, enums, examples) is never looked into.
- The catalog knows no output schemas, so the document's own stays.
- Keys keep the order of the document on disk, new ones follow, and what is equal as JSON is not
  a change.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .jsontext import same

if TYPE_CHECKING:
    from .jsontext import JsonObject, JsonValue

#: What a document takes from an entry, in the order of a new one.
_KEYS = ("model_id", "display_name", "categories", "input_schema")

# Where schemas stand in a schema. Whatever else a keyword holds is data, and stays as it is.
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
    """Make the document of the catalog's *entry*.

    Args:
        entry: The entry.
        old: The document that it replaces, if there is one.
        with_descriptions: Keep descriptions even where *old* has none.
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
    """Write *document* as its file holds it.

    Raises:
        UnicodeEncodeError: It holds half a surrogate pair.
    """
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def nests_within(levels: int, value: JsonValue) -> bool:
    """Tell whether *value* nests at most *levels* deep."""
    children: list[Any] = []
    if isinstance(value, dict | list):
        children = list(value.values()) if isinstance(value, dict) else value
        levels -= 1
    return levels >= 0 and all(nests_within(levels, child) for child in children)


def facts(schema: JsonValue) -> JsonValue:
    """Copy *schema* without its descriptions; all else keeps its order."""
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
    """Copy *new* with its keys in the order of *old*, and those that are new after them."""
    if isinstance(new, dict) and isinstance(old, dict):
        keys = [key for key in old if key in new] + [key for key in new if key not in old]
        return {key: _ordered(new[key], old.get(key)) for key in keys}
    if isinstance(new, list) and isinstance(old, list):
        return [_ordered(one, old[i] if i < len(old) else None) for i, one in enumerate(new)]
    return new
