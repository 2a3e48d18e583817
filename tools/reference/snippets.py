"""What a reader copies: one job of a model, in Python, on an event loop and with curl."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .models import ModelView

_BASE = "${RUNCOMFY_MODEL_API_BASE:-https://model-api.runcomfy.net/v1}"


class Snippets(NamedTuple):
    """One job, written in each way."""

    python: str
    asynchronous: str
    curl: str


def snippets(model: ModelView) -> Snippets:
    """Return the snippets of *model*; each runs as it stands where a token is set."""
    names = {field.wire: field.name for field in model.inputs}
    arguments = {names[wire]: value for wire, value in model.sample.items()}
    return Snippets(_python(model, arguments), _asynchronous(model, arguments), _curl(model))


def _import(model: ModelView) -> str:
    package, _, name = model.module.rpartition(".")
    return f"from runcomfy.models{'.' + package if package else ''} import {name} as model"


def _call(arguments: Mapping[str, object], indent: str) -> str:
    lines = [f"{indent}    {name}={value!r}," for name, value in arguments.items()]
    return "\n".join([f"{indent}    client,", *lines])


def _python(model: ModelView, arguments: Mapping[str, object]) -> str:
    return (
        "from runcomfy import Client\n"
        f"{_import(model)}\n"
        "\n"
        "with Client() as client:\n"
        "    result = model.run(\n"
        f"{_call(arguments, '    ')}\n"
        "    )\n"
        "print(result.urls)"
    )


def _asynchronous(model: ModelView, arguments: Mapping[str, object]) -> str:
    return (
        "import asyncio\n"
        "\n"
        "from runcomfy import AsyncClient\n"
        f"{_import(model)}\n"
        "\n"
        "\n"
        "async def main():\n"
        "    async with AsyncClient() as client:\n"
        "        result = await model.run(\n"
        f"{_call(arguments, '        ')}\n"
        "        )\n"
        "        print(result.urls)\n"
        "\n"
        "\n"
        "asyncio.run(main())"
    )


def _curl(model: ModelView) -> str:
    body = shlex.quote(json.dumps(model.sample, indent=2, ensure_ascii=False))
    return (
        f'base="{_BASE}"\n'
        f'curl "$base/models/{model.model_id}" \\\n'
        '  -H "Authorization: Bearer $RUNCOMFY_API_TOKEN" \\\n'
        "  -H 'Content-Type: application/json' \\\n"
        f"  -d {body}\n"
        "# It answers with a request_id; ask for its status, and then for its result:\n"
        '# curl "$base/requests/<request_id>/result" -H "Authorization: Bearer $RUNCOMFY_API_TOKEN"'
    )
