"""Models to generate from: copies of the repository's own, until there are enough.

Each copy has its own id and an additional field, so that no cached result fits another copy. The
peers get the same inputs: as JSON Schema with a file for each model, and as one OpenAPI document
with an endpoint for each model. Media rules and custom formats are removed, as they know neither.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from runcomfy_codegen.dialect import standardise
from runcomfy_codegen.errors import Diagnostics
from runcomfy_codegen.load import load

SCHEMAS: Final = Path(__file__).parents[2] / "schemas"

#: How many models the repository has.
SEEDS: Final = sum(1 for one in SCHEMAS.rglob("*.json") if not one.name.endswith(".overlay.json"))

_BIN: Final = Path(sys.executable).parent


def write(folder: Path, count: int) -> None:
    """Write *count* models under *folder*: ``schemas/``, ``flat/`` and ``openapi.json``."""
    documents = load(SCHEMAS, Diagnostics())
    operations: dict[str, Any] = {}
    components: dict[str, Any] = {}
    for number in range(count):
        source = documents[number % len(documents)]
        own = {f"option_{number}": {"type": "integer", "minimum": number}}
        raw = json.loads(Path(source.file).read_bytes())
        raw["model_id"] = f"{source.model_id}-{number}"
        raw["input_schema"]["properties"] |= own
        _put(folder / "schemas" / f"{raw['model_id']}.json", raw)
        name = f"Model{number}Input"
        components[name] = _standard(source, own, name)
        _put(folder / "flat" / f"model_{number}.json", components[name])
        operations[f"/models/{raw['model_id']}"] = {"post": _operation(number, name)}
    _put(
        folder / "openapi.json",
        {
            "openapi": "3.1.0",
            "info": {"title": "Models", "version": "1"},
            "paths": operations,
            "components": {"schemas": components},
        },
    )


def first_module(folder: Path) -> str:
    """The name of a generated module: the first copy of the first model."""
    package = folder / "generated" / "runcomfy"
    file = next(iter(sorted(package.glob("models/*/*_0.py"))))
    return ".".join(file.relative_to(package.parent).with_suffix("").parts)


def our_command() -> list[str]:
    """Generate the client from ``schemas/``."""
    return [str(_BIN / "runcomfy-codegen"), "generate"]


def models_command() -> list[str]:
    """datamodel-codegen: dataclasses from ``flat/``, neither validators nor endpoints."""
    return [
        *(str(_BIN / "datamodel-codegen"), "--disable-timestamp"),
        *("--input", "flat", "--input-file-type", "jsonschema"),
        *("--output", "flat_out", "--output-model-type", "dataclasses.dataclass"),
    ]


def client_command() -> list[str]:
    """datamodel-codegen: pydantic models and an HTTP client from ``openapi.json``."""
    return [
        *(str(_BIN / "datamodel-codegen"), "--disable-timestamp"),
        *("--input", "openapi.json", "--input-file-type", "openapi"),
        *("--output", "peer_models.py", "--output-model-type", "pydantic_v2.BaseModel"),
        *("--generate-client", "httpx2", "--client-output", "client_out"),
        *("--client-package", "client_out", "--client-model-package", "peer_models"),
        *("--client-default-base-url", "https://example.com"),
    ]


def openapi_command() -> list[str]:
    """openapi-python-client: attrs models and an httpx client, formatted by ruff as it ships."""
    return [
        *(str(_BIN / "openapi-python-client"), "generate", "--path", "openapi.json"),
        *("--meta", "none", "--output-path", "openapi_out", "--overwrite"),
    ]


def _standard(source: Any, own: dict[str, Any], title: str) -> dict[str, Any]:
    standard = standardise(source, Diagnostics())
    if standard is None:
        raise RuntimeError(f"{source.file} is not sound")
    properties = {**standard.input["properties"], **own}
    return {**standard.input, "properties": properties, "title": title}


def _operation(number: int, name: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {
        "operationId": f"submit_{number}",
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {"200": {"description": "taken"}},
    }


def _put(file: Path, content: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content), encoding="utf-8")
