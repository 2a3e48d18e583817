"""A generated package as a distribution of its own, beside the one that it needs."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import venv
from pathlib import Path
from typing import TYPE_CHECKING

from support_schemas import document, save

from runcomfy_codegen.cli import main
from runcomfy_sandbox import Sandbox, Timeline

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

ROOT = Path(__file__).parents[2]
MODEL = "acme/posters/text-to-image"


def generate(folder: Path, *options: str) -> int:
    save(folder / "schemas", document(MODEL, prompt={"type": "string", "required": True}))
    return main(
        [
            *("generate", "--package", "acme_posters", "--out", str(folder / "client")),
            *("--schemas", str(folder / "schemas"), *options),
        ]
    )


def test_without_the_option_there_is_the_package_alone(tmp_path: Path) -> None:
    assert generate(tmp_path) == 0
    names = {one.name for one in (tmp_path / "client").iterdir()}
    assert names == {"acme_posters", ".acme_posters.manifest.json"}


def test_a_project_declares_what_it_needs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate(tmp_path, "--project") == 0
    client = tmp_path / "client"
    assert f"wrote {(client / 'pyproject.toml').as_posix()}" in capsys.readouterr().out
    project = tomllib.loads((client / "pyproject.toml").read_text())["project"]
    assert project["name"] == "acme-posters"
    (needed,) = project["dependencies"]
    assert needed.startswith("runcomfy-models>=")
    assert f"- `{MODEL}`" in (client / "README.md").read_text()


def test_what_is_there_is_its_owners(tmp_path: Path) -> None:
    (tmp_path / "client").mkdir()
    (tmp_path / "client" / "pyproject.toml").write_text("mine")
    assert generate(tmp_path, "--project") == 0
    assert (tmp_path / "client" / "pyproject.toml").read_text() == "mine"
    (tmp_path / "client" / "README.md").write_text("mine, too")
    assert generate(tmp_path, "--project") == 0
    assert (tmp_path / "client" / "README.md").read_text() == "mine, too"


def test_its_wheel_runs_a_job_in_a_fresh_environment(tmp_path: Path) -> None:
    assert generate(tmp_path, "--project") == 0
    dist = tmp_path / "dist"
    for source in (ROOT, tmp_path / "client"):
        command = ["-m", "build", "--wheel", "--no-isolation", "--outdir", str(dist), str(source)]
        _run(sys.executable, command)
    venv.create(tmp_path / "env", with_pip=True)
    python = str(tmp_path / "env" / "bin" / "python")
    wheels = ROOT / ".venv" / "wheels"
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]
    install += ["--find-links", str(dist), "--find-links", str(wheels), "acme-posters"]
    _run(python, install)
    with Sandbox(tmp_path / "schemas", timeline=Timeline(0, 0)) as sandbox:
        said = _run(python, ["-c", _JOB, sandbox.base_url])
    assert said.split() == ["True", "True", "http://127.0.0.1"]


_JOB = """
import sys
import acme_posters, runcomfy, acme_posters.errors, runcomfy.errors
from acme_posters import Client, models
print(Client is runcomfy.Client, acme_posters.errors.InvalidInput is runcomfy.errors.InvalidInput)
model = models.get("acme/posters/text-to-image")
with Client("t", base_url=sys.argv[1]) as client:
    (url,) = model.run(client, prompt="A fair").urls
print(url.rpartition(":")[0])
"""


def _run(python: str, arguments: Sequence[str]) -> str:
    done = subprocess.run(
        [python, *arguments], capture_output=True, text=True, timeout=150, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
