from __future__ import annotations

import random
from typing import Any

import jsonschema
import pytest
from support_instances import instance
from support_instances import schema as made_schema

from runcomfy_core.errors import ConfigurationError
from runcomfy_core.model.tools import definition, tool_name

ROOT = {"type": "object", "properties": {}, "additionalProperties": False}


def tools(schema: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", **ROOT, **schema}
    assert definition("a/b", "Words.", whole, "mcp")["inputSchema"] is whole
    return (
        definition("a/b", "Words.", whole, "openai")["function"]["parameters"],
        definition("a/b", "Words.", whole, "anthropic")["input_schema"],
    )


def fits(schema: dict[str, Any], value: object) -> bool:
    return jsonschema.Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize(
    ("model_id", "name"),
    [
        ("wan-ai/wan-2-6/image-to-image", "wan-ai__wan-2-6__image-to-image"),
        ("kling/kling-3.0/4k", "kling__kling-3_0__4k"),
        ("solo", "solo"),
    ],
)
def test_a_name_tells_the_model(model_id: str, name: str) -> None:
    assert tool_name(model_id) == name


def test_no_two_models_have_one_name() -> None:
    alike = ["a/b", "a__b", "a..b", "a_b", "a.b", "a_.b", "a-b", "a" * 64, "a" * 65, "a" * 66]
    names = [tool_name(one) for one in alike]
    assert len(set(names)) == len(alike)
    assert max(map(len, names)) == 64


def test_words_are_one_line_that_is_not_too_long() -> None:
    tool = definition("a/b", "Makes\n\na picture. " * 100, ROOT, "anthropic")
    assert tool["description"].startswith("Makes a picture. Makes")
    assert len(tool["description"]) == 1024


def test_another_format_is_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match="is one of 'openai', 'anthropic', 'mcp', not 'o'"):
        definition("a/b", "Words.", ROOT, "o")  # type: ignore[arg-type] # that is the point


def test_openai_gets_items_for_every_array_and_nothing_else_changes() -> None:
    fields: dict[str, Any] = {
        "a": {"type": "array"},
        "b": {"type": ["string", "array"], "default": {"type": "array"}},
        "c": {"type": "object", "properties": {"type": {"type": "array", "maxItems": 2}}},
        "d": {"anyOf": [{"type": "array"}, True], "enum": [{"type": "array"}]},
        "e": {"type": "array", "items": {"type": "string"}},
    }
    openai, anthropic = tools({"properties": fields})
    assert anthropic["properties"] == fields
    found = openai["properties"]
    assert found["a"] == {"type": "array", "items": {}}
    assert found["b"] == {**fields["b"], "items": {}}
    assert found["c"]["properties"]["type"] == {"type": "array", "maxItems": 2, "items": {}}
    assert found["d"] == {**fields["d"], "anyOf": [{"type": "array", "items": {}}, True]}
    assert found["e"] == fields["e"]


def test_a_field_that_cannot_be_named_is_left_out_and_stays_allowed() -> None:
    name = "세로"
    for one in tools(
        {"properties": {name: True, "a": {"type": "string"}}, "required": [name, "a"]}
    ):
        assert list(one["properties"]) == ["a"]
        assert one["required"] == ["a"]
        assert fits(one, {name: 1, "a": "x"})
        assert not fits(one, {"a": 1})


def test_references_into_what_is_left_out_still_lead_there() -> None:
    schema = {
        "properties": {
            "a": {"$ref": "#/anyOf/0/properties/a"},
            "b": {"not": {"$ref": "#"}},
            "c": {"$ref": "#/$defs/whole"},
        },
        "anyOf": [{"properties": {"a": {"type": "string"}}}],
        "$defs": {"whole": {"type": "integer"}},
    }
    for one in tools(schema):
        assert "anyOf" not in one
        assert fits(one, {"a": "x", "b": 1, "c": 1})
        assert not fits(one, {"a": 1})
        assert not fits(one, {"c": "x"})
        assert not fits(one, {"b": {"a": "x"}})  # which is a sound input
        assert fits(one, {"b": {"a": 1}})  # which is none


def test_a_tool_never_says_more_than_the_schema() -> None:
    rejected = accepted = 0
    for seed in range(800):
        chance = random.Random(seed)  # noqa: S311 - examples, no secrets
        below: Any = {
            "properties": {name: made_schema(chance) for name in ("a", "b", "xa", "ä")},
            "$defs": {"one": {"enum": [1, "a"]}, "two": {"type": "string"}},
        }
        for key in chance.sample(["anyOf", "oneOf", "allOf", "not", "if", "required"], 2):
            many = [made_schema(chance, 1) for _ in range(2)]
            below[key] = ["a"] if key == "required" else many[0] if key in {"not", "if"} else many
        if "not" in below:
            below["properties"]["b"] = {"not": {"$ref": "#/not"}}
        whole = {**ROOT, **below}
        for _ in range(10):
            made = instance(chance, whole, whole)
            if not isinstance(made, dict):
                continue
            value = {name: made[name] for name in below["properties"] if name in made}
            if fits(whole, value):
                accepted += 1
                assert all(fits(one, value) for one in tools(below)), (seed, value)
            else:
                rejected += 1
    assert min(accepted, rejected) > 100
