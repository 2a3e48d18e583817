"""Turn standard JSON Schema into IR, with datamodel-code-generator for the types.

datamodel-code-generator is used as a library. Its parser reads the structure (types, items, enums)
and returns typed fields, which :mod:`runcomfy_codegen.pytypes` converts to our types. Constraints,
text and defaults are read here from the schema itself, because that parser drops some (rules on
array items) and gives others the wrong type. Importing it takes half a second, so this module is
imported only when there is work to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import attrs

from . import names
from .ir import Endpoint, Field, Model, Record, Text
from .jsontext import pointer
from .media_fields import MediaPlacesError, media_fields, with_files
from .pytypes import choices_in, record_types, widened
from .references import resolve
from .shapes import at_pointer, references_in, shape_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .dialect import Standard
    from .errors import Diagnostics
    from .ir import Choice, MediaKind, MediaRule, Shape, Type
    from .jsontext import JsonObject, JsonValue


def parse(standard: Standard, diagnostics: Diagnostics) -> Model:
    """Return the IR of one model; name collisions are reported to *diagnostics*."""
    document = standard.document
    types = record_types(standard.input)
    record = _as_given(_record(standard.input, types.fields, standard.media_rules))
    classes = {
        name: _as_given(_record(schema, fields, {}))
        for name, (schema, fields) in types.nested.items()
    }
    shape = shape_of(standard.input, "Input")
    references = _references(standard.input, shape)
    records = [record, *classes.values()]
    fields = [field for one in records for field in one.fields]
    choices = tuple(choice for field in fields for choice in choices_in(field.type))
    for name in types.clashes:
        words = f"two objects inside the input would both be classes named {name}"
        diagnostics.error(document.file, "/input_schema/properties", words)
    for place, message in (*_collisions(record, classes), *_long_names(choices, classes)):
        diagnostics.error(document.file_of(place), place, message)
    try:
        media = media_fields(shape, standard.media_rules, dict(references))
    except MediaPlacesError as error:
        place = resolve(error.reference, "/input_schema")
        diagnostics.error(document.file_of(place), place, error.reason)
        media = ()
    return Model(
        source=Text(f"{document.model_id}.json"),
        module=names.module_path(document.model_id),
        endpoint=Endpoint(document.model_id, _output_kind(document.categories)),
        display_name=Text(document.display_name),
        categories=tuple(Text(category) for category in document.categories),
        choices=choices,
        classes=tuple(classes.items()),
        input=record,
        # Each field has its own shape, so only the rules for all of them together remain.
        together=attrs.evolve(shape, types=(), properties=(), required=(), additional=None),
        references=references,
        media=media,
        output=_widened(_record(standard.output, record_types(standard.output).fields, {})),
        shared_output=not document.output_schema,
        schema=standard.input,
    )


def _references(schema: JsonObject, shape: Shape) -> tuple[tuple[str, Shape], ...]:
    """Return the shape of each schema to which *shape* refers, directly or through others."""
    found: dict[str, Shape] = {}
    pending = list(references_in(shape))
    while pending:
        reference = pending.pop()
        if reference not in found:
            found[reference] = shape_of(at_pointer(schema, reference), reference)
            pending += references_in(found[reference])
    return tuple(sorted(found.items()))


def _collisions(record: Record, classes: Mapping[str, Record]) -> Iterator[tuple[str, str]]:
    """Yield (pointer, message) for each name that two things in the module would share."""
    root = "/input_schema/properties"
    taken: dict[str, str] = {}
    for field in record.fields:
        for name in (field.name, *(choice.name for choice in choices_in(field.type))):
            other = taken.setdefault(name, field.wire)
            if other != field.wire:
                words = f"{field.wire!r} and {other!r} would both be named {name} in Python"
                yield root + pointer(field.wire), words
    for name, one in classes.items():
        inner = [choice.name for field in one.fields for choice in choices_in(field.type)]
        for other in (name, *inner):
            if other in taken:
                words = f"a type inside the input would be named {other}, as {taken[other]!r} is"
                yield root, words
            taken[other] = name
        own: dict[str, str] = {}
        for field in one.fields:
            if (twin := own.setdefault(field.name, field.wire)) != field.wire:
                words = f"{field.wire!r} and {twin!r} would both be named {field.name} in {name}"
                yield root, words


def _long_names(choices: Iterable[Choice], classes: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield (pointer, message) for each type whose name, built from its place, is too long."""
    for name in (*classes, *(choice.name for choice in choices)):
        if len(name) > names.LONGEST:
            words = f"a type inside the input would be named {name[:60]}…, which is too long"
            yield "/input_schema/properties", words


def _record(
    schema: JsonObject,
    types: Mapping[str, Type],
    media_rules: Mapping[str, tuple[MediaRule, ...]],
) -> Record:
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


def _as_given(record: Record) -> Record:
    """Return *record* as a caller passes it: files for media, and required fields first."""
    fields = [
        attrs.evolve(field, type=with_files(field.type, field.shape)) for field in record.fields
    ]
    fields.sort(key=lambda field: not field.required)
    return attrs.evolve(record, fields=tuple(fields))


def _widened(record: Record) -> Record:
    """Return *record* with wider types, since an answer may have values its schema doesn't list."""
    fields = (attrs.evolve(field, type=widened(field.type)) for field in record.fields)
    return attrs.evolve(record, fields=tuple(fields))


def _allows_null(schema: JsonValue) -> bool:
    """Tell whether type, enum and const allow null."""
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
    """Return the kind of a bare URL in the output, judged by categories like ``text-to-video``."""
    for category in categories:
        for kind in ("video", "audio"):
            if category.endswith(kind):
                return kind
    return "image"
