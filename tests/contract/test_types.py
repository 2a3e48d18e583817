"""What a type checker says of a caller's program, and of the client itself."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support_schemas import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

SOUND = """
    import tempfile
    from collections.abc import Coroutine, Mapping, Sequence
    from pathlib import Path
    from typing import IO, Any, Unpack, assert_type

    import attrs
    import runcomfy
    from runcomfy import (
        AsyncClient,
        AsyncJob,
        Client,
        Job,
        MediaReport,
        ModelModule,
        Output,
        Problem,
        Result,
        Status,
        errors,
        models,
    )
    from runcomfy.models.wan_ai import wan_2_6_image_to_image as model
    from runcomfy.models.wan_ai import wan_3_0_text_to_video as other


    def report(status: Status) -> None:
        print(status.state, status.queue_position, status.raw)


    def wide(
        client: Client, urls: Sequence[str], file: IO[bytes], wire: Mapping[str, object]
    ) -> None:
        model.run(client, prompt="p", image_urls=urls)
        model.run(client, prompt="p", image_urls=[bytearray(b"x"), memoryview(b"x"), file])
        with tempfile.NamedTemporaryFile() as named:
            model.run(client, prompt="p", image_urls=(named, named.name))
        numbers: dict[str, int] = {"seed": 3}
        model.submit(client, numbers)
        model.submit(client, wire)
        model.validate(numbers)


    def passed_on(client: Client, **fields: Unpack[model.Fields]) -> Result[model.Output]:
        value = model.Input(**fields)
        assert_type(attrs.evolve(value, seed=4), model.Input)
        return model.run(client, **fields)


    async def awaited(client: AsyncClient) -> None:
        job = await model.submit(client, prompt="p", image_urls=[], media="local")
        assert_type(job, AsyncJob[model.Output])
        running = model.run(client, {"prompt": "p"}, timeout=None)
        coroutine: Coroutine[Any, Any, Result[model.Output]] = running
        assert_type(await coroutine, Result[model.Output])
        async for value, outcome in model.map(client, [{"prompt": "p"}], ordered=True):
            assert_type(outcome, Result[model.Output] | errors.RunComfyError)
            print(value)


    def any_model(client: Client, one: ModelModule) -> None:
        assert_type(one.run(client, prompt="p"), Result[Any])
        assert_type(one.submit(client, one.Input(prompt="p")).wait().output, Any)
        for _, outcome in one.map(client, [{}], max_in_flight=2):
            print(outcome)


    def outputs(client: Client) -> Output:
        any_model(client, model)
        any_model(client, models.get("wan-ai/wan-3.0/text-to-video"))
        by_way = runcomfy.models.wan_ai.wan_3_0_text_to_video
        assert_type(by_way.run(client, prompt="p").output, Output)
        return other.run(client, prompt="p").output


    def main() -> None:
        with Client("token", base_url="http://127.0.0.1:1/v1") as client:
            job = model.submit(client, prompt="p", image_urls=["https://example.com/a.png"])
            paths = [Path("a.png"), Path("b.png")]
            model.submit(client, prompt="p", image_urls=paths, media="skip")
            with Path("c.png").open("rb") as file:
                model.run(client, prompt="p", image_urls=("https://a.b/c", paths[0], b"x", file))
            found = model.check_media({"image_urls": paths}, client)
            assert_type(found, MediaReport)
            print(found.problems, found.unchecked, found.items[0].width)
            assert_type(job, Job[model.Output])
            result = job.wait(timeout=1, on_update=report)
            assert_type(result, Result[model.Output])
            assert_type(result.output.images, list[str] | None)
            value = model.Input(prompt="p", image_urls=[], image_size="1024*1024 (1:1)", seed=None)
            model.submit(client, value)
            model.run(client, value, timeout=None, on_update=print)
            model.run(client, {"prompt": "p"})
            model.run(client, prompt="p", image_urls=[], seed=3, timeout=5)
            assert_type(model.validate(value), list[Problem])
            assert_type(model.validate({"prompt": "p"}), list[Problem])
            assert_type(model.job(client, "id"), Job[model.Output])
            client.submit("any/model", {"prompt": "p"})
            assert models.get(model.MODEL_ID) is model


    try:
        main()
    except errors.InvalidInput as error:
        print(error.problems)
