"""What a schema says about the values that fit it, combined from all of its parts.

The parts of a schema are the schema itself, the target of its ``$ref``, and the members of its
``allOf``: each value that fits the schema fits all of them. Keywords of one part act together
(``items`` with ``prefixItems``), so the parts are kept separate, and each question is put to all.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, cast

import attrs

from ..defaults import is_type
from ..keywords import is_number
from ..patterns import to_python
from ..shapes import at_pointer
from .canonical import data_text, schema_text
from .limits import Rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..jsontext import JsonObject, JsonValue

#: Every kind of value. JSON Schema's type number is split into integers and fractions.
KINDS = frozenset({"null", "boolean", "string", "array", "object", "integer", "fraction"})


@attrs.frozen
class Part:
    """A schema, and the root schema that its references point into."""

    schema: JsonValue
    root: JsonObject


@attrs.frozen
class Facts:
    """What is true of every value that fits a schema.

    Attributes:
        schemas: The parts of the schema.
        kinds: The kinds of value that can fit, a subset of :data:`KINDS`.
        values: The values that can fit, if the schema lists them.
    """

    schemas: tuple[JsonObject, ...]
    kinds: frozenset[str]
    values: tuple[JsonValue, ...] | None

    @property
    def nothing(self) -> bool:
        """Whether no value fits."""
        return not self.kinds or self.values == ()

    @property
    def rules(self) -> Rules:
        """The rules that have a limit."""
        return Rules(self.schemas, "fraction" not in self.kinds, self.values)

    @property
    def required(self) -> set[str]:
        """The fields that an object must have."""
        return {name for one in self.schemas for name in one.get("required", ())}

    @property
    def names(self) -> set[str]:
        """The fields that the schema describes by name."""
        return {name for one in self.schemas for name in one.get("properties", {})}

    def stated(self, keyword: str) -> Iterator[JsonValue]:
        """Yield the value of *keyword* in each part that has it."""
        return (one[keyword] for one in self.schemas if keyword in one)

    def item(self, position: int) -> JsonValue:
        """Return the schema of an array's item at *position*."""
        return joined(_item(one, position) for one in self.schemas)

    def field(self, name: str) -> JsonValue:
        """Return the schema of an object's field *name*."""
        return joined(part for one in self.schemas for part in _field(one, name))

    def other_field(self, patterns: Iterable[str], *, matching: str | None = None) -> JsonValue:
        """Return what is known about a field that no part describes by name.

        Args:
            patterns: Patterns that the field's name does not match.
            matching: A pattern that the field's name matches.
        """
        found: list[JsonValue] = []
        for one in self.schemas:
            own = one.get("patternProperties", {})
            if matching in own:
                found.append(own[matching])
            elif own.keys() <= set(patterns):
                found.append(one.get("additionalProperties", True))
        return joined(found)


def facts_of(part: Part) -> Facts:
    """Collect the facts that *part* states."""
    schemas: dict[str, JsonObject] = {}
    pending = [part.schema]
    while pending:
        one = pending.pop()
        if one is False:
            return Facts((), frozenset(), ())
        if isinstance(one, dict) and (text := schema_text(one)) not in schemas:
            schemas[text] = one
            pending += one.get("allOf", ())
            if "$ref" in one:
                pending.append(at_pointer(part.root, one["$ref"]))
    parts = tuple(schemas.values())
    kinds = functools.reduce(frozenset.intersection, map(_kinds, parts), KINDS)
    values = _values(parts, kinds)
    if values is not None:
        kinds = frozenset(_kind(value) for value in values)
    return Facts(parts, kinds, values)


def joined(schemas: Iterable[JsonValue]) -> JsonValue:
    """Return one schema for the values that fit all of *schemas*."""
    listed = [one for one in schemas if one is not True]
    if not listed:
        return True
    return listed[0] if len(listed) == 1 else {"allOf": listed}


def name_matches(pattern: str, name: str) -> bool:
    """Tell whether *pattern*, which is in ECMAScript's dialect, matches *name*."""
    return re.search(to_python(pattern), name) is not None


def _kinds(schema: JsonObject) -> frozenset[str]:
    stated = schema.get("type", ["number", *KINDS])
    names: set[str] = {stated} if isinstance(stated, str) else set(stated)
    if "number" in names:
        names |= {"integer", "fraction"}
    return KINDS & names


def _kind(value: JsonValue) -> str:
    if is_number(value):
        return "integer" if is_type(value, "integer") else "fraction"
    return next(name for name in KINDS - {"integer", "fraction"} if is_type(value, name))


def _values(schemas: Iterable[JsonObject], kinds: frozenset[str]) -> tuple[JsonValue, ...] | None:
    lists: list[list[JsonValue]] = []
    for one in schemas:
        if "enum" in one:
            lists.append(one["enum"])
        if "const" in one:
            lists.append([one["const"]])
    if kinds <= {"null", "boolean"}:
        lists.append([None, True, False])
    if not lists:
        return None
    common = set.intersection(*({data_text(value) for value in one} for one in lists))
    return tuple(
        value for value in lists[0] if data_text(value) in common and _kind(value) in kinds
    )


def _item(schema: JsonObject, position: int) -> JsonValue:
    prefix = cast("list[JsonValue]", schema.get("prefixItems", []))
    return prefix[position] if position < len(prefix) else schema.get("items", True)


def _field(schema: JsonObject, name: str) -> list[JsonValue]:
    found: list[JsonValue] = [
        one
        for pattern, one in schema.get("patternProperties", {}).items()
        if name_matches(pattern, name)
    ]
    if name in schema.get("properties", {}):
        found.append(schema["properties"][name])
    return found or [schema.get("additionalProperties", True)]
