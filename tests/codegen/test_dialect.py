from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support_schemas import document, loaded

from runcomfy_codegen.dialect import SHARED_OUTPUT, standardise
from runcomfy_codegen.errors import Diagnostics

if TYPE_CHECKING:
    from runcomfy_codegen.dialect import Standard

RULE = {"validation_rule": "width_pixels>", "validation_value": 1, "validation_error": "no"}


def run(raw: dict[str, Any]) -> tuple[Standard | None, list[str], list[str]]:
    diagnostics = Diagnostics()
    standard = standardise(loaded(raw), diagnostics)
    errors = [f"{one.pointer}: {one.message}" for one in diagnostics.errors]
    return standard, errors, [f"{one.pointer}: {one.message}" for one in diagnostics.warnings]


def properties(**fields: Any) -> dict[str, Any]:
    standard, errors, _ = run(document(**fields))
    assert errors == []
    assert standard is not None
    result: dict[str, Any] = standard.input["properties"]
    return result


@pytest.mark.parametrize(
    ("house", "standard"),
    [
        ({"type": "float"}, {"type": "number"}),
        ({"type": ["float", "null"]}, {"type": ["number", "null"]}),
        ({"type": "integer", "default": None}, {"type": "integer"}),
        (
            {"type": "array", "format": "image_uris"},
            {"type": "array", "items": {"type": "string", "format": "image_uri"}},
        ),
        (
            {"type": "array", "format": "video_uris", "items": {"title": "v"}},
            {"type": "array", "items": {"type": "string", "format": "video_uri", "title": "v"}},
        ),
        ({"type": "array"}, {"type": "array"}),
        ({"type": "integer", "maximum": 4294967295}, {"type": "integer", "maximum": 4294967295}),
        ({"enum": [[True], [1], {"a": 1}]}, {"enum": [[True], [1], {"a": 1}]}),
        ({"type": "string", "maxLength": 2.0}, {"type": "string", "maxLength": 2}),
        ({"anyOf": [{"type": "float"}, True]}, {"anyOf": [{"type": "number"}, True]}),
    ],
)
def test_house_customs_become_standard(house: dict[str, Any], standard: dict[str, Any]) -> None:
    assert properties(x=house)["x"] == standard


def test_the_input_is_not_changed() -> None:
    raw = document(x={"type": "float", "default": None})
    run(raw)
    assert raw["input_schema"]["properties"]["x"] == {"type": "float", "default": None}


def test_media_rules_are_read_off_the_field() -> None:
    standard, errors, _ = run(
        document(x={"type": "array", "format": "image_uris", "validations": [RULE]})
    )
    assert errors == []
    assert standard is not None
    assert [rule.metric for rule in standard.media_rules["x"]] == ["width_pixels"]
    assert "validations" not in standard.input["properties"]["x"]


