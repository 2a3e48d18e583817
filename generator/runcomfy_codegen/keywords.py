"""Every schema keyword that the generator accepts, and what its value must be.

Rules:

- A keyword that is not in the table is an error at its place. datamodel-code-generator obeys some
  private keywords (``customTypePath``, ``x-python-import``) that would let a schema choose an
  import in the output, so it must never see an unknown keyword.
- A keyword may be used only with a ``type`` for which it has a meaning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable

#: JSON type names that a schema may use, and the standard one that each stands for.
TYPES = {
    "string": "string",
    "integer": "integer",
    "number": "number",
    "float": "number",  # RunComfy's own name for it
    "boolean": "boolean",
    "array": "array",
    "object": "object",
    "null": "null",
}

#: Formats of strings that name media, and the kind of media.
MEDIA_FORMATS = {"image_uri": "image", "video_uri": "video", "audio_uri": "audio"}

#: The other formats of strings. Each of them is checked.
FORMATS = ("uri", "date-time", "date", "uuid", "email", "ipv4", "ipv6")

#: Formats that an array may have, and the format that each of its items then has.
ARRAY_FORMATS = {"image_uris": "image_uri", "video_uris": "video_uri", "audio_uris": "audio_uri"}


def is_number(value: object) -> bool:
    """Tell whether *value* is a JSON number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: object) -> bool:
    # 2.0 is a whole number in JSON; the dialect pass turns it into 2.
    return is_number(value) and cast("float", value) >= 0 and cast("float", value) % 1 == 0


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_anything(_: object) -> bool:
    return True


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _is_choice(value: object) -> bool:
    return isinstance(value, list) and bool(value)


def _is_local(value: object) -> bool:
    return isinstance(value, str) and (value == "#" or value.startswith("#/"))


def _is_type(value: object) -> bool:
    names = cast("list[object]", value) if isinstance(value, list) else [value]
    return bool(names) and all(isinstance(name, str) and name in TYPES for name in names)


def _are_names(value: object) -> bool:
    if not isinstance(value, list):
        return False
    names = cast("list[object]", value)
    return all(isinstance(name, str) for name in names) and len(set(names)) == len(names)


def _is_schema(value: object) -> bool:
    return isinstance(value, bool | dict)


