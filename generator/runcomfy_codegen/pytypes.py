"""Python types of a record's fields, as datamodel-code-generator reads them from its schema.

Only the structure is handed over (``type``, ``enum``, ``items``, ``anyOf``): words, defaults and
private keywords never reach it.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, cast

import attrs
from datamodel_code_generator import LiteralType
from datamodel_code_generator.enums import DataModelType
from datamodel_code_generator.format import PythonVersion
from datamodel_code_generator.model import get_data_model_types
from datamodel_code_generator.parser.jsonschema import JsonSchemaParser

from . import names
from .ir import Choice, Dictionary, ListOf, MediaFile, Nested, Scalar, Union

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
#: The name that the parser knows a whole record by.
_RECORD = "Record"
_MODEL_TYPES = get_data_model_types(
    DataModelType.DataclassesDataclass, target_python_version=PythonVersion.PY_311
)


@attrs.frozen
class Types:
    """The Python types of a record and of the objects inside it.

    Attributes:
        fields: The type of each field, by its wire name.
        nested: The schema and the fields' types of each class, by its name, inner ones first.
    """

    fields: Mapping[str, Type]
    nested: Mapping[str, tuple[JsonObject, Mapping[str, Type]]]


def record_types(schema: JsonObject) -> Types:
    """Return the Python types of the object *schema*."""
    nested: dict[str, JsonObject] = {}
    properties = {
        wire: _structure(one, wire, nested)
        for wire, one in cast("dict[str, JsonValue]", schema["properties"]).items()
    }
    title = _RECORD
    while title in nested:  # a class of that name would be given a number
        title += "X"
    record = {"title": title, "type": "object", "properties": properties}
    classes = dict(_parse(json.dumps(record)))
    fields = dict(classes.pop(title))
    found = {name: (one, dict(classes[name])) for name, one in nested.items() if name in classes}
    return Types(fields, found)


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
    """Return *type_* with the types of its choices' members in place of the choices."""
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


@cache
def _parse(structure: str) -> tuple[tuple[str, tuple[tuple[str, Type], ...]], ...]:
    """Parse the JSON text *structure* into (class, (wire name, type)…)….

    Cached, since most models share one output.
    """
    parser = JsonSchemaParser(
        structure,
        data_model_type=_MODEL_TYPES.data_model,
        data_model_root_type=_MODEL_TYPES.root_model,
        data_model_field_type=_MODEL_TYPES.field_model,
        data_type_manager_type=_MODEL_TYPES.data_type_manager,
        enum_field_as_literal=LiteralType.All,
        strict_nullable=True,
        use_title_as_name=True,
        allow_remote_refs=False,
    )
    parser.parse_raw()
    return tuple(
        (
            record.class_name,
            tuple(
                (wire, _type(field.data_type, _choice_name(record, wire)))
                for field in record.fields
                if (wire := field.original_name) is not None
            ),
        )
        for record in parser.results
    )


def _choice_name(record: DataModel, wire: str) -> str:
    """Return what a choice is named after: its field, and the class that holds it."""
    return wire if record.path == "#" else f"{record.class_name}_{wire}"


def _structure(schema: JsonValue, name: str, nested: dict[str, JsonObject]) -> JsonObject:
    """Return what *schema* says of its type, as far as Python's typing can follow.

    Objects with fields become classes named after *name*, and are added to *nested*.
    """
    if not isinstance(schema, dict):
        return {}
    if "enum" in schema or "const" in schema:
        members = schema.get("enum", [schema.get("const")])
        plain = all(member is None or isinstance(member, str | int | float) for member in members)
        return {"enum": members} if plain else {}
    if schema.get("type") == "object" and schema.get("properties"):
        return _object(schema, name, nested)
    if "type" in schema:
        structure: JsonObject = {"type": schema["type"]}
        if "array" in schema["type"] and "prefixItems" not in schema and "items" in schema:
            structure["items"] = _structure(schema["items"], f"{name}_item", nested)
        return structure
    for key in ("anyOf", "oneOf"):
        if key in schema:
            members = enumerate(cast("list[JsonValue]", schema[key]), 1)
            return {"anyOf": [_structure(one, f"{name}_{i}", nested) for i, one in members]}
    return {}


def _object(schema: JsonObject, name: str, nested: dict[str, JsonObject]) -> JsonObject:
    properties = {
        wire: _structure(one, f"{name}_{wire}", nested)
        for wire, one in cast("dict[str, JsonValue]", schema["properties"]).items()
    }
    title = names.class_name(name)
    nested[title] = schema
    return {"title": title, "type": "object", "properties": properties}


def _type(data: DataType, wire: str) -> Type:
    """Turn datamodel-code-generator's *data* into ours; a choice is named after its field."""
    if data.reference is not None:
        return Nested(data.reference.short_name)
    if data.is_dict:
        return Dictionary()
    if data.is_list:
        return ListOf(_union(data.data_types, f"{wire}_item"))
    if data.literals:
        return Choice(names.class_name(wire), tuple(data.literals))
    inner = _union(data.data_types, wire) if data.data_types else _scalar(data)
    return _join([inner, Scalar("None")]) if data.is_optional else inner


def _union(members: list[DataType], wire: str) -> Type:
    return _join([_type(member, wire) for member in members])


def _join(types: list[Type]) -> Type:
    """Make one type of several: flat, without repetition, None last."""
    flat: dict[Type, None] = {}
    for one in types:
        flat.update(dict.fromkeys(one.members if isinstance(one, Union) else (one,)))
    # Alternatives that list values each have the field's name: one list of all.
    choices = [one for one in flat if isinstance(one, Choice)]
    if len(choices) > 1:
        listed = {repr(member): member for choice in choices for member in choice.members}
        joined = Choice(choices[0].name, tuple(listed.values()))
        flat = {joined: None} | {one: None for one in flat if one not in choices}
    members = tuple(sorted(flat, key=lambda one: one == Scalar("None")))
    return members[0] if len(members) == 1 else Union(members) if members else Scalar("object")


def _scalar(data: DataType) -> Type:
    return Scalar(_SCALARS[data.type or "Any"])
