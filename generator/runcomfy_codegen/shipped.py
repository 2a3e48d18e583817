"""What a client tells of its models at run time: for each, a JSON text in the module ``_schemas``.

A model that is not made again keeps the text that it has there, so the module is read as well.
"""

from __future__ import annotations

import ast
import json
from typing import TYPE_CHECKING, cast

from . import docs

if TYPE_CHECKING:
    from .ir import Model
    from .jsontext import JsonObject


def shipped(model: Model) -> str:
    """Return what is told of *model*: what it makes, and the JSON Schema of its input."""
    told = {"words": docs.model_words(model).words, "input": _schema(model)}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _schema(model: Model) -> JsonObject:
    """Return the input's schema with an example where a required field has a default.

    Such a default is sample text. A program that fills in defaults would send it, and pay for it.
    """
    fields: JsonObject = dict(model.schema["properties"])
    for field in model.input.fields:
        schema = fields[field.wire]
        if field.required and isinstance(schema, dict) and "default" in schema:
            kept = {key: value for key, value in schema.items() if key != "default"}
            sample = [field.default] if field.default not in ("", []) else []
            fields[field.wire] = {**kept, "examples": sample} if sample else kept
    return {**model.schema, "properties": fields}


def read_shipped(source: bytes) -> dict[str, str]:
    """Return the texts of a module that an earlier run wrote, by model id."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Dict):
            return cast("dict[str, str]", ast.literal_eval(node))
    return {}
