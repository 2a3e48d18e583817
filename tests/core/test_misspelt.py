from __future__ import annotations

import importlib
import importlib.util
import pickle
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support_schemas import document, generated

import runcomfy
from runcomfy import models
from runcomfy_core import misspelt as _misspelt

if TYPE_CHECKING:
    from types import ModuleType

NEAR_MODEL = (
    "there is no 'wan_2_6_image_to_imag' in runcomfy.models.wan_ai; "
    "did you mean wan_2_6_image_to_image?"
)
NO_VENDOR = "there is no 'wanai' in runcomfy.models; did you mean wan_ai?"


@pytest.mark.parametrize(
    ("statement", "words", "name"),
    [
        (
            "from runcomfy.models.wan_ai import wan_2_6_image_to_imag",
            NEAR_MODEL,
            "runcomfy.models.wan_ai",
        ),
        (
            "import runcomfy.models.wan_ai.wan_2_6_image_to_imag",
            NEAR_MODEL,
            "runcomfy.models.wan_ai.wan_2_6_image_to_imag",
        ),
        (
            "from runcomfy.models.wan_ai.wan_2_6_image_to_imag import Input",
            NEAR_MODEL,
            "runcomfy.models.wan_ai.wan_2_6_image_to_imag",
        ),
        ("import runcomfy.models.wanai", NO_VENDOR, "runcomfy.models.wanai"),
        ("import runcomfy.models.wanai.any", NO_VENDOR, "runcomfy.models.wanai"),
        ("from runcomfy.models import wanai", NO_VENDOR, "runcomfy.models"),
        ("from runcomfy.models.wanai import any_model", NO_VENDOR, "runcomfy.models.wanai"),
        (
            "from runcomfy.models.wan_ai import nothing_like_it",
            (
                "there is no 'nothing_like_it' in runcomfy.models.wan_ai; runcomfy.models.MODULES "
                "lists all models"
            ),
            "runcomfy.models.wan_ai",
        ),
        (
            "from runcomfy.models import wan_2_6_image_to_image",
            (
                "there is no 'wan_2_6_image_to_image' in runcomfy.models; "
                "there is runcomfy.models.wan_ai.wan_2_6_image_to_image"
            ),
            "runcomfy.models",
        ),
        (
            "from runcomfy.models.kling import wan_2_6_image_to_image",
            (
                "there is no 'wan_2_6_image_to_image' in runcomfy.models.kling; "
                "there is runcomfy.models.wan_ai.wan_2_6_image_to_image"
            ),
            "runcomfy.models.kling",
        ),
        (
            "from runcomfy import Cleint",
            "there is no 'Cleint' in runcomfy; did you mean Client?",
            "runcomfy",
        ),
        (
            "import runcomfy.Client",
            "there is no 'Client' in runcomfy; write: from runcomfy import Client",
            "runcomfy.Client",
        ),
    ],
)
def test_an_import_that_is_misspelt_says_what_was_meant(
    statement: str, words: str, name: str
) -> None:
    with pytest.raises(ModuleNotFoundError) as caught:
        exec(statement, {})  # noqa: S102 - a statement of the table
    assert caught.value.msg == words
    assert caught.value.name == name


@pytest.mark.parametrize(
    ("module", "name", "words"),
    [
        (runcomfy, "Cleint", "; did you mean Client?"),
        (models, "wanai", "; did you mean wan_ai?"),
        (models.wan_ai, "wan_2_6_image", "; did you mean wan_2_6_image_to_image?"),
        (models.wan_ai, "__wrapped__", ""),
        (models, "_ipython_display_", ""),
    ],
)
def test_an_attribute_that_is_misspelt_says_what_was_meant(
    module: ModuleType, name: str, words: str
) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(module, name)
    assert str(caught.value) == f"module {module.__name__!r} has no attribute {name!r}{words}"
    assert not hasattr(module, name)
    assert getattr(module, name, None) is None


def test_an_id_that_begins_like_others_names_these() -> None:
    with pytest.raises(KeyError, match=r"did you mean wan-ai/wan-2-6/image-to-image\?"):
        models.get("wan-ai/wan-2-6")


@pytest.mark.parametrize("name", ["runcomfy.models.wanai", "runcomfy.nothing", "runcomfy._nothing"])
def test_who_asks_without_an_import_hears_no(name: str) -> None:
    assert importlib.util.find_spec(name) is None


def test_what_is_no_name_of_ours_is_left_to_python() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'runcomfy\._nothing'$"):
        importlib.import_module("runcomfy._nothing")
    with pytest.raises(ModuleNotFoundError, match="is not a package"):
        importlib.import_module("runcomfy.errors.nothing")
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'runcomfy_nothing'$"):
        importlib.import_module("runcomfy_nothing")
    with pytest.raises(ImportError, match="cannot import name '_nothing' from"):
        from runcomfy.models.wan_ai import (  # type: ignore[attr-defined] # noqa: PLC0415 - it fails
            _nothing,  # noqa: F401 - there is none
        )


def test_what_a_model_s_module_can_t_import_is_told_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = generated(tmp_path, document("acme/paint"))
    vendor = importlib.import_module(f"{found.__name__}.acme")
    Path(str(vendor.__file__)).with_name("broken.py").write_text("import no_such_library\n")
    importlib.invalidate_caches()
    with pytest.raises(ModuleNotFoundError, match="'no_such_library'"):
        vendor.broken  # noqa: B018 - it is imported
    with pytest.raises(AttributeError, match=r"'pain'; did you mean paint\?"):
        vendor.pain  # noqa: B018 - the access imports it
    monkeypatch.delitem(sys.modules, f"{vendor.__name__}.paint")
    del vendor.paint
    assert vendor.paint.MODEL_ID == "acme/paint"


def test_python_is_told_once() -> None:
    before = len(sys.meta_path)
    importlib.reload(runcomfy)
    _misspelt.watch_imports("runcomfy")
    assert len(sys.meta_path) == before


def test_a_model_is_loaded_as_an_attribute_and_needs_no_list_of_all() -> None:
    program = (
        "import sys, runcomfy\n"
        "from runcomfy.models.wan_ai import wan_2_6_image_to_image as model\n"
        "assert runcomfy.models.wan_ai.wan_2_6_image_to_image is model\n"
        "assert hasattr(runcomfy.models.wan_ai, 'wan_3_0_text_to_video')\n"
        "print(sorted({'runcomfy.models._index', 'difflib', 'urllib3'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(runcomfy.__file__).parent.parent,
    )
    assert run.stdout.strip() == "[]"


def test_the_error_survives_pickling() -> None:
    with pytest.raises(ImportError) as caught:
        importlib.import_module("runcomfy.models.wanai")
    assert str(pickle.loads(pickle.dumps(caught.value))) == NO_VENDOR  # noqa: S301 - our own
