"""Generate N models: ours, and what datamodel-codegen's own command takes for the same schemas.

Each run is a process of its own in a folder of its own, timed from outside, CPU of the children
included. The models are the repository's, copied under other ids, each with
a field of its own, until there are N.

Peers:

- ``datamodel-codegen``, models only: one folder of JSON Schema files in, dataclasses out. It writes
  neither validators nor bindings.
- ``datamodel-codegen --generate-client``: the same schemas as one OpenAPI document, an endpoint for
  each model; pydantic models and an HTTP client out.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runcomfy_codegen.dialect import standardise
from runcomfy_codegen.errors import Diagnostics
from runcomfy_codegen.load import load

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
_BIN = Path(sys.executable).parent


def prepare(folder: Path, count: int) -> None:
    """Write *count* model documents, and the same inputs for the peers, under *folder*."""
    documents = load(ROOT / "schemas", Diagnostics())
    operations: dict[str, Any] = {}
    components: dict[str, Any] = {}
    for number in range(count):
        source = documents[number % len(documents)]
        raw = json.loads(Path(source.file).read_bytes())
        raw["model_id"] = f"{source.model_id}-{number}"
        # No two alike, or what is cached for one would serve another.
        own = {f"option_{number}": {"type": "integer", "minimum": number}}
        raw["input_schema"]["properties"] |= own
        target = folder / "schemas" / f"{raw['model_id']}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(raw), encoding="utf-8")
        standard = standardise(source, Diagnostics())
        assert standard is not None  # noqa: S101 - the repository's own schemas are sound
        properties = {**standard.input["properties"], **own}
        plain = {**standard.input, "properties": properties, "title": f"Model{number}Input"}
        flat = folder / "flat" / f"model_{number}.json"
        flat.parent.mkdir(parents=True, exist_ok=True)
        flat.write_text(json.dumps(plain), encoding="utf-8")
        components[f"Model{number}Input"] = plain
        operations[f"/models/{raw['model_id']}"] = {"post": _operation(number)}
    openapi = {
        "openapi": "3.1.0",
        "info": {"title": "Models", "version": "1"},
        "paths": operations,
        "components": {"schemas": components},
    }
    (folder / "openapi.json").write_text(json.dumps(openapi), encoding="utf-8")


def _operation(number: int) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/Model{number}Input"}
    return {
        "operationId": f"submit_{number}",
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {"200": {"description": "taken"}},
    }


def measure(folder: Path, command: list[str]) -> tuple[float, float]:
    """Run *command* in *folder*; return its seconds, and the CPU seconds of its processes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)  # noqa: S603 - our own
    wall = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu


def peak_memory(folder: Path) -> float:
    """Return the peak memory of a cold run in MB; measured by the run itself."""
    shutil.rmtree(folder / "generated", ignore_errors=True)
    program = (
        "import resource, sys; from runcomfy_codegen.cli import main; main(['generate']);"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    command = [sys.executable, "-c", program]
    said = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)  # noqa: S603 - our own
    return int(said.stdout.split()[-1]) / 1024


def contenders(folder: Path, count: int) -> dict[str, Callable[[], tuple[float, float]]]:
    """Return what is measured, by its name; each prepares its own state first."""
    ours = [str(_BIN / "runcomfy-codegen"), "generate"]
    peer = [str(_BIN / "datamodel-codegen"), "--disable-timestamp"]
    models = [*peer, "--input", "flat", "--input-file-type", "jsonschema", "--output", "flat_out"]
    models += ["--output-model-type", "dataclasses.dataclass"]
    client = [*peer, "--input", "openapi.json", "--input-file-type", "openapi"]
    client += ["--output", "peer_models.py", "--output-model-type", "pydantic_v2.BaseModel"]
    client += ["--generate-client", "httpx2", "--client-output", "client_out"]
    client += ["--client-package", "client_out", "--client-model-package", "peer_models"]
    client += ["--client-default-base-url", "https://example.com"]

    def cold() -> tuple[float, float]:
        shutil.rmtree(folder / "generated", ignore_errors=True)
        return measure(folder, ours)

    def one_changed() -> tuple[float, float]:
        file = next((folder / "schemas").rglob("*-0.json"))
        raw = json.loads(file.read_bytes())
        raw["display_name"] = f"{raw['display_name']} {os.urandom(4).hex()}"
        file.write_text(json.dumps(raw), encoding="utf-8")
        return measure(folder, ours)

    def fresh(command: list[str], out: str) -> tuple[float, float]:
        shutil.rmtree(folder / out, ignore_errors=True)
        return measure(folder, command)

    found = {"ours, cold": cold, "ours, nothing changed": lambda: measure(folder, ours)}
    found["ours, one changed"] = one_changed
    if count <= _PEERS_UP_TO:
        found["datamodel-codegen, models"] = lambda: fresh(models, "flat_out")
        found["datamodel-codegen, client"] = lambda: fresh(client, "client_out")
    return found


#: Beyond, the peers take minutes.
_PEERS_UP_TO = 100


def run(folder: Path, count: int, samples: int) -> None:
    """Measure *count* models and print a table."""
    prepare(folder, count)
    times: dict[str, list[tuple[float, float]]] = {}
    measured = contenders(folder, count)
    for _ in range(samples):
        for who, sample in measured.items():  # interleaved, so that all share the noise
            times.setdefault(who, []).append(sample())
    cold = statistics.median(wall for wall, _ in times["ours, cold"])
    print(f"generate {count} models, {samples} samples each")
    for who, found in times.items():
        wall = statistics.median(one for one, _ in found)
        cpu = statistics.median(one for _, one in found)
        spread = f"{min(one for one, _ in found):.2f} to {max(one for one, _ in found):.2f}"
        print(
            f"  {who:26} {wall:7.2f} s ({spread}), {cpu:.2f} s CPU; {wall / cold:.2f} of ours cold"
        )
    print(f"  peak memory of ours, cold: {peak_memory(folder):.0f} MB\n")