"""

#: Each line is a mistake that a checker must find.
MISTAKES = """
    import runcomfy
    from runcomfy import Client, models
    from runcomfy.models.wan_ai import wan_2_6_image_to_image as model

    client = Client()
    model.Input(prompt="p", image_urls=[], image_size="1024x1024")
    model.Input(prompt="p")
    model.Input(prompt="p", image_urls=[], sed=3)
    model.submit(client, prompt="p", image_urls="https://example.com/a.png")
    model.submit(client, prompt="p", image_urls=[5])
    model.submit(client, prompt="p", image_urls=[], media="maybe")
    model.check_media("https://example.com/a.png")
    model.submit(client, prompt="p")
    model.submit(client, prompt="p", image_urls=[], image_sise="1024*1024 (1:1)")
    model.run(client, prompt="p", image_urls=[], timeout="soon")
    model.job(client, 5)
    model.submit(client, prompt="p", image_urls=[]).wait().output.picture
    model.submit(client, prompt="p", image_urls=[], timeout=5)
    model.run(client, {"prompt": "p"}, seed=3)
    model.run(client, {"prompt": "p"}, media="maybe")
    model.run(5, prompt="p", image_urls=[])
    model.Input(prompt="p", image_urls=[], media="skip")
    model.Input(prompt="p", image_urls=[]).sed
    model.map(client, [{}], max_inflight=3)
    client.map("any/model", [{}], ordered="yes")
    runcomfy.Cleint
    runcomfy.models.wanai
    runcomfy.models.wan_ai.wan_2_7
    from runcomfy import Misspelt
    from runcomfy.models import wanai
    from runcomfy.models.wan_ai import wan_2_7
    models.get(5)
    models.get("any/model").runs
"""
FIRST_MISTAKE = 7


def program(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "program.py"
    file.write_text(textwrap.dedent(text), encoding="utf-8")
    return file


def mypy_lines(file: Path) -> set[int]:
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(file)]
    run = subprocess.run(command, cwd=file.parent, capture_output=True, text=True, check=False)
    assert not run.stderr, run.stderr
    return {int(line.split(":")[1]) for line in run.stdout.splitlines() if ": error:" in line}


def pyright_lines(file: Path) -> set[int]:
    config = {
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
        "venvPath": str(ROOT),
        "venv": ".venv",
        "extraPaths": [str(ROOT / "generated")],
    }
    (file.parent / "pyrightconfig.json").write_text(json.dumps(config), encoding="utf-8")
    command = [str(Path(sys.executable).with_name("basedpyright")), "--outputjson"]
    run = subprocess.run(command, cwd=file.parent, capture_output=True, text=True, check=False)
    found = json.loads(run.stdout)["generalDiagnostics"]
    return {one["range"]["start"]["line"] + 1 for one in found if one["severity"] == "error"}


@pytest.mark.parametrize("checker", [mypy_lines, pyright_lines], ids=["mypy", "pyright"])
def test_a_sound_program_passes_and_each_mistake_is_found(
    checker: Callable[[Path], set[int]], tmp_path: Path
) -> None:
    assert checker(program(tmp_path, SOUND)) == set()
    lines = len(textwrap.dedent(MISTAKES).splitlines())
    assert checker(program(tmp_path, MISTAKES)) == set(range(FIRST_MISTAKE, lines + 1))


def test_the_client_of_every_dialect_is_strictly_typed(tmp_path: Path) -> None:
    """The golden cases hold every corner of the dialect; a checker reads them all."""
    from runcomfy_codegen.cli import main  # noqa: PLC0415 - used here only

    for case in ("dialect", "hostile-text", "language", "warnings"):
        schemas = Path(__file__).parents[1] / "cases" / case / "schemas"
        package = f"client_{case.replace('-', '_')}"
        assert main(["generate", "--schemas", str(schemas), "--out", str(tmp_path),
                     "--package", package]) == 0  # fmt: skip
    mypy = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "."]
    run = subprocess.run(mypy, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.stdout == ""
    assert pyright_lines(tmp_path / "any.py") == set()
