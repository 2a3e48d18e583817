from __future__ import annotations

from typing import Any

import pytest
from support_schemas import document, loaded, parsed

from runcomfy_codegen.dialect import standardise
from runcomfy_codegen.errors import Diagnostics
from runcomfy_codegen.ir import Constraint, Text
from runcomfy_codegen.parse import parse


def test_a_model_carries_what_its_document_says() -> None:
    raw = document(
        prompt={"type": "string", "title": "프롬프트", "maxLength": 5, "required": True},
        seed={"type": "integer", "default": 0, "maximum": 4294967295, "minimum": 0},
    )
    model = parsed(raw)
    prompt, seed = model.input.fields
    assert model.source.words == "acme/paint.json"
    assert model.module == ("acme", "paint")
    assert (prompt.required, seed.required) == (True, False)
    assert prompt.title == Text("프롬프트")
    assert prompt.shape.constraints == (Constraint("maxLength", 5),)
    assert seed.default == 0
    assert [one.rule for one in seed.shape.constraints] == ["minimum", "maximum"]
    assert [field.name for field in model.output.fields][:2] == ["image", "video"]


@pytest.mark.parametrize(
    ("schema", "nullable"),
    [
        ({"type": "string"}, False),
        ({"type": ["string", "null"]}, True),
        ({"enum": ["a", None]}, True),
        ({"enum": ["a"]}, False),
        ({"const": None}, True),
        ({}, True),
    ],
)
def test_nullable(schema: dict[str, Any], nullable: bool) -> None:  # noqa: FBT001 - a column
    (field,) = parsed(document(x=schema)).input.fields
    assert field.nullable is nullable


@pytest.mark.parametrize(
    ("categories", "kind"),
    [
        (["text-to-image"], "image"),
        (["image-to-video"], "video"),
        (["text-to-audio", "x"], "audio"),
        ([], "image"),
    ],
)
def test_the_category_says_what_a_bare_url_is(categories: list[str], kind: str) -> None:
    model = parsed({**document(), "categories": categories})
    assert model.endpoint.output_kind == kind


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"a-b": {"type": "string"}, "a_b": {"type": "string"}}, "a_b"),
        ({"size": {"enum": ["a"]}, "Size": {"type": "string"}}, "Size"),
        ({"a-b": {"enum": ["a"]}, "a.b": {"enum": ["a"]}}, "a_b"),
    ],
)
def test_two_fields_of_one_python_name_are_an_error_that_names_both(
    fields: dict[str, Any], name: str
) -> None:
    diagnostics = Diagnostics()
    standard = standardise(loaded(document(**fields)), diagnostics)
    assert standard is not None
    parse(standard, diagnostics)
    first, second = fields
    message = f"{second!r} and {first!r} would both be named {name} in Python"
    assert diagnostics.errors[0].message == message
    assert diagnostics.errors[0].pointer == f"/input_schema/properties/{second}"


def test_a_choice_never_has_the_name_of_its_field() -> None:
    diagnostics = Diagnostics()
    standard = standardise(loaded(document(Size={"enum": ["a"]})), diagnostics)
    assert standard is not None
    (field,) = parse(standard, diagnostics).input.fields
    assert diagnostics.errors == []
    assert field.shape.choice is not None
    assert field.shape.choice.name == "SizeChoice"
