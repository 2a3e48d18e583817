"""RunComfy's customs become standard JSON Schema, and whatever isn't understood is refused.

The customs (docs/contract.md, "Input schemas"): ``type: "float"``, ``default: null``, plural media
formats on arrays that often have no ``items``, ``validations`` lists of media rules, and an output
schema wrapped in an object with the one key ``output``.

Rules:

- Nothing is dropped in silence: an unknown keyword, rule or format is an error at its place.
- The input is not changed; the result is a new tree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import attrs

from .defaults import is_member, is_type, misfit
from .jsontext import pointer
from .keywords import ARRAY_FORMATS, KEYWORDS, STRING_FORMATS, TYPES
from .media_rules import parse_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .errors import Diagnostics
    from .ir import MediaRule
    from .jsontext import JsonObject, JsonValue
    from .load import Document

# A value in a message is shortened to this many characters.
_SHOWN = 60

#: What a finished job's output holds where a model says nothing of its own: the schema that the
#: pages share, and the two audio fields that the API's answers also have (docs/contract.md,
#: "Outputs").
SHARED_OUTPUT: JsonObject = {
    "type": "object",
    "properties": {
        "image": {"type": "string", "format": "uri", "description": "URL of the one image."},
        "video": {"type": "string", "format": "uri", "description": "URL of the one video."},
        "audio": {"type": "string", "format": "uri", "description": "URL of the one audio file."},
        "images": {
            "type": "array",
            "items": {"type": "string", "format": "uri"},
            "description": "URLs of several images.",
        },
        "videos": {
            "type": "array",
            "items": {"type": "string", "format": "uri"},
            "description": "URLs of several videos.",
        },
        "audios": {
            "type": "array",
            "items": {"type": "string", "format": "uri"},
            "description": "URLs of several audio files.",
        },
    },
}


@attrs.frozen
class Standard:
    """A document in standard JSON Schema.

    Attributes:
        document: Where it comes from.
        input: The input's schema, an object with properties.
        output: The output's, likewise.
        media_rules: The input's media rules, by the name of the property.
    """

    document: Document
    input: JsonObject
    output: JsonObject
    media_rules: Mapping[str, tuple[MediaRule, ...]]


def standardise(document: Document, diagnostics: Diagnostics) -> Standard | None:
    """Turn *document* into standard JSON Schema; report what is wrong and return None then."""
    before = len(diagnostics.errors)
    walk = _Walk(document, diagnostics)
    input_schema = walk.record(document.input_schema, "/input_schema")
    if document.output_schema is None:
        output_schema = walk.record(SHARED_OUTPUT, "/output_schema")
    elif document.output_schema.keys() == {"output"}:
        output_schema = walk.record(document.output_schema["output"], "/output_schema/output")
    else:
        output_schema = walk.record(document.output_schema, "/output_schema")
    if len(diagnostics.errors) > before:
        return None
    return Standard(document, input_schema, output_schema, walk.media_rules)


class _Walk:
    """One pass over a document's schemas; each method takes a schema and its pointer."""

    def __init__(self, document: Document, diagnostics: Diagnostics) -> None:
        self._document = document
        self._diagnostics = diagnostics
        self.media_rules: dict[str, tuple[MediaRule, ...]] = {}

    def error(self, place: str, message: str) -> None:
        self._diagnostics.error(self._document.file_of(place), place, message)

    def warn(self, place: str, message: str) -> None:
        self._diagnostics.warn(self._document.file_of(place), place, message)

    def record(self, schema: JsonValue, place: str) -> JsonObject:
        """Standardise the schema of a whole input or output."""
        if not isinstance(schema, dict) or schema.get("type", "object") != "object":
            self.error(place, "is not the schema of an object")
            return {}
        self._check_keywords(schema, place, "object")
        properties = schema.get("properties", {})
        required = schema.get("required", [])
        if not isinstance(properties, dict) or not isinstance(required, list):
            return {}  # reported already
        for i, name in enumerate(required):
            if name not in properties:
                self.error(f"{place}/required/{i}", f"requires {name!r}, which is no property")
        fields: JsonObject = {}
        for name, one in cast("JsonObject", properties).items():
            fields[name] = self._field(name, one, f"{place}/properties{pointer(name)}")
        return {**schema, "type": "object", "properties": fields}

    def _field(self, name: str, schema: JsonValue, place: str) -> JsonObject:
        standard = self._value(schema, place)
        if "validations" in standard:
            rules = parse_rules(standard.pop("validations"), f"{place}/validations", self.error)
            holder = standard.get("items", standard)
            if STRING_FORMATS.get(holder.get("format")) is None:
                self.error(f"{place}/validations", "stands on a field that is no media")
            self.media_rules[name] = rules
        if (default := standard.get("default")) is not None:
            for inner, message in misfit(standard, default):
                self.warn(f"{place}/default{inner}", message)
        return standard

    def _value(self, schema: JsonValue, place: str) -> JsonObject:
        """Standardise the schema of one value below the top."""
        if not isinstance(schema, dict):
            self.error(place, "is not a schema (an object)")
            return {}
        standard: JsonObject = dict(schema)
        names = self._types(schema, place)
        self._check_keywords(schema, place, *names)
        if names:
            standard["type"] = names[0] if len(names) == 1 else names
        if "object" in names:
            self.error(f"{place}/type", "objects inside an input or output are not supported")
        if standard.get("default", ...) is None:
            del standard["default"]  # the house's way to say that there is none
        self._format(standard, names, place)
        self._enum(standard, names, place)
        if "items" in schema:
            standard["items"] = self._value(standard["items"], f"{place}/items")
        return standard

    def _enum(self, standard: JsonObject, types: list[str], place: str) -> None:
        """Keep the members that the type allows, each once, so that the type is narrow."""
        members = standard.get("enum")
        if not isinstance(members, list):
            return
        kept: list[Any] = []
        for i, member in enumerate(members):
            if not isinstance(member, str | int | float | None):
                self.error(f"{place}/enum/{i}", f"{_short(member)} can't be a choice")
            elif types and not any(is_type(member, name) for name in types):
                self.warn(f"{place}/enum/{i}", f"{member!r} is not of type {' or '.join(types)}")
            elif is_member(member, kept):
                self.warn(f"{place}/enum/{i}", f"{member!r} stands twice")
            else:
                kept.append(member)
        if not kept:
            self.error(f"{place}/enum", "allows nothing")
        standard["enum"] = kept

    def _types(self, schema: JsonObject, place: str) -> list[str]:
        """Name the standard types that *schema* allows; none when it doesn't say."""
        stated = schema.get("type", [])
        stated = stated if isinstance(stated, list) else [stated]
        names = [TYPES[name] for name in stated if name in TYPES]
        bound = sorted(key for key in schema if key in KEYWORDS and KEYWORDS[key][2])
        if "type" not in schema and bound:
            self.error(place, f"has {', '.join(bound)} but no type; say which it is for")
        return list(dict.fromkeys(names))

    def _check_keywords(self, schema: JsonObject, place: str, *types: str) -> None:
        for key, value in schema.items():
            if key not in KEYWORDS:
                self.error(place + pointer(key), f"unknown keyword {key!r}")
                continue
            expected, fits, holders = KEYWORDS[key]
            if not fits(value):
                self.error(place + pointer(key), f"is {_short(value)}, not {expected}")
            elif holders and types and not set(holders) & set(types):
                self.warn(place + pointer(key), f"says nothing of type {' or '.join(types)}")

    def _format(self, standard: JsonObject, types: list[str], place: str) -> None:
        """Bring a plural media format down to the items; refuse formats that nobody checks."""
        name = standard.get("format")
        if not isinstance(name, str):
            return
        if "array" in types and name in ARRAY_FORMATS:
            items = standard.get("items", {})
            if isinstance(items, dict):
                singular = {"type": "string", "format": ARRAY_FORMATS[name]}
                standard["items"] = {**singular, **items}
            del standard["format"]
        elif not ("string" in types and name in STRING_FORMATS):
            known = ", ".join([*STRING_FORMATS, *(f"{plural} (array)" for plural in ARRAY_FORMATS)])
            self.error(f"{place}/format", f"unknown format {name!r}; known are {known}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
