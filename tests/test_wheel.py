"""The wheel, in fresh environments without any extra, on every Python that is here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from runcomfy_sandbox import Sandbox, Timeline
from support_schemas import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Filled when the project sets itself up, so that the tests need no network.
WHEELS = Path(sys.prefix) / "wheels"
PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"

PROGRAM = """
import sys

from runcomfy import errors, models
from runcomfy.models.wan_ai import wan_2_6_image_to_image as model

assert "urllib3" not in sys.modules, "importing a model loads no HTTP"
from runcomfy import Client

try:
    model.Input(promt="p", image_urls=[])
except errors.InvalidInput as error:
    assert [problem.path for problem in error.problems] == ["/prompt", "/image_urls", "/promt"]
samples = sys.argv[1]
with Client(allow_private_media=True) as client:
    try:
        model.submit(client, prompt="p", image_urls=[samples + "small.png"])
    except errors.InvalidInput as error:
        assert [problem.rule for problem in error.problems] == ["width_pixels>", "height_pixels>"]
    result = model.run(client, prompt="p", image_urls=[samples + "good.png"], timeout=60)
print(result.output.images[0])
assert models.get(model.MODEL_ID) is model
extras = {"jinja2", "datamodel_code_generator", "pydantic", "starlette"}
assert not extras & set(sys.modules)
"""


def interpreter(version: str) -> str | None:
    """A Python of *version* that runs: on the path, or one of pyenv's."""
    found = [shutil.which(f"python{version}"), *map(str, PYENV.glob(f"{version}.*/bin/python"))]
    for candidate in found:
        check = f"import sys; sys.exit('%d.%d' % sys.version_info[:2] != '{version}')"
        if (
            candidate
            and not subprocess.run(
                [candidate, "-c", check], capture_output=True, check=False
            ).returncode
        ):
            return candidate
    return None


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (made,) = out.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(ROOT / "schemas", timeline=Timeline(0, 0)) as running:
        yield running


def test_it_holds_the_packages_and_the_templates(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "runcomfy/py.typed" in names
    assert "runcomfy/models/wan_ai/wan_2_6_image_to_image.py" in names
    assert "runcomfy_codegen/templates/model.py.jinja" in names
    assert "runcomfy_codegen/templates/runtime/errors.py" in names
    assert "runcomfy_sandbox/cli.py" in names
    assert not [name for name in names if name.startswith(("tests/", "schemas/"))]


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_it_runs_a_job_from_a_fresh_environment(
    version: str, wheel: Path, sandbox: Sandbox, tmp_path: Path
) -> None:
    base = interpreter(version)
    if base is None:
        pytest.skip(f"there is no Python {version} here")
    home = tmp_path / "env"
    subprocess.run([base, "-m", "venv", "--without-pip", str(home)], check=True)
    python = str(home / "bin" / "python")
    install = ["--python", python, "install", "--quiet", "--no-index", "--find-links", str(WHEELS)]
    subprocess.run([sys.executable, "-m", "pip", *install, str(wheel)], check=True)
    environment = {
        "RUNCOMFY_MODEL_API_BASE": sandbox.base_url,
        "RUNCOMFY_API_TOKEN": "token",
        "PATH": os.environ["PATH"],
    }
    command = [python, "-W", "error", "-c", PROGRAM, f"{sandbox.origin}/samples/"]
    run = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(f"{sandbox.origin}/files/")
    for name in ("runcomfy-codegen", "runcomfy-sandbox"):
        tool = [str(home / "bin" / name), *(["generate"] if name.endswith("codegen") else [])]
        tool += ["--schemas", str(ROOT / "schemas")]
        bare = subprocess.run(tool, cwd=tmp_path, capture_output=True, text=True, check=False)
        extra = name.removeprefix("runcomfy-")
        assert bare.returncode == 1
        assert f"install 'runcomfy-models[{extra}]'" in bare.stderr
        assert "Traceback" not in bare.stderr
