from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support_sandbox import SCHEMAS, SEEDREAM, WAN, write_model

from runcomfy_sandbox.documents import DocumentError, read_models

if TYPE_CHECKING:
    from pathlib import Path


def test_the_models_of_the_project() -> None:
    models = read_models(SCHEMAS)
    assert WAN in models
    assert SEEDREAM in models
    assert list(models) == sorted(models)
    wan = models[WAN]
    assert wan.display_name == "Wan 2.6 Image to Image"
    assert wan.categories == ("image-to-image",)
    assert wan.kind == "model"


def test_overlays_are_ignored() -> None:
    wan = read_models(SCHEMAS)[WAN]
    assert "maxLength" not in wan.input_schema["properties"]["prompt"]


def test_settings_fill_in_the_defaults_of_what_is_optional() -> None:
    settings = read_models(SCHEMAS)[WAN].settings({"seed": 7})
    assert settings["seed"] == 7
    assert settings["image_size"] == "1024*1024 (1:1)"
    assert "prompt" not in settings  # required: its default is sample text


def test_settings_without_properties(tmp_path: Path) -> None:
    write_model(tmp_path, input_schema={"type": "object"})
    assert read_models(tmp_path)["maker/model"].settings({"a": 1}) == {"a": 1}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "not readable as JSON"),
        ("[" * 100_000, "not readable as JSON"),
        ("[]", "not a JSON object"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "deep" / "model.json"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DocumentError, match=problem) as caught:
        read_models(tmp_path)
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"display_name": None}, '"display_name" must be a string'),
        ({"display_name": 1}, '"display_name" must be a string'),
        ({"categories": "text-to-image"}, '"categories" must be an array'),
        ({"categories": [1]}, '"categories" must hold strings'),
        ({"input_schema": []}, '"input_schema" must be an object'),
        (
            {"input_schema": {"type": "strng"}},
            '"input_schema" is not a JSON Schema',
        ),
    ],
)
def test_a_broken_member_is_named(tmp_path: Path, changes: dict[str, Any], problem: str) -> None:
    path = write_model(tmp_path, **changes)
    with pytest.raises(DocumentError, match=problem) as caught:
        read_models(tmp_path)
    assert str(path) in str(caught.value)


def test_an_empty_id_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"model_id": "", "categories": [], "input_schema": {}}')
    with pytest.raises(DocumentError, match='"model_id" must be a string'):
        read_models(tmp_path)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(DocumentError, match="not readable as JSON"):
        read_models(tmp_path)


def test_one_model_in_two_files(tmp_path: Path) -> None:
    copied = write_model(tmp_path / "a").read_text()
    (tmp_path / "b.json").write_text(copied)
    with pytest.raises(DocumentError, match="another file describes maker/model too"):
        read_models(tmp_path)


def test_no_document_at_all(tmp_path: Path) -> None:
    (tmp_path / "only.overlay.json").write_text("{}")
    with pytest.raises(DocumentError, match="there is no model document here"):
        read_models(tmp_path)
    with pytest.raises(DocumentError, match="there is no model document here"):
        read_models(tmp_path / "absent")
