from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support_sandbox import write_model

from runcomfy_sandbox import catalog
from runcomfy_sandbox.answers import Refusal
from runcomfy_sandbox.documents import read_models

if TYPE_CHECKING:
    from pathlib import Path

    from runcomfy_sandbox.documents import Model

ORIGIN = "http://127.0.0.1:1"


@pytest.fixture(name="models")
def three_models(tmp_path: Path) -> dict[str, Model]:
    schema = {
        "type": "object",
        "required": ["prompt"],
        "properties": {"prompt": {"type": "string"}, "seed": {"type": "integer"}},
    }
    write_model(tmp_path, "a/one", display_name="Erste", input_schema=schema)
    write_model(tmp_path, "a/two", categories=["text-to-video", "image-to-video"])
    write_model(tmp_path, "b/three", kind="workflow")
    return read_models(tmp_path)


def _ids(page: dict[str, Any]) -> list[str]:
    return [entry["model_id"] for entry in page["models"]]


def test_entry(models: dict[str, Model]) -> None:
    entry = catalog.entry(models["a/one"], ORIGIN, with_schema=True)
    assert entry.pop("input_schema") == models["a/one"].input_schema
    assert entry == catalog.entry(models["a/one"], ORIGIN, with_schema=False)
    assert entry == {
        "model_id": "a/one",
        "display_name": "Erste",
        "description": "",
        "categories": ["text-to-image"],
        "kind": "model",
        "base_price_usd": 0.01,
        "price_unit": "output",
        "pricing_note": "A made-up price: the sandbox charges nothing.",
        "model_url": f"{ORIGIN}/v1/models/a/one",
        "inputs": ["prompt", "seed"],
        "required_inputs": ["prompt"],
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["a/one", "a/two", "b/three"]),
        ({"search": "A/"}, ["a/one", "a/two"]),
        ({"search": "erste"}, ["a/one"]),
        ({"search": "nothing"}, []),
        ({"category": "image-to-video"}, ["a/two"]),
        ({"kind": "workflow"}, ["b/three"]),
        ({"kind": "model", "search": "two"}, ["a/two"]),
        ({"kind": "inference"}, []),
    ],
)
def test_search(models: dict[str, Model], query: dict[str, str], expected: list[str]) -> None:
    page = catalog.page(models, query, ORIGIN)
    assert _ids(page) == expected
    assert page["total"] == len(expected)


def test_pages(models: dict[str, Model]) -> None:
    first = catalog.page(models, {"limit": "2"}, ORIGIN)
    second = catalog.page(models, {"limit": "2", "offset": "2"}, ORIGIN)
    assert _ids(first) + _ids(second) == ["a/one", "a/two", "b/three"]
    assert (second["total"], second["limit"], second["offset"]) == (3, 2, 2)
    assert catalog.page(models, {"offset": "9"}, ORIGIN)["models"] == []
    assert catalog.page(models, {}, ORIGIN)["limit"] == 100
    assert catalog.page(models, {"limit": "500"}, ORIGIN)["limit"] == 500


@pytest.mark.parametrize(("asked", "told"), [("true", True), ("True", True), ("false", False)])
def test_include_schema(models: dict[str, Model], asked: str, told: bool) -> None:  # noqa: FBT001 - a parameter of the test
    page = catalog.page(models, {"include_schema": asked}, ORIGIN)
    assert all(("input_schema" in entry) is told for entry in page["models"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "501"),
        ("limit", "-1"),
        ("limit", "ten"),
        ("limit", ""),
        ("limit", "٣"),
        ("limit", "9" * 5000),
        ("offset", "-1"),
        ("kind", "modell"),
    ],
)
def test_a_wrong_parameter_is_named(models: dict[str, Model], name: str, value: str) -> None:
    with pytest.raises(Refusal) as caught:
        catalog.page(models, {name: value}, ORIGIN)
    answer = caught.value.answer
    assert answer.status == 422
    assert isinstance(answer.body, dict)
    assert answer.body["detail"][0]["loc"] == ["query", name]


def test_categories(models: dict[str, Model]) -> None:
    assert catalog.categories(models) == ["image-to-video", "text-to-image", "text-to-video"]
