"""The wheel, in fresh environments without any extra, on every Python that is here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support_media import exif, film, picture
from support_schemas import ROOT

from runcomfy_sandbox import Sandbox, Timeline

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Filled when the project sets itself up, so that the tests need no network.
WHEELS = Path(sys.prefix) / "wheels"
#: The lowest versions that are allowed of what the client imports, and nothing else.
LOWEST = WHEELS / "lowest"
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

#: Everything that a library of the client's has a part in, with the lowest version of each.
LOWEST_PROGRAM = """
import asyncio
import importlib.metadata
import logging
import sys
from pathlib import Path

from runcomfy import AsyncClient, Client, errors
from runcomfy.models.happyhorse import happyhorse_1_0_video_edit as edit
from runcomfy.models.wan_ai import wan_2_6_image_to_image as model

samples, media, schemas, *pins = sys.argv[1:]
for pin in pins:
    name, version = pin.split("==")
    assert (importlib.metadata.version(name) + ".0").startswith(version + "."), name
logging.basicConfig(level=logging.WARNING, format="logged: %(message)s")
names = ("good.png", "small.png", "good.jpg", "good.webp", "good.gif", "turned.jpg", "turned.avif")
pictures = [Path(media, name) for name in names]
for path in pictures:
    [item] = model.check_media({"image_urls": [path]}).items
    width, height = (400, 500) if "turned" in path.name else (500, 400)
    assert "small" in path.name or (item.width, item.height) == (width, height), (path, item)
[film] = edit.check_media({"video_url": Path(media, "film.mp4")}).items
assert (film.width, film.height, film.duration, film.fps) == (64, 48, 1.0, 25.0), film
good = {"prompt": "p", "image_urls": [samples + "good.png", pictures[2]]}
with Client(allow_private_media=True, journal="jobs.sqlite3") as client:
    try:
        model.submit(client, prompt="p", image_urls=[pictures[1]])
    except errors.InvalidInput as error:
        assert [problem.rule for problem in error.problems] == ["width_pixels>", "height_pixels>"]
    result = model.run(client, good, timeout=60)
    print(result.output.images[0], *result.download("out"))
    for _, outcome in model.map(client, [model.Input(**good)] * 3, progress=True):
        assert outcome.output.images, outcome


async def main():
    async with AsyncClient(allow_private_media=True) as client:
        return (await model.run(client, good)).output.images


assert asyncio.run(main())
if schemas:
    from runcomfy_sandbox import Sandbox, Timeline

    with Sandbox(schemas, timeline=Timeline(0, 0)) as sandbox:
        with Client(base_url=sandbox.base_url, allow_private_media=True) as client:
            result = model.run(client, prompt="p", image_urls=[sandbox.sample("good.png")])
            assert result.download("from-here")
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
    # The schemas of all models, which are text that is much alike.
    assert zipfile.ZipFile(wheel).getinfo("runcomfy/models/_schemas.py").compress_size < 20_000
    assert "runcomfy_codegen/templates/model.py.jinja" in names
    assert "runcomfy_codegen/templates/front.py.jinja" in names
    assert "runcomfy_core/py.typed" in names
    assert not [name for name in names if "/runtime/" in name]
    assert "runcomfy_sandbox/cli.py" in names
    assert not [name for name in names if name.startswith(("tests/", "schemas/"))]


def test_its_description_is_sound_and_has_no_link_that_leads_nowhere(wheel: Path) -> None:
    command = [sys.executable, "-m", "twine", "check", "--strict", str(wheel)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    with zipfile.ZipFile(wheel) as file:
        (name,) = (one for one in file.namelist() if one.endswith(".dist-info/METADATA"))
        described = file.read(name).decode()
    links = re.findall(r"\]\(([^)]*)\)", described)
    assert not [link for link in links if not link.startswith("https://")]
    assert "Keep a journal" in described


def environment(home: Path, base: str, wheels: Path, wanted: str) -> str:
    """Install *wanted* in a fresh environment with the Python *base*; return its own Python."""
    subprocess.run([base, "-m", "venv", "--without-pip", str(home)], check=True)
    python = str(home / "bin" / "python")
    install = ["--python", python, "install", "--quiet", "--no-index", "--find-links", str(wheels)]
    subprocess.run([sys.executable, "-m", "pip", *install, wanted], check=True)
    return python


def ran(
    sandbox: Sandbox, folder: Path, python: str, program: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run a program whose warnings are errors, with nothing but the sandbox in its environment."""
    variables = {
        "RUNCOMFY_MODEL_API_BASE": sandbox.base_url,
        "RUNCOMFY_API_TOKEN": "token",
        "PATH": os.environ["PATH"],
    }
    return subprocess.run(
        [python, "-W", "error", "-c", program, f"{sandbox.origin}/samples/", *arguments],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_it_runs_a_job_from_a_fresh_environment(
    version: str, wheel: Path, sandbox: Sandbox, tmp_path: Path
) -> None:
    base = interpreter(version)
    if base is None:
        pytest.skip(f"there is no Python {version} here")
    home = tmp_path / "env"
    python = environment(home, base, WHEELS, str(wheel))
    run = ran(sandbox, tmp_path, python, PROGRAM)
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


def media(folder: Path) -> Path:
    """A folder of pictures of each kind, and a film."""
    folder.mkdir()
    for kind, ending in (("PNG", "png"), ("JPEG", "jpg"), ("WEBP", "webp"), ("GIF", "gif")):
        (folder / f"good.{ending}").write_bytes(picture(kind, (500, 400)))
    for kind, ending in (("JPEG", "jpg"), ("AVIF", "avif")):
        content = picture(kind, (500, 400), exif=exif(6))
        (folder / f"turned.{ending}").write_bytes(content)
    (folder / "small.png").write_bytes(picture("PNG", (300, 300)))
    (folder / "film.mp4").write_bytes(film("mp4"))
    return folder


@pytest.mark.parametrize("version", ["3.11", "3.13"])
def test_it_runs_jobs_with_the_lowest_versions_that_it_allows(
    version: str, wheel: Path, sandbox: Sandbox, tmp_path: Path
) -> None:
    base = interpreter(version)
    if base is None or not LOWEST.is_dir():
        pytest.skip(f"there is no Python {version} here, or none of the wheels that make fetches")
    # Some wheels of the sandbox's are for the Python that they were fetched with alone.
    own = version == f"{sys.version_info.major}.{sys.version_info.minor}"
    extras = ["progress", "video", *(["sandbox"] if own else [])]
    python = environment(tmp_path / "env", base, LOWEST, f"{wheel}[{','.join(extras)}]")
    pins = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "lowest.py"), *extras],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert len(pins) == (10 if own else 6)
    files, schemas = str(media(tmp_path / "media")), str(ROOT / "schemas") if own else ""
    run = ran(sandbox, tmp_path, python, LOWEST_PROGRAM, files, schemas, *pins)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(f"{sandbox.origin}/files/")
    assert "logged:" not in run.stderr
