"""Standard JSON Schema becomes IR; datamodel-code-generator says what the types are.

It is used as a library: its parser reads the structure (types, items, enums) and leaves typed
fields, of which :mod:`runcomfy_codegen.pytypes` makes ours. Constraints, words and defaults are
read here from the schema itself, since it drops some (rules on array items) and mistypes others.
Importing it costs half a second, so this module is imported only when there is work to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import attrs

from . import names
from .ir import (
    Choice,
    Constraint,
    Endpoint,
    Field,
    Model,
    Record,
    Shape,
    Text,
)
from .jsontext import pointer
from .keywords import STRING_FORMATS
from .pytypes import choices_in, record_types, widened

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .dialect import Standard
    from .errors import Diagnostics
    from .ir import (
        MediaKind,
        MediaRule,
    )
    from .jsontext import JsonObject

#: Constraints in the order in which a validator checks them.
_CONSTRAINTS = (
    "minLength",
    "maxLength",
    "minimum",
    "exclusiveMinimum",
    "maximum",
    "exclusiveMaximum",
    "minItems",
    "maxItems",
    "uniqueItems",
)


def parse(standard: Standard, diagnostics: Diagnostics) -> Model:
    """Make the IR of one model; names that collide are reported to *diagnostics*."""
    document = standard.document
    record = _record(standard.input, standard.media_rules)
    choices = tuple(choice for field in record.fields for choice in choices_in(field.type))
    taken: dict[str, str] = {}
    for field in record.fields:
        for name in (field.name, *(choice.name for choice in choices_in(field.type))):
            if (other := taken.setdefault(name, field.wire)) != field.wire:
                place = f"/input_schema/properties{pointer(field.wire)}"
                diagnostics.error(
                    document.file_of(place),
                    place,
                    f"{field.wire!r} and {other!r} would both be named {name} in Python",
                )
    return Model(
        source=f"{document.model_id}.json",
        module=names.module_path(document.model_id),
        endpoint=Endpoint(document.model_id, _output_kind(document.categories)),
        display_name=Text(document.display_name),
        categories=tuple(Text(category) for category in document.categories),
        choices=choices,
        input=record,
        output=_widened(_record(standard.output, {})),
    )


def _record(schema: JsonObject, media_rules: Mapping[str, tuple[MediaRule, ...]]) -> Record:
    types = record_types(schema)
    required = set(schema.get("required", ()))
    fields: list[Field] = []
    for wire, one in cast("dict[str, JsonObject]", schema["properties"]).items():
        shape = _shape(one, media_rules.get(wire, ()), wire)
        fields.append(
            Field(
                name=names.field_name(wire),
                wire=wire,
                type=types[wire],
                shape=shape,
                required=wire in required,
                nullable=_allows_null(one),
                title=Text(one.get("title", "")),
                description=Text(one.get("description", "")),
                default=one.get("default"),
            )
        )
    return Record(Text(schema.get("title", "")), Text(schema.get("description", "")), tuple(fields))


def _widened(record: Record) -> Record:
    """Return *record* with wide types: an answer may hold a value that its schema doesn't list."""
    fields = (attrs.evolve(field, type=widened(field.type)) for field in record.fields)
    return attrs.evolve(record, fields=tuple(fields))


def _shape(schema: JsonObject, media_rules: tuple[MediaRule, ...], wire: str) -> Shape:
    stated = schema.get("type", ())
    types = (stated,) if isinstance(stated, str) else tuple(stated)
    constraints = [Constraint(rule, schema[rule]) for rule in _CONSTRAINTS if rule in schema]
    choice = None
    if "enum" in schema:
        choice = Choice(names.class_name(wire), tuple(schema["enum"]))
    elif "const" in schema:
        choice = Choice(names.class_name(wire), (schema["const"],))
    return Shape(
        types=types,
        constraints=tuple(constraints),
        items=_shape(schema["items"], (), f"{wire}_item") if "items" in schema else None,
        choice=choice,
        media=cast("MediaKind | None", STRING_FORMATS.get(schema.get("format", ""))),
        media_rules=media_rules,
    )


def _allows_null(schema: JsonObject) -> bool:
    if "enum" in schema:
        return None in schema["enum"]
    if "const" in schema:
        return schema["const"] is None
    return "type" not in schema or "null" in schema["type"]


def _output_kind(categories: tuple[str, ...]) -> MediaKind:
    """Say what a bare URL in the output is, going by names such as ``text-to-video``."""
    for category in categories:
        for kind in ("video", "audio"):
            if category.endswith(kind):
                return kind
    return "image"
