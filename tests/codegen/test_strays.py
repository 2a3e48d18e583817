from __future__ import annotations

from typing import Any

import pytest
from support_schemas import document

from runcomfy_codegen.strays import strays

LORA = {"type": "object", "properties": {"path": {"type": "string"}}}
OUTPUT = {"type": "object", "properties": {"mask": {"type": "string"}}}
RAW: dict[str, Any] = {
    **document(
        prompt={"type": "string", "title": "Prompt"},
        image_url={"type": "string"},
        loras={"type": "array", "items": LORA},
        tags={"type": "array"},
        extra={"type": "object"},
    ),
    "output_schema": OUTPUT,
}


def found(document: dict[str, Any], overlay: dict[str, Any]) -> list[str]:
    return [f"{place}: {message}" for place, message in strays(document, overlay)]


@pytest.mark.parametrize(
    ("patch", "stray"),
    [
        (
            {"properties": {"promt": {"maxLength": 5}}},
            "/properties/promt: 'promt' is no field of the document; did you mean 'prompt'?",
        ),
        (
            {"properties": {"style": {"type": "string", "enum": ["a"]}}},
            "/properties/style: 'style' is no field of the document",
        ),
        (
            {"properties": {"loras": {"items": {"properties": {"pth": {"minLength": 1}}}}}},
            (
                "/properties/loras/items/properties/pth: 'pth' is no field of the document; "
                "did you mean 'path'?"
            ),
        ),
        (
            {"properties": {"loras": {"items": {"required": ["path", "pth"]}}}},
            (
                "/properties/loras/items/required/1: 'pth' is no field of the document; "
                "did you mean 'path'?"
            ),
        ),
        (
            {"if": {"required": ["image_ur"]}, "else": {"required": ["prompt"]}},
            ("/if/required/0: 'image_ur' is no field of the document; did you mean 'image_url'?"),
        ),
        (
            {"anyOf": [{"required": ["prompt"]}, {"properties": {"image-url": True}}]},
            (
                "/anyOf/1/properties/image-url: 'image-url' is no field of the document; "
                "did you mean 'image_url'?"
            ),
        ),
        (
            {"properties": {"prompt": {"titel": None}}},
            (
                "/properties/prompt/titel: removes 'titel', which the document doesn't have; "
                "did you mean 'title'?"
            ),
        ),
        (
            {"properties": {"promt": None}},
            (
                "/properties/promt: removes 'promt', which the document doesn't have; "
                "did you mean 'prompt'?"
            ),
        ),
        (
            {"not": {"const": None}},
            "/not/const: removes 'const', which the document doesn't have",
        ),
    ],
)
def test_what_the_document_does_not_have_is_named(patch: dict[str, Any], stray: str) -> None:
    assert found(RAW, {"input_schema": patch}) == [f"/input_schema{stray}"]


@pytest.mark.parametrize(
    "patch",
    [
        {"properties": {"prompt": {"maxLength": 5, "title": None}}},
        {"properties": {"image_url": None}},
        {"if": {"required": ["image_url"]}, "else": {"properties": {"prompt": {"minLength": 1}}}},
        {"dependentSchemas": {"prompt": {"not": {"required": ["image_url"]}}}},
        # The document says nothing of what is in these.
        {"properties": {"tags": {"items": {"properties": {"name": {"type": "string"}}}}}},
        {"properties": {"extra": {"properties": {"a": {"type": "string"}}, "required": ["a"]}}},
        # A list replaces what was there, nulls and all.
        {"properties": {"prompt": {"enum": [None], "anyOf": [{"const": None}]}}},
        # Said of every document, by another pass.
        {"required": ["promt"]},
        # What is no schema is said by another pass, too.
        {"properties": 5, "anyOf": {}, "if": [], "required": [5]},
    ],
)
def test_what_the_document_has_may_be_spoken_of(patch: dict[str, Any]) -> None:
    assert found(RAW, {"input_schema": patch}) == []


def test_the_output_is_looked_at_bare_and_wrapped() -> None:
    patch = {"properties": {"msk": {"title": "x"}}}
    words = "'msk' is no field of the document; did you mean 'mask'?"
    assert found(RAW, {"output_schema": patch}) == [f"/output_schema/properties/msk: {words}"]
    wrapped = {**RAW, "output_schema": {"output": OUTPUT}}
    assert found(wrapped, {"output_schema": {"output": patch}}) == [
        f"/output_schema/output/properties/msk: {words}"
    ]
    # A document without one may get one.
    assert found(document(), {"output_schema": OUTPUT}) == []


def test_a_key_of_the_document_that_is_not_there_can_not_be_removed() -> None:
    assert found(RAW, {"output_shema": None}) == [
        (
            "/output_shema: removes 'output_shema', which the document doesn't have; "
            "did you mean 'output_schema'?"
        )
    ]
    assert found(RAW, {"output_schema": None}) == []
