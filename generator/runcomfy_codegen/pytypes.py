"""The Python types of a record's fields, as datamodel-code-generator derives them from the schema.

Only the structure (``type``, ``enum``, ``items``, ``anyOf``) is passed to it. Text, defaults and
private keywords never reach it.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, cast

import attrs
from datamodel_code_generator import LiteralType
from datamodel_code_generator.model.dataclass import DataClass, DataModelField, DataTypeManager
from datamodel_code_generator.model.type_alias import TypeAlias
from datamodel_code_generator.parser.jsonschema import JsonSchemaParser

from . import names
from .ir import Choice, Dictionary, ListOf, MediaFile, Nested, Scalar, Union

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datamodel_code_generator.config import JSONSchemaParserConfig
    from datamodel_code_generator.model.base import DataModel
    from datamodel_code_generator.types import DataType

    from .ir import ScalarName, Type
    from .jsontext import JsonObject, JsonValue

_SCALARS: dict[str, ScalarName] = {
    "str": "str",
    "int": "int",
    "float": "float",
    "bool": "bool",
    "None": "None",
    "Any": "object",
}
#: The deepest level of a type. Deeper values have the type ``object`` and are checked all the same.
_DEEPEST = 12
#: The name of the whole record for the parser. Classes inside it have this name and a number.
_RECORD = "Record"
_CLASS = "Class"
#: How many types the cache holds.
_MOST_KNOWN = 10_000
#: The parser's configuration. Creating it here also imports everything that the parser needs.
_CONFIG: JSONSchemaParserConfig = JsonSchemaParser(
    "",
    data_model_type=DataClass,
    data_model_root_type=TypeAlias,
    data_model_field_type=DataModelField,
    data_type_manager_type=DataTypeManager,
    enum_field_as_literal=LiteralType.All,
    strict_nullable=True,
    use_title_as_name=True,
    allow_remote_refs=False,
).config


@attrs.frozen
class Types:
    """The Python types of a record and of the objects inside it.

    Attributes:
        fields: The type of each field, by its wire name.
        nested: The schema and the fields' types of each class, by its name; inner classes first.
        clashes: Names that two classes would share.
    """

    fields: Mapping[str, Type]
    nested: Mapping[str, tuple[JsonObject, Mapping[str, Type]]]
    clashes: tuple[str, ...]


def record_types(schema: JsonObject) -> Types:
    """Return the Python types of the object *schema*."""
    nested: list[tuple[str, JsonObject]] = []
    properties = {
        wire: _structure(one, wire, nested)
        for wire, one in cast("dict[str, JsonValue]", schema["properties"]).items()
    }
    if not nested:
        alone = {wire: _type(_parse(json.dumps(one)), wire, ()) for wire, one in properties.items()}
        return Types(alone, {}, ())
    record = {"title": _RECORD, "type": "object", "properties": properties}
    class_names = tuple(name for name, _ in nested)
    classes = {
        _named(one.class_name, class_names): {
            wire: _type(field.data_type, _choice_name(one, wire, class_names), class_names)
            for field in one.fields
            if (wire := field.original_name) is not None
        }
        for one in _parse_record(json.dumps(record))
    }
    fields = classes.pop(_RECORD)
    found = {name: (one, classes[name]) for name, one in nested if name in classes}
    clashes = dict.fromkeys(name for name in class_names if class_names.count(name) > 1)
    return Types(fields, found, tuple(clashes))


def choices_in(type_: Type) -> Iterator[Choice]:
    """Yield every :class:`Choice` of *type_*."""
    match type_:
        case Choice():
            yield type_
        case ListOf(item):
            yield from choices_in(item)
        case Union(members):
            for member in members:
                yield from choices_in(member)
        case Dictionary() | MediaFile() | Nested() | Scalar():
            pass


def widened(type_: Type) -> Type:
    """Return *type_* with each choice replaced by the types of its members."""
    match type_:
        case Choice(_, members):
            names = dict.fromkeys(type(member).__name__ for member in members)
            return _join([Scalar(_SCALARS[name]) for name in names])
        case ListOf(item):
            return ListOf(widened(item))
        case Union(members):
            return _join([widened(member) for member in members])
        case Nested():
            return Dictionary()
        case Dictionary() | MediaFile() | Scalar():
            return type_


@lru_cache(_MOST_KNOWN)
def _parse(structure: str) -> DataType:
    """Parse the JSON text *structure* of a field in which no object has fields.

    The result is cached, since nine out of ten fields share their structure with another one.
    """
    properties = f'{{"field": {structure}}}'
    record = f'{{"title": "{_RECORD}", "type": "object", "properties": {properties}}}'
    return _parse_record(record)[0].fields[0].data_type


def _parse_record(structure: str) -> list[DataModel]:
    parser = JsonSchemaParser(structure, config=_CONFIG)
    parser.parse_raw()
    return list(parser.results)


def _named(title: str, class_names: tuple[str, ...]) -> str:
    """Return our name of the class that the parser calls *title*."""
    return title if title == _RECORD else class_names[int(title.removeprefix(_CLASS)) - 1]


def _choice_name(record: DataModel, wire: str, class_names: tuple[str, ...]) -> str:
    """Return the name of a choice, which is made from its field and the class that holds it."""
    return wire if record.path == "#" else f"{_named(record.class_name, class_names)}_{wire}"


def _structure(
    schema: JsonValue, name: str, nested: list[tuple[str, JsonObject]], depth: int = 0
) -> JsonObject:
    """Return the part of *schema* that Python's types can express.

    Objects with fields become classes named after *name*, and are added to *nested*.
    """
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return {}
    if "enum" in schema or "const" in schema:
        members = schema.get("enum", [schema.get("const")])
        plain = all(member is None or isinstance(member, str | int | float) for member in members)
        return {"enum": members} if plain else {}
    if schema.get("type") == "object" and schema.get("properties"):
        return _object(schema, name, nested, depth)
    if "type" in schema:
        structure: JsonObject = {"type": schema["type"]}
        if "array" in schema["type"] and "prefixItems" not in schema and "items" in schema:
            structure["items"] = _structure(schema["items"], f"{name}_item", nested, depth + 1)
        return structure
    for key in ("anyOf", "oneOf"):
        if key in schema:
            members = enumerate(cast("list[JsonValue]", schema[key]), 1)
            return {
                "anyOf": [_structure(one, f"{name}_{i}", nested, depth + 1) for i, one in members]
            }
    return {}


def _object(
    schema: JsonObject, name: str, nested: list[tuple[str, JsonObject]], depth: int
) -> JsonObject:
    properties = {
        wire: _structure(one, f"{name}_{wire}", nested, depth + 1)
        for wire, one in cast("dict[str, JsonValue]", schema["properties"]).items()
    }
    # The parser would rewrite some names, so it gets a number instead.
    nested.append((names.class_name(name), schema))
    return {"title": f"{_CLASS}{len(nested)}", "type": "object", "properties": properties}


def _type(data: DataType, wire: str, class_names: tuple[str, ...]) -> Type:
    """Convert datamodel-code-generator's *data* to our type; a choice is named after its field."""
    if data.reference is not None:
        return Nested(_named(data.reference.short_name, class_names))
    if data.is_dict:
        return Dictionary()
    if data.is_list:
        return ListOf(_union(data.data_types, f"{wire}_item", class_names))
    if data.literals:
        return Choice(names.class_name(wire), tuple(data.literals))
    inner = _union(data.data_types, wire, class_names) if data.data_types else _scalar(data)
    return _join([inner, Scalar("None")]) if data.is_optional else inner


def _union(members: list[DataType], wire: str, class_names: tuple[str, ...]) -> Type:
    return _join([_type(member, wire, class_names) for member in members])


def _join(types: list[Type]) -> Type:
    """Join several types into one: flat, without duplicates, None last."""
    flat: dict[Type, None] = {}
    for one in types:
        flat.update(dict.fromkeys(one.members if isinstance(one, Union) else (one,)))
    # Several alternatives that list values all have the field's name, so they become one choice.
    choices = [one for one in flat if isinstance(one, Choice)]
    if len(choices) > 1:
        listed = {repr(member): member for choice in choices for member in choice.members}
        joined = Choice(choices[0].name, tuple(listed.values()))
        flat = {joined: None} | {one: None for one in flat if one not in choices}
    members = tuple(sorted(flat, key=lambda one: one == Scalar("None")))
    return members[0] if len(members) == 1 else Union(members) if members else Scalar("object")


def _scalar(data: DataType) -> Type:
    return Scalar(_SCALARS[data.type or "Any"])
