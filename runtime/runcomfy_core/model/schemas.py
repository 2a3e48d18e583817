"""What a generated package tells of its models: what each makes, and the JSON Schema of its input.

It is text in one module, ``_schemas``, which is loaded when somebody first asks for it.
"""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

from .subschemas import changed, references

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .subschemas import Schema

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def read(model_id: str, module: str) -> tuple[str, Schema]:
    """Return what a model makes, and the JSON Schema of its input, which the caller may change.

    Args:
        model_id: The model.
        module: The name of its module.
    """
    # A model's module stands in the package of its vendor, or beside these packages if it has none.
    package = module.rsplit(".", 2 if "/" in model_id else 1)[0]
    texts: Mapping[str, str] = import_module("._schemas", package).SCHEMAS
    told = cast("Schema", json.loads(texts[model_id]))
    # The schema itself would let any other name pass, which is always refused here.
    return told["words"], {"$schema": DIALECT, **told["input"], "additionalProperties": False}


def embedded(model_id: str, schema: Schema) -> Schema:
    """Return *schema* as it can stand inside another document, such as an OpenAPI description."""
    del schema["$schema"]
    if not references(schema):
        return schema
    # A reference then still leads to its place in the schema, and not in the document. It is
    # written out, since pydantic looks for any other among its own definitions.
    name = f"https://model-api.runcomfy.net/v1/models/{model_id}"

    def absolute(one: Schema) -> Schema:
        return {**one, "$ref": name + one["$ref"]} if "$ref" in one else one

    return {"$id": name, **changed(schema, absolute)}
