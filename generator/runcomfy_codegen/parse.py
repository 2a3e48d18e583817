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
from .ir import Endpoint, Field, Model, Record, Text
from .jsontext import pointer
from .pytypes import choices_in, record_types, widened
from .shapes import at_pointer, references_in, shape_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .dialect import Standard
    from .errors import Diagnostics
    from .ir import MediaKind, MediaRule, Shape
    from .jsontext import JsonObject, JsonValue


def parse(standard: Standard, diagnostics: Diagnostics) -> Model:
    """Make the IR of one model; names that collide are reported to *diagnostics*."""
    document = standard.document
    record = _record(standard.input, standard.media_rules)
    shape = shape_of(standard.input, "Input")
    references = _references(standard.input, shape)
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
        # The fields have shapes of their own; this is what holds for all of them together.
        together=attrs.evolve(shape, types=(), properties=(), required=(), additional=None),
        references=references,
        output=_widened(_record(standard.output, {})),
    )


def _references(schema: JsonObject, shape: Shape) -> tuple[tuple[str, Shape], ...]:
    """Return the shape of each schema that a ``$ref`` in *shape*, or in one of them, leads to."""
    found: dict[str, Shape] = {}
    pending = list(references_in(shape))
    while pending:
        reference = pending.pop(0)
        if reference not in found:
            found[reference] = shape_of(at_pointer(schema, reference), reference)
            pending += references_in(found[reference])
    return tuple(sorted(found.items()))


def _record(schema: JsonObject, media_rules: Mapping[str, tuple[MediaRule, ...]]) -> Record:
    types = record_types(schema)
    required = set(schema.get("required", ()))
    fields: list[Field] = []
    for wire, stated in cast("dict[str, JsonValue]", schema["properties"]).items():
        one = stated if isinstance(stated, dict) else {}
        shape = attrs.evolve(shape_of(stated, wire), media_rules=media_rules.get(wire, ()))
        fields.append(
            Field(
                name=names.field_name(wire),
                wire=wire,
                type=types[wire],
                shape=shape,
                required=wire in required,
                nullable=_allows_null(stated),
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


def _allows_null(schema: JsonValue) -> bool:
    """Tell whether null can be a value, as far as type, enum and const say."""
    if not isinstance(schema, dict):
        return schema is True
    if "enum" in schema and None not in schema["enum"]:
        return False
    if "const" in schema and schema["const"] is not None:
        return False
    if "type" in schema and "null" not in schema["type"]:
        return False
    alternatives: list[JsonValue] = schema.get("anyOf") or schema.get("oneOf") or [True]
    return any(_allows_null(one) for one in alternatives)


def _output_kind(categories: tuple[str, ...]) -> MediaKind:
    """Say what a bare URL in the output is, going by names such as ``text-to-video``."""
    for category in categories:
        for kind in ("video", "audio"):
            if category.endswith(kind):
                return kind
    return "image"
