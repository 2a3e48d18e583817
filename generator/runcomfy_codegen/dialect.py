"""Translate RunComfy's schema conventions into standard JSON Schema, and refuse the rest.

The conventions (docs/contract.md, "Input schemas") are ``type: "float"``, ``default: null``, plural
media formats on arrays that often have no ``items``, ``validations`` lists of media rules, and an
output schema wrapped in an object whose only key is ``output``.

Rules:

- Nothing is dropped silently: an unknown keyword, rule or format is an error at its place.
- The input is not changed; the result is a new tree.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, cast

import attrs

from . import closed
from .contradictions import contradictions
from .costs import check_costs
from .defaults import is_type, misfit
from .errors import Finding
from .jsontext import identity, pointer, short
from .keywords import (
    ARRAY_FORMATS,
    COUNTS,
    FORMATS,
    KEYWORDS,
    MANY_SCHEMAS,
    MEDIA_FORMATS,
    NAMED_SCHEMAS,
    ONE_SCHEMA,
    REFUSED,
    TYPES,
    is_number,
)
from .media_rules import parse_rules
from .names import LONGEST
from .patterns import PatternError, to_python
from .references import MOST_SCHEMAS, check_references
from .strays import strays

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from .errors import Diagnostics
    from .glossary import Glossary
    from .ir import MediaRule
    from .jsontext import JsonObject, JsonValue
    from .load import Document

#: Keywords that would let an input have fields of any name. The values true and false are harmless.
_NOT_AT_ROOT = frozenset({"additionalProperties", "patternProperties", "propertyNames", "$ref"})

#: How many values an enum may have, and how many fields an object.
_MOST_MEMBERS = 10_000
_MOST_NAMES = 2_000

#: How many characters all patterns of an input, or all of an output, may have together.
_MOST_OF_PATTERNS = 100_000

#: The output schema of every model that has none of its own: the schema that the model pages share,
#: and the two audio fields that the API's answers also have (docs/contract.md, "Outputs").
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
    """A model document whose schemas are standard JSON Schema.

    Attributes:
        document: The document as it was loaded.
        input: The input's schema, an object with properties.
        output: The output's schema, an object with properties.
        media_rules: The input's media rules, by the name of the property.
    """

    document: Document
    input: JsonObject
    output: JsonObject
    media_rules: Mapping[str, tuple[MediaRule, ...]]

    def with_words(self, glossary: Glossary) -> Standard:
        """Return it with the glossary's words where the input's fields lack their own."""
        worded = glossary.worded(self.input, self.document.categories)
        return attrs.evolve(self, input=worded)


def standardise(document: Document, diagnostics: Diagnostics) -> Standard | None:
    """Turn *document* into standard JSON Schema; report errors and return None if there are any."""
    before = len(diagnostics.errors)
    for place, message in strays(document.own, document.overlay):
        diagnostics.error(document.overlay_file, place, message)
    walk = _Walk(document, "/input_schema", diagnostics)
    input_schema = walk.record(document.input_schema)
    output: JsonValue = document.output_schema or SHARED_OUTPUT
    place = "/output_schema"
    if isinstance(output, dict) and output.keys() == {"output"}:
        output, place = output["output"], "/output_schema/output"
    output_schema = _Walk(document, place, diagnostics).record(output)
    if len(diagnostics.errors) > before:
        return None
    return Standard(document, input_schema, output_schema, walk.media_rules)


class _Walk:
    """One pass over one schema of a document; each method takes a schema and its pointer."""

    def __init__(self, document: Document, root: str, diagnostics: Diagnostics) -> None:
        self._document = document
        self._root = root
        self._diagnostics = diagnostics
        self._schemas: dict[str, JsonValue] = {}
        self._pattern_characters = 0
        self.media_rules: dict[str, tuple[MediaRule, ...]] = {}

    def error(self, place: str, message: str) -> None:
        self._diagnostics.error(self._document.file_of(place), place, message)

    def warn(self, place: str, message: str) -> None:
        self._diagnostics.warn(self._document.file_of(place), place, message)

    def record(self, schema: JsonValue) -> JsonObject:
        """Standardise the schema of a whole input or output."""
        place = self._root
        if not isinstance(schema, dict) or schema.get("type", "object") != "object":
            self.error(place, "is not the schema of an object")
            return {}
        properties = schema.get("properties", {})
        required = schema.get("required", [])
        for key in _NOT_AT_ROOT.intersection(schema):
            if not isinstance(schema[key], bool):
                self.error(place + pointer(key), "an input has exactly its properties")
        if isinstance(properties, dict) and isinstance(required, list):
            for i, name in enumerate(required):
                if isinstance(name, str) and name not in properties:
                    self.error(
                        f"{place}/required/{i}", f"requires {short(name)}, which is no property"
                    )
        standard = self._value({**schema, "type": "object", "properties": properties}, place)
        self._whole(place)
        fields = standard.get("properties")
        if isinstance(fields, dict):
            for name, one in fields.items():
                if isinstance(one, dict):
                    self._field(name, one, f"{place}/properties{pointer(name)}")
        return standard

    def _whole(self, place: str) -> None:
        """Check the rules that concern all schemas together."""
        if len(self._schemas) > MOST_SCHEMAS:
            self.error(place, f"holds {len(self._schemas)} schemas; {MOST_SCHEMAS} are the most")
        elif (
            check_references(self._schemas, self.error, place)
            and self._pattern_characters <= _MOST_OF_PATTERNS
            and check_costs(self._schemas, self.error, place)
        ):
            self._check_names(place)

    def _check_names(self, place: str) -> None:
        """Report fields that are required where an object can't have them."""
        said = set(self._diagnostics.errors)
        for fault in closed.faults(self._schemas, place):
            if not fault.is_error:
                self.warn(fault.place, fault.message)
            # The root's own required list was compared with its properties already.
            elif (
                Finding(self._document.file_of(fault.place), fault.place, fault.message) not in said
            ):
                self.error(fault.place, fault.message)

    def _field(self, name: str, standard: JsonObject, place: str) -> None:
        """Collect the media rules of a field, and check that its default fits."""
        if "validations" in standard:
            self.media_rules[name] = self._rules(standard, place)
        default = standard.get("default")
        # The catalog blanks the samples of some required fields, so a blank is not checked.
        if default is not None and default != "":
            for inner, message in misfit(standard, default):
                self.warn(f"{place}/default{inner}", message)

    def _rules(self, standard: JsonObject, place: str) -> tuple[MediaRule, ...]:
        items = standard.get("items")
        holder = items if isinstance(items, dict) else standard
        if holder.get("format") not in tuple(MEDIA_FORMATS):  # it may be anything
            self.error(f"{place}/validations", "stands on a field that is no media")
        return parse_rules(standard.pop("validations"), f"{place}/validations", self.error)

    def _schema(self, schema: JsonValue, place: str) -> JsonValue:
        """Standardise a schema, which may be true or false."""
        if isinstance(schema, bool):
            self._schemas[place] = schema
            return schema
        if isinstance(schema, dict):
            return self._value(schema, place)
        self.error(place, "is not a schema (an object, true or false)")
        return True

    def _value(self, schema: JsonObject, place: str) -> JsonObject:
        standard: JsonObject = dict(schema)
        self._schemas[place] = standard
        names = self._types(schema)
        self._check_keywords(schema, place, *names)
        if names:
            standard["type"] = names[0] if len(names) == 1 else names
        for key in COUNTS:
            if is_number(standard.get(key)):
                standard[key] = int(standard[key])
        if standard.get("default", ...) is None:
            del standard["default"]  # RunComfy writes null where there is no default
        if "validations" in schema and place.rpartition("/")[0] != f"{self._root}/properties":
            self.error(f"{place}/validations", "stands below a field; put it on the field itself")
        self._format(standard, names, place)
        self._enum(standard, names, place)
        for message in contradictions(standard, names):
            self.warn(place, message)
        self._names(standard, place)
        self._below(standard, place)
        return standard

    def _below(self, standard: JsonObject, place: str) -> None:
        """Standardise the schemas inside *standard*."""
        for key in ONE_SCHEMA:
            if key in standard:
                standard[key] = self._schema(standard[key], place + pointer(key))
        for key in MANY_SCHEMAS:
            if isinstance(listed := standard.get(key), list):
                inner = [self._schema(one, f"{place}/{key}/{i}") for i, one in enumerate(listed)]
                standard[key] = inner
        for key in NAMED_SCHEMAS:
            if isinstance(named := standard.get(key), dict):
                if len(named) > _MOST_NAMES:
                    words = f"has {len(named)} names; {_MOST_NAMES} are the most"
                    self.error(place + pointer(key), words)
                standard[key] = {
                    name: self._schema(one, place + pointer(key, name))
                    for name, one in cast("JsonObject", named).items()
                }

    def _names(self, standard: JsonObject, place: str) -> None:
        """Refuse names that are too long, and patterns that can't be translated to Python."""
        if isinstance(properties := standard.get("properties"), dict):
            for name in properties:
                if len(name) > LONGEST:
                    words = f"the name {short(name)} has more than {LONGEST} characters"
                    self.error(f"{place}/properties", words)
        if isinstance(pattern := standard.get("pattern"), str):
            self._translate(pattern, f"{place}/pattern")
        if isinstance(named := standard.get("patternProperties"), dict):
            for pattern in named:
                self._translate(pattern, place + pointer("patternProperties", pattern))

    def _translate(self, pattern: str, place: str) -> None:
        self._pattern_characters += len(pattern)
        left = _MOST_OF_PATTERNS - self._pattern_characters
        if left < 0:
            if left >= -len(pattern):  # reported once, at the first pattern over the limit
                words = f"the patterns up to here have more than {_MOST_OF_PATTERNS} characters"
                self.error(place, words)
            return
        try:
            to_python(pattern)
        except PatternError as error:
            self.error(place, f"the pattern {short(pattern)} {error}")

    def _enum(self, standard: JsonObject, types: list[str], place: str) -> None:
        """Keep each member that the type allows once, so that the Python type is narrow."""
        if types and "const" in standard:
            const = standard["const"]
            if not any(is_type(const, name) for name in types):
                self.error(f"{place}/const", f"{short(const)} is not of type {' or '.join(types)}")
        members = standard.get("enum")
        if not isinstance(members, list):
            return
        if len(members) > _MOST_MEMBERS:
            self.error(
                f"{place}/enum", f"lists {len(members)} values; {_MOST_MEMBERS} are the most"
            )
            return
        kept: list[Any] = []
        seen: set[Hashable] = set()
        for i, member in enumerate(members):
            if types and not any(is_type(member, name) for name in types):
                words = f"{short(member)} is not of type {' or '.join(types)}"
                self.warn(f"{place}/enum/{i}", words)
            elif (key := identity(member)) in seen:
                self.warn(f"{place}/enum/{i}", f"{short(member)} stands twice")
            else:
                seen.add(key)
                kept.append(member)
        if not kept:
            self.error(f"{place}/enum", "allows nothing")
        standard["enum"] = kept

    def _types(self, schema: JsonObject) -> list[str]:
        """Return the standard types that *schema* allows; empty if it states none."""
        stated = schema.get("type", [])
        stated = stated if isinstance(stated, list) else [stated]
        known = (TYPES[name] for name in stated if isinstance(name, str) and name in TYPES)
        return list(dict.fromkeys(known))

    def _check_keywords(self, schema: JsonObject, place: str, *types: str) -> None:
        for key, value in schema.items():
            if key not in KEYWORDS:
                self.error(place + pointer(key), REFUSED.get(key) or _unknown(key))
                continue
            expected, fits, holders = KEYWORDS[key]
            if not fits(value):
                self.error(place + pointer(key), f"is {short(value)}, not {expected}")
            elif holders and types and not set(holders) & set(types):
                self.warn(place + pointer(key), f"says nothing of type {' or '.join(types)}")

    def _format(self, standard: JsonObject, types: list[str], place: str) -> None:
        """Move a plural media format down to the items; refuse formats that are never checked."""
        name = standard.get("format")
        if not isinstance(name, str):
            return
        if name in ARRAY_FORMATS and "array" in types:
            items = standard.get("items", {})
            if isinstance(items, dict):
                singular = {"type": "string", "format": ARRAY_FORMATS[name]}
                standard["items"] = {**singular, **items}
            del standard["format"]
        elif name not in (*FORMATS, *MEDIA_FORMATS) or (types and "string" not in types):
            plural = (f"{one} (array)" for one in ARRAY_FORMATS)
            known = ", ".join([*FORMATS, *MEDIA_FORMATS, *plural])
            self.error(f"{place}/format", f"unknown format {short(name)}; known are {known}")


def _unknown(key: str) -> str:
    near = get_close_matches(key.lower(), {one.lower(): one for one in KEYWORDS}, n=1)
    meant = [one for one in KEYWORDS if one.lower() in near]
    return f"unknown keyword {short(key)}" + (f"; did you mean {meant[0]!r}?" if meant else "")
