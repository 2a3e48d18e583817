"""Python types of a record's fields, as datamodel-code-generator reads them from its schema.

Only the structure is handed over (``type``, ``enum``, ``items``, ``anyOf``): words, defaults and
private keywords never reach it.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, cast

from datamodel_code_generator import LiteralType
from datamodel_code_generator.enums import DataModelType
from datamodel_code_generator.format import PythonVersion
from datamodel_code_generator.model import get_data_model_types
from datamodel_code_generator.parser.jsonschema import JsonSchemaParser

from . import names
from .ir import Choice, Dictionary, ListOf, Scalar, Union

if TYPE_CHECKING:
    from collections.abc import Iterator

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
_MODEL_TYPES = get_data_model_types(
    DataModelType.DataclassesDataclass, target_python_version=PythonVersion.PY_311
)


def record_types(schema: JsonObject) -> dict[str, Type]:
    """Map the wire name of each property of the object *schema* to its Python type."""
    properties = cast("dict[str, JsonValue]", schema["properties"])
    structure = {
        "title": "Record",
        "type": "object",
        "properties": {wire: _structure(one) for wire, one in properties.items()},
    }
    return dict(_parse(json.dumps(structure)))


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
        case Dictionary() | Scalar():
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
        case Dictionary() | Scalar():
            return type_


@cache
def _parse(structure: str) -> tuple[tuple[str, Type], ...]:
    """Parse the JSON text *structure*; cached, since most models share one output."""
    parser = JsonSchemaParser(
        structure,
        data_model_type=_MODEL_TYPES.data_model,
        data_model_root_type=_MODEL_TYPES.root_model,
        data_model_field_type=_MODEL_TYPES.field_model,
        data_type_manager_type=_MODEL_TYPES.data_type_manager,
        enum_field_as_literal=LiteralType.All,
        strict_nullable=True,
        allow_remote_refs=False,
    )
    parser.parse_raw()
    (record,) = parser.results
    return tuple(
        (wire, _type(field.data_type, wire))
        for field in record.fields
        if (wire := field.original_name) is not None
    )


def _structure(schema: JsonValue) -> JsonObject:
    """Return what *schema* says of its type, as far as Python's typing can follow."""
    if not isinstance(schema, dict):
        return {}
    if "enum" in schema or "const" in schema:
        members = schema.get("enum", [schema.get("const")])
        plain = all(member is None or isinstance(member, str | int | float) for member in members)
        return {"enum": members} if plain else {}
    if "type" in schema:
        structure: JsonObject = {"type": schema["type"]}
        if "array" in schema["type"] and "prefixItems" not in schema and "items" in schema:
            structure["items"] = _structure(schema["items"])
        return structure
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return {"anyOf": [_structure(one) for one in schema[key]]}
    return {}


def _type(data: DataType, wire: str) -> Type:
    """Turn datamodel-code-generator's *data* into ours; a choice is named after its field."""
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
