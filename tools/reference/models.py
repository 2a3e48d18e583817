"""The models as the site shows them: the generator's own reading of the schemas, made plain text.

Everything on a model's page comes from the IR and from the standardised schema, so the site says
what the generated client does.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from runcomfy_codegen import docs
from runcomfy_codegen.dialect import standardise
from runcomfy_codegen.errors import Diagnostics
from runcomfy_codegen.facts import facts
from runcomfy_codegen.glossary import Glossary
from runcomfy_codegen.load import load
from runcomfy_codegen.names import module_path
from runcomfy_codegen.parse import parse
from runcomfy_codegen.render import annotation
from runcomfy_codegen.summary import summary

from .example import example

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from runcomfy_codegen.ir import Field, Model

#: What an annotation is called on a page, where people read it who may not know Python.
_PLAIN = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false"}


class FieldView(NamedTuple):
    """One field, as a row of a table.

    Attributes:
        facts: Limits, default and media rules, a sentence each.
    """

    name: str
    wire: str
    type: str
    required: bool
    words: str
    choices: tuple[str, ...]
    facts: tuple[str, ...]


class ModelView(NamedTuple):
    """One model, as its page shows it.

    Attributes:
        path: The page's path below the folder of pages, without a suffix.
        module: The module's name below ``runcomfy.models``.
        schema: The JSON Schema of the input, as text.
        sample: An input that the model takes, in wire form.
    """

    model_id: str
    name: str
    vendor: str
    categories: tuple[str, ...]
    summary: str
    path: str
    module: str
    inputs: tuple[FieldView, ...]
    outputs: tuple[FieldView, ...]
    schema: str
    sample: Mapping[str, Any]


def read_models(schemas: Path) -> list[ModelView]:
    """Read all models under the folder *schemas*, sorted by id.

    Raises:
        SchemaError: Something is wrong with the schemas.
    """
    diagnostics = Diagnostics()
    glossary = Glossary.read(schemas, diagnostics)
    standards = [standardise(one, diagnostics) for one in load(schemas, diagnostics)]
    worded = [one.with_words(glossary) for one in standards if one is not None]
    models = [(parse(one, diagnostics), one.input) for one in worded]
    diagnostics.finish()
    return [_view(model, schema) for model, schema in models]


def _view(model: Model, schema: Mapping[str, Any]) -> ModelView:
    model_id = model.endpoint.model_id
    required_first = sorted(model.input.fields, key=lambda one: not one.required)
    sent = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return ModelView(
        model_id=model_id,
        name=model.display_name.words,
        vendor=model_id.partition("/")[0],
        categories=tuple(one.words for one in model.categories),
        summary=summary(model).words,
        path=model_id,
        module=".".join(module_path(model_id)),
        inputs=tuple(map(_field, required_first)),
        outputs=tuple(map(_field, model.output.fields)),
        schema=json.dumps(sent, indent=2, ensure_ascii=False),
        sample=example(model),
    )


def _field(field: Field) -> FieldView:
    choice = field.shape.choice
    return FieldView(
        name=field.name,
        wire=field.wire,
        type=_type(field),
        required=field.required,
        words=docs.field_words(field),
        choices=() if choice is None else tuple(map(_literal, choice.members)),
        facts=tuple(facts(field)),
    )


def _type(field: Field) -> str:
    name = annotation(field.type).text
    media = field.shape.media or (field.shape.items.media if field.shape.items else None)
    if media is not None:
        return f"list of {media} files" if field.shape.items else f"{media} file"
    if field.shape.choice is not None:
        return "choice"
    return _PLAIN.get(name, name)


def _literal(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def by_vendor(models: Sequence[ModelView]) -> dict[str, list[ModelView]]:
    """Group *models* by vendor, sorted."""
    grouped: dict[str, list[ModelView]] = {}
    for model in models:
        grouped.setdefault(model.vendor, []).append(model)
    return dict(sorted(grouped.items()))


def by_category(models: Sequence[ModelView]) -> dict[str, list[ModelView]]:
    """Group *models* by category, sorted; a model may be in several."""
    grouped: dict[str, list[ModelView]] = {}
    for model in models:
        for category in model.categories:
            grouped.setdefault(category, []).append(model)
    return dict(sorted(grouped.items()))
