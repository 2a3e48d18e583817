"""Every model as a schema, a tool and a type of pydantic's: one verdict, whoever judges."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_inputs import instances
from support_schemas import MEDIA

from runcomfy import errors, models
from runcomfy_core.model.tools import _NOT_AT_TOP

IDS = list(models.MODULES)


def judge(schema: dict[str, Any]) -> jsonschema.Draft202012Validator:
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, format_checker=MEDIA)


@pytest.mark.parametrize("model_id", IDS)
@settings(max_examples=15)
@given(data=st.data())
def test_what_a_tool_call_brings_is_judged_as_its_schema_says(
    model_id: str, data: st.DataObject
) -> None:
    module: Any = models.get(model_id)
    all_said = module.tool("mcp")["inputSchema"]
    assert all_said == module.json_schema()
    arguments = data.draw(instances(all_said))
    # A call brings JSON text.
    arguments = json.loads(json.dumps(arguments))
    sound = judge(all_said).is_valid(arguments)
    problems = module.validate(arguments, allow_private_media=True)
    assert (not problems) == sound, problems
    if sound:
        assert judge(module.tool("openai")["function"]["parameters"]).is_valid(arguments)
        assert judge(module.tool("anthropic")["input_schema"]).is_valid(arguments)


@pytest.mark.parametrize("model_id", IDS)
@settings(max_examples=15)
@given(data=st.data())
def test_an_input_goes_to_json_and_back(model_id: str, data: st.DataObject) -> None:
    module: Any = models.get(model_id)
    wire = data.draw(instances(module.json_schema()))
    adapter = pydantic.TypeAdapter(module.Input)
    problems = tuple(module.validate(wire, allow_private_media=True))
    if problems:
        text = json.dumps(wire)
        for make, given_ in ((module.Input.from_dict, wire), (module.Input.from_json, text)):
            with pytest.raises(errors.InvalidInput) as caught:
                make(given_)
            assert caught.value.problems == problems
        with pytest.raises(pydantic.ValidationError) as refused:
            adapter.validate_python(wire)
        said = [(one["type"], one["msg"]) for one in refused.value.errors()]
        assert said == [(one.rule, one.message) for one in problems]
        return
    value = module.Input.from_dict(wire)
    assert value.to_dict() == wire
    assert module.Input.from_dict(value.to_dict()) == value
    assert module.Input(**value.to_dict()) == value
    assert module.Input.from_json(json.dumps(wire)) == value
    assert module.Input.from_json(json.dumps(wire, ensure_ascii=False).encode()) == value
    assert adapter.validate_python(wire) == value
    assert adapter.validate_json(adapter.dump_json(value)) == value
    assert adapter.dump_python(value) == wire


@pytest.mark.parametrize("model_id", IDS)
def test_a_tool_keeps_the_rules_of_its_format(model_id: str) -> None:
    module: Any = models.get(model_id)
    openai, anthropic, mcp = map(module.tool, ("openai", "anthropic", "mcp"))
    assert openai.keys() == {"type", "function"}
    assert openai["type"] == "function"
    assert openai["function"].keys() == {"name", "description", "parameters"}
    assert anthropic.keys() == {"name", "description", "input_schema"}
    assert mcp.keys() == {"name", "description", "inputSchema"}
    for one in (openai["function"], anthropic, mcp):
        assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", one["name"])
        assert len(one["name"]) <= 64
        assert 20 < len(one["description"]) <= 1024
    for schema in (openai["function"]["parameters"], anthropic["input_schema"]):
        assert schema["type"] == "object"
        assert not {"$schema", *_NOT_AT_TOP} & schema.keys()
        # No model has a field that Anthropic refuses, so all are there.
        assert schema["properties"].keys() == mcp["inputSchema"]["properties"].keys()
        assert schema["additionalProperties"] is False
    json.dumps([openai, anthropic, mcp], allow_nan=False)


def test_every_model_is_a_tool_of_its_own() -> None:
    tools: list[Any] = [models.get(one).tool("mcp") for one in IDS]
    assert len({one["name"] for one in tools}) == len(IDS)


def test_what_two_formats_forbid_is_said_by_the_third() -> None:
    less = {
        model_id for model_id in IDS if set(_NOT_AT_TOP) & models.get(model_id).json_schema().keys()
    }
    assert {"bytedance/seed-audio-1.0/text-to-audio", "wan-ai/wan-3.0/reference-to-video"} <= less
    assert len(less) == 5
    for model_id in less:
        module = models.get(model_id)
        assert module.tool("mcp")["inputSchema"] == module.json_schema()


def test_every_field_has_words_and_no_required_one_a_default() -> None:
    for model_id in IDS:
        schema = models.get(model_id).json_schema()
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        for name, field in schema["properties"].items():
            assert field["description"], (model_id, name)
            assert "default" not in field or name not in schema.get("required", ())


def test_a_schema_is_the_callers_own() -> None:
    module = models.get("wan-ai/wan-2-6/image-to-image")
    schema = module.json_schema()
    schema["properties"].clear()
    assert module.json_schema()["properties"].keys() >= {"prompt", "image_urls"}
    assert module.json_schema()["properties"]["image_urls"]["items"]["format"] == "image_uri"