def _are_schemas(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(_is_schema(one) for one in value)


def _are_named_schemas(value: object) -> bool:
    return isinstance(value, dict) and all(_is_schema(one) for one in value.values())


def _is_divisor(value: object) -> bool:
    return is_number(value) and cast("float", value) > 0


def _are_named_names(value: object) -> bool:
    return isinstance(value, dict) and all(_are_names(one) for one in value.values())


_NUMBERS = ("integer", "number")
_ANY = ()

#: For each keyword: a description of its value, the test for that, and the types it constrains.
KEYWORDS: dict[str, tuple[str, Callable[[object], bool], tuple[str, ...]]] = {
    "type": (f"one of {', '.join(TYPES)}, or a list of them", _is_type, _ANY),
    "enum": ("a list of at least one value", _is_choice, _ANY),
    "const": ("a value", _is_anything, _ANY),
    "minimum": ("a number", is_number, _NUMBERS),
    "maximum": ("a number", is_number, _NUMBERS),
    "exclusiveMinimum": ("a number", is_number, _NUMBERS),
    "exclusiveMaximum": ("a number", is_number, _NUMBERS),
    "multipleOf": ("a number over 0", _is_divisor, _NUMBERS),
    "minLength": ("a whole number from 0", _is_count, ("string",)),
    "maxLength": ("a whole number from 0", _is_count, ("string",)),
    "pattern": ("a string", _is_text, ("string",)),
    "format": ("a string", _is_text, ("string", "array")),
    "items": ("a schema", _is_schema, ("array",)),
    "prefixItems": ("a list of schemas", _are_schemas, ("array",)),
    "contains": ("a schema", _is_schema, ("array",)),
    "minContains": ("a whole number from 0", _is_count, ("array",)),
    "maxContains": ("a whole number from 0", _is_count, ("array",)),
    "minItems": ("a whole number from 0", _is_count, ("array",)),
    "maxItems": ("a whole number from 0", _is_count, ("array",)),
    "uniqueItems": ("true or false", _is_flag, ("array",)),
    "properties": ("an object of schemas", _are_named_schemas, ("object",)),
    "patternProperties": ("an object of schemas", _are_named_schemas, ("object",)),
    "additionalProperties": ("a schema", _is_schema, ("object",)),
    "propertyNames": ("a schema", _is_schema, ("object",)),
    "required": ("a list of different names", _are_names, ("object",)),
    "minProperties": ("a whole number from 0", _is_count, ("object",)),
    "maxProperties": ("a whole number from 0", _is_count, ("object",)),
    "dependentRequired": ("an object of lists of names", _are_named_names, ("object",)),
    "dependentSchemas": ("an object of schemas", _are_named_schemas, ("object",)),
    "allOf": ("a list of schemas", _are_schemas, _ANY),
    "anyOf": ("a list of schemas", _are_schemas, _ANY),
    "oneOf": ("a list of schemas", _are_schemas, _ANY),
    "not": ("a schema", _is_schema, _ANY),
    "if": ("a schema", _is_schema, _ANY),
    "then": ("a schema", _is_schema, _ANY),
    "else": ("a schema", _is_schema, _ANY),
    "$ref": (
        "a pointer into this schema, such as #/$defs/name (nothing remote is fetched)",
        _is_local,
        _ANY,
    ),
    "$defs": ("an object of schemas", _are_named_schemas, _ANY),
    "validations": ("a list of media rules", _is_list, ("string", "array")),
    # The keywords from here on inform the reader and never refuse a value.
    "title": ("a string", _is_text, _ANY),
    "description": ("a string", _is_text, _ANY),
    "$comment": ("a string", _is_text, _ANY),
    "default": ("a value", _is_anything, _ANY),
    "examples": ("a list", _is_list, _ANY),
    "deprecated": ("true or false", _is_flag, _ANY),
    "readOnly": ("true or false", _is_flag, _ANY),
    "writeOnly": ("true or false", _is_flag, _ANY),
}

#: Keywords that inform the reader or serve other schemas, and never refuse a value themselves.
SAYS_NOTHING = frozenset(
    [
        *("title", "description", "$comment", "default", "examples"),
        *("deprecated", "readOnly", "writeOnly", "$defs"),
    ]
)

#: Keywords whose value is a whole number.
COUNTS = tuple(key for key, (_, fits, _types) in KEYWORDS.items() if fits is _is_count)

#: Keywords whose value is one schema, a list of schemas, or an object of named schemas.
ONE_SCHEMA = (
    "items",
    "contains",
    "additionalProperties",
    "propertyNames",
    "not",
    "if",
    "then",
    "else",
)
MANY_SCHEMAS = ("prefixItems", "allOf", "anyOf", "oneOf")
NAMED_SCHEMAS = ("properties", "patternProperties", "dependentSchemas", "$defs")

#: Keywords of JSON Schema that are not supported, and the message for each.
REFUSED = {
    "$dynamicRef": "dynamic references are not supported; use $ref",
    "$dynamicAnchor": "dynamic references are not supported; use $ref",
    "$anchor": "anchors are not supported; point with $ref: #/$defs/name",
    "$id": "a schema inside a model document has no id of its own",
    "$schema": "the dialect is always JSON Schema 2020-12; leave it out",
    "$vocabulary": "vocabularies are not supported",
    "unevaluatedItems": "is not supported; use items after prefixItems",
    "unevaluatedProperties": "is not supported; use additionalProperties",
    "contentEncoding": "encoded content is not checked",
    "contentMediaType": "encoded content is not checked",
    "contentSchema": "encoded content is not checked",
}
