"""Two generated packages in one environment share one client and one set of errors."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import pytest
from support_schemas import ROOT, document, save

import runcomfy
import runcomfy.errors
import runcomfy_core
from runcomfy.models.google import nano_banana_2_lite_text_to_image as ours
from runcomfy_codegen import face
from runcomfy_codegen.output import write
from runcomfy_codegen.pipeline import build
from runcomfy_sandbox import Sandbox, Timeline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODEL = "acme/posters/text-to-image"


@pytest.fixture(name="acme", scope="module")
def generated_package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder: Path = tmp_path_factory.mktemp("acme")
    schemas = save(folder / "schemas", document(MODEL, prompt={"type": "string", "required": True}))
    write(build(schemas, "acme").files, folder / "client")
    sys.path.insert(0, str(folder / "client"))
    importlib.invalidate_caches()
    yield importlib.import_module("acme")
    sys.path.remove(str(folder / "client"))
    for name in [one for one in sys.modules if one == "acme" or one.startswith("acme.")]:
        del sys.modules[name]


def test_they_hand_out_the_same_classes(acme: Any) -> None:
    for name in runcomfy_core.__all__:
        assert getattr(acme, name) is getattr(runcomfy, name) is getattr(runcomfy_core, name)
    for name in runcomfy.errors.__all__:
        assert getattr(acme.errors, name) is getattr(runcomfy.errors, name)


def test_a_client_of_one_runs_the_models_of_the_other(acme: Any, tmp_path: Path) -> None:
    theirs = acme.models.get(MODEL)
    schemas = save(tmp_path, document(MODEL, prompt={"type": "string"}))
    for file in (ROOT / "schemas" / "google").rglob("*.json"):
        target = schemas / file.relative_to(ROOT / "schemas")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    with Sandbox(schemas, timeline=Timeline(0, 0)) as sandbox:
        with acme.Client("t", base_url=sandbox.base_url) as client:
            assert ours.run(client, prompt="A fair").urls
        with runcomfy.Client("t", base_url=sandbox.base_url) as client:
            assert theirs.run(client, prompt="A fair").urls
            with pytest.raises(runcomfy.errors.InvalidInput):
                theirs.run(client, prompt=5)


def test_each_suggests_names_of_its_own(acme: Any) -> None:
    with pytest.raises(AttributeError, match="did you mean Client"):
        _ = acme.Cleint
    with pytest.raises(ImportError, match="did you mean posters_text_to_image"):
        importlib.import_module("acme.models.acme.posters_text_to_imag")
    with pytest.raises(ImportError, match="did you mean wan_ai"):
        importlib.import_module("runcomfy.models.wanai")


def test_the_front_lists_what_the_runtime_hands_out() -> None:
    assert set(runcomfy_core.__all__) == face.FRONT
    assert set(runcomfy.errors.__all__) == face.ERRORS
    assert {*runcomfy_core.__all__, "errors", "models"} == set(runcomfy.__all__)