@pytest.mark.parametrize(
    ("schema", "error"),
    [
        ({"type": "string", "x-python-import": {}}, "/x-python-import: unknown keyword"),
        ({"type": "string", "customTypePath": "os.system"}, "/customTypePath: unknown keyword"),
        ({"$ref": "#/nowhere"}, "/$ref: '#/nowhere' refers to no schema here"),
        (
            {"$ref": "https://example.com/x"},
            "/$ref: is 'https://example.com/x', not a pointer into",
        ),
        ({"$ref": "#/properties/x"}, "/$ref: refers back to itself without going into the value"),
        (
            {"anyOf": [{"not": {"$ref": "#/properties/x"}}]},
            "/anyOf/0/not/$ref: refers back to itself without going into the value",
        ),
        ({"$dynamicRef": "#x"}, "/$dynamicRef: dynamic references are not supported"),
        ({"unevaluatedItems": False}, "/unevaluatedItems: is not supported; use items after"),
        ({"$id": "x"}, "/$id: a schema inside a model document has no id of its own"),
        ({"pattern": "("}, "/pattern: the pattern '(' is not a regular expression"),
        ({"patternProperties": {r"\p{L}": {}}}, "/patternProperties/\\p{L}: the pattern"),
        ({"multipleOf": 0}, "/multipleOf: is 0, not a number over 0"),
        ({"anyOf": []}, "/anyOf: is [], not a list of schemas"),
        ({"properties": {"a": 5}}, "/properties: is {'a': 5}, not an object of schemas"),
        ({"dependentRequired": {"a": "b"}}, "/dependentRequired: is {'a': 'b'}, not an object of"),
        ({"type": "text"}, "/type: is 'text', not one of string, integer"),
        ({"type": []}, "/type: is [], not one of"),
        ({"type": "string", "maxLength": -1}, "/maxLength: is -1, not a whole number from 0"),
        ({"type": "string", "maxLength": True}, "/maxLength: is True, not a whole number from 0"),
        ({"type": "integer", "minimum": "0"}, "/minimum: is '0', not a number"),
        ({"enum": []}, "/enum: is [], not a list of at least one value"),
        ({"type": "string", "enum": [1]}, "/enum: allows nothing"),
        ({"type": "string", "const": 1}, "/const: 1 is not of type string"),
        ({"minlength": 3}, "/minlength: unknown keyword 'minlength'; did you mean 'minLength'?"),
        ({"type": "string", "format": "image_url"}, "/format: unknown format 'image_url'; known"),
        ({"type": "string", "format": "image_uris"}, "/format: unknown format 'image_uris'"),
        ({"type": "integer", "format": "uri"}, "/format: unknown format 'uri'"),
        ({"type": "array", "items": 5}, "/items: is 5, not a schema"),
        ({"type": "array", "items": {"type": "str"}}, "/items/type: is 'str', not one of"),
        (
            {"items": {"format": "image_uri", "validations": [RULE]}},
            "/items/validations: stands below a field; put it on the field itself",
        ),
        ({"type": "string", "validations": [RULE]}, "/validations: stands on a field that is no"),
        (
            {"type": "string", "format": "image_uri", "validations": [{}]},
            "/validations/0: a validation has exactly the keys",
        ),
        ({"type": "string", "validations": 5}, "/validations: is 5, not a list of media rules"),
        ({"type": "string", "title": 5}, "/title: is 5, not a string"),
        ({"type": "array", "uniqueItems": 1}, "/uniqueItems: is 1, not true or false"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_place(
    schema: dict[str, Any], error: str
) -> None:
    standard, errors, _ = run(document(x=schema))
    assert standard is None
    assert any(f"/input_schema/properties/x{error}" in one for one in errors), errors


def test_a_property_that_is_no_schema() -> None:
    assert run(document(x={}) | {"input_schema": {"properties": {"x": 5}}})[1] == [
        "/input_schema/properties: is {'x': 5}, not an object of schemas",
        "/input_schema/properties/x: is not a schema (an object, true or false)",
    ]


@pytest.mark.parametrize(
    ("schema", "error"),
    [
        ({"type": "array"}, "/input_schema: is not the schema of an object"),
        ({"properties": []}, "/input_schema/properties: is [], not an object of schemas"),
        ({"required": ["a", "a"]}, "/input_schema/required: is ['a', 'a'], not a list of differ"),
        ({"required": "a"}, "/input_schema/required: is 'a', not a list of different names"),
        ({"required": [1]}, "/input_schema/required: is [1], not a list of different names"),
        (
            {"properties": {"a": {}}, "required": ["a", "b"]},
            "/input_schema/required/1: requires 'b', which is no property",
        ),
        ({"oneOf": []}, "/input_schema/oneOf: is [], not a list of schemas"),
        (
            {"additionalProperties": {"type": "string"}},
            "/input_schema/additionalProperties: an input has exactly its properties",
        ),
        ({"$ref": "#/$defs/a"}, "/input_schema/$ref: an input has exactly its properties"),
    ],
)
def test_the_schema_of_the_whole_input(schema: dict[str, Any], error: str) -> None:
    found = run({**document(), "input_schema": schema})[1]
    assert any(one.startswith(error) for one in found), found


@pytest.mark.parametrize(
    ("schema", "warning"),
    [
        ({"type": "integer", "default": "x"}, "/default: default 'x' is not of type integer"),
        ({"type": "float", "maximum": 1, "default": 2}, "/default: default 2 is above the maximum"),
        ({"type": "string", "enum": ["a"], "default": "b"}, "/default: default 'b' is not in"),
        ({"type": "string", "enum": ["a", 1]}, "/enum/1: 1 is not of type string"),
        ({"enum": ["a", "a"]}, "/enum/1: 'a' stands twice"),
        ({"type": "integer", "maxLength": 3}, "/maxLength: says nothing of type integer"),
        ({"type": "float", "minimum": 5, "maximum": 3}, ": no number fits both minimum 5 and"),
        ({"type": "integer", "enum": [5], "maximum": 3}, ": every value of its enum breaks the"),
        (
            {"type": "array", "items": {"type": "string"}, "default": ["a", 5]},
            "/default/1: default 5 is not of type string",
        ),
    ],
)
def test_what_is_doubtful_is_a_located_warning(schema: dict[str, Any], warning: str) -> None:
    _, errors, warnings = run(document(x=schema))
    assert errors == []
    assert len(warnings) == 1
    assert warnings[0].startswith(f"/input_schema/properties/x{warning}")


def test_a_long_value_is_cut_in_the_message() -> None:
    _, errors, _ = run(document(x={"type": "string", "title": ["y" * 200]}))
    assert len(errors[0]) < 130
    assert "…" in errors[0]


OUTPUT = {"type": "object", "properties": {"mask": {"type": "string", "format": "uri"}}}


@pytest.mark.parametrize(
    ("output", "fields"),
    [
        (None, list(SHARED_OUTPUT["properties"])),
        (OUTPUT, ["mask"]),
        ({"output": OUTPUT}, ["mask"]),
    ],
)
def test_the_output_schema_stands_bare_or_wrapped_or_is_the_shared_one(
    output: Any, fields: list[str]
) -> None:
    raw = document()
    if output is not None:
        raw["output_schema"] = output
    standard, errors, _ = run(raw)
    assert errors == []
    assert standard is not None
    assert list(standard.output["properties"]) == fields


def test_an_error_in_the_output_names_its_place() -> None:
    raw = {**document(), "output_schema": {"output": {"properties": {"a": {"nope": 1}}}}}
    assert run(raw)[1] == ["/output_schema/output/properties/a/nope: unknown keyword 'nope'"]
