"""Model documents for tests: saved, run through the generator, imported."""

from __future__ import annotations

import importlib
import itertools
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema

from runcomfy_codegen.dialect import standardise
from runcomfy_codegen.errors import Diagnostics
from runcomfy_codegen.load import Document
from runcomfy_codegen.output import write
from runcomfy_codegen.parse import parse
from runcomfy_codegen.pipeline import build
from runcomfy_core.media.values import is_media

if TYPE_CHECKING:
    from types import ModuleType

    from runcomfy_codegen.ir import Model

ROOT = Path(__file__).parent.parent
#: The official test suite of JSON Schema, which may exist beside a checkout.
SUITE = ROOT.parent / "shared" / "json-schema-test-suite" / "draft2020-12"
SEED = "wan-ai/wan-2-6/image-to-image"

_packages = itertools.count()

#: The check of media formats, which JSON Schema itself doesn't have.
MEDIA = jsonschema.FormatChecker(formats=())
for _name in ("image_uri", "video_uri", "audio_uri"):
    MEDIA.checks(_name)(lambda text: not isinstance(text, str) or is_media(text))


def document(model_id: str = "acme/paint", /, **properties: Any) -> dict[str, Any]:
    """Return a model document; a property whose schema has ``required=True`` is required."""
    required = [
        name
        for name, one in properties.items()
        if isinstance(one, dict) and one.get("required") is True
    ]
    for name in required:
        del properties[name]["required"]
    schema = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    return {
        "model_id": model_id,
        "display_name": "Acme Paint",
        "categories": ["text-to-image"],
        "input_schema": schema,
    }


def save(schemas: Path, *documents: dict[str, Any]) -> Path:
    """Write *documents* under the folder *schemas*."""
    for one in documents:
        file = schemas / f"{one['model_id']}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(one, ensure_ascii=False), encoding="utf-8")
    return schemas


def loaded(raw: dict[str, Any]) -> Document:
    """Return *raw* as the load pass returns it."""
    return Document(
        file="paint.json",
        model_id=raw["model_id"],
        display_name=raw["display_name"],
        categories=tuple(raw["categories"]),
        input_schema=raw["input_schema"],
        output_schema=raw.get("output_schema"),
        overlay_file="",
        own=raw,
        overlay={},
        digest="",
    )


def parsed(raw: dict[str, Any]) -> Model:
    """Return the IR of a valid document."""
    diagnostics = Diagnostics()
    standard = standardise(loaded(raw), diagnostics)
    diagnostics.finish()
    assert standard is not None
    model = parse(standard, diagnostics)
    diagnostics.finish()
    return model


def generated(tmp_path: Path, *documents: dict[str, Any]) -> ModuleType:
    """Generate a client from *documents*, import it, and return its ``models``."""
    package = f"client_{next(_packages)}"
    schemas = save(tmp_path / f"schemas_{package}", *documents)
    write(build(schemas, package).files, tmp_path)
    sys.path.insert(0, str(tmp_path))
    try:
        importlib.invalidate_caches()
        models = importlib.import_module(f"{package}.models")
        for document in documents:
            models.get(document["model_id"])
    finally:
        sys.path.remove(str(tmp_path))
    return models
