from __future__ import annotations

from typing import Any

import pytest
from support_schemas import document, loaded, parsed

from runcomfy_codegen.dialect import standardise
from runcomfy_codegen.errors import Diagnostics, SchemaError
from runcomfy_codegen.ir import ListOf, MediaFile, Scalar, Union
from runcomfy_codegen.parse import parse

IMAGE = {"type": "string", "format": "image_uri"}
VIDEO = {"type": "string", "format": "video_uri"}
IMAGES = {"type": "array", "format": "image_uris"}
RULE = {"validation_rule": "fps<=", "validation_value": 30, "validation_error": "no"}


def places(**properties: Any) -> list[tuple[Any, Any]]:
    return [(field.place, field.kind) for field in parsed(document(**properties)).media]


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, []),
        ({"type": "string", "format": "uri"}, []),
        (IMAGE, [(("x",), "image")]),
        (IMAGES, [(("x", None), "image")]),
        ({"type": "array", "items": IMAGES}, [(("x", None, None), "image")]),
        ({"type": "array", "prefixItems": [IMAGE, VIDEO]}, [(("x", 0), "image"),
                                                            (("x", 1), "video")]),
        ({"type": "object", "properties": {"a": IMAGE}}, [(("x", "a"), "image")]),
        ({"type": "object", "additionalProperties": VIDEO}, [(("x", None), "video")]),
        ({"type": "object", "patternProperties": {"^a": VIDEO}}, [(("x", None), "video")]),
        ({"anyOf": [IMAGE, IMAGES]}, [(("x",), "image"), (("x", None), "image")]),
        ({"oneOf": [IMAGE, VIDEO]}, [(("x",), None)]),
        ({"if": {"type": "string"}, "then": IMAGE, "else": IMAGES}, [(("x",), "image"),
                                                                      (("x", None), "image")]),
        ({"type": "object", "dependentSchemas": {"a": {"properties": {"b": IMAGE}}}},
         [(("x", "b"), "image")]),
        # These only ask.
        ({"not": IMAGE}, []),
        ({"type": "array", "contains": IMAGE}, []),
    ],
)  # fmt: skip
def test_every_place_of_media_is_found(schema: dict[str, Any], expected: list[Any]) -> None:
    assert places(x=schema) == expected


def test_a_reference_is_followed() -> None:
    raw = document(a={"$ref": "#/$defs/picture"}, b={"type": "array", "items": {"$ref": "#/$defs/"
                   "picture"}})  # fmt: skip
    raw["input_schema"]["$defs"] = {"picture": IMAGE}
    found = [(field.place, field.kind) for field in parsed(raw).media]
    assert found == [(("a",), "image"), (("b", None), "image")]


def tree(leaf: dict[str, Any]) -> dict[str, Any]:
    raw = document(tree={"$ref": "#/$defs/tree"})
    children = {"type": "array", "items": {"$ref": "#/$defs/tree"}}
    raw["input_schema"]["$defs"] = {
        "leaf": leaf,
        "tree": {
            "type": "object",
            "properties": {"leaf": {"$ref": "#/$defs/leaf"}, "children": children},
        },
    }
    return raw


def test_media_without_an_end_of_places_are_an_error() -> None:
    diagnostics = Diagnostics()
    standard = standardise(loaded(tree(IMAGE)), diagnostics)
    assert standard is not None
    parse(standard, diagnostics)
    with pytest.raises(SchemaError) as caught:
        diagnostics.finish()
    assert (
        "paint.json#/input_schema/$defs/tree: holds media and refers to itself; media need places "
        "that can be told" in str(caught.value)
    )


def test_a_schema_that_holds_itself_without_media_is_fine() -> None:
    assert parsed(tree({"type": "string"})).media == ()


def test_the_rules_are_those_of_the_field() -> None:
    raw = document(a={**VIDEO, "validations": [RULE]}, b=VIDEO)
    first, second = parsed(raw).media
    assert [(rule.metric, rule.operator, rule.limit) for rule in first.rules] == [("fps", "<=", 30)]
    assert second.rules == ()


@pytest.mark.parametrize(
    ("schema", "type_"),
    [
        (IMAGE, MediaFile()),
        (IMAGES, ListOf(MediaFile())),
        ({"type": "array", "items": {"type": "string"}}, ListOf(Scalar("str"))),
        ({**IMAGE, "type": ["string", "null"]}, Union((MediaFile(), Scalar("None")))),
        ({"anyOf": [IMAGE, {"type": "integer"}]}, Union((MediaFile(), Scalar("int")))),
        ({"anyOf": [IMAGE, IMAGES]}, Union((MediaFile(), ListOf(MediaFile())))),
        ({"type": "string", "format": "uri"}, Scalar("str")),
    ],
)
def test_a_field_of_media_takes_files(schema: dict[str, Any], type_: object) -> None:
    (field,) = parsed(document(x=schema)).input.fields
    assert field.type == type_


def test_an_object_inside_takes_files_too() -> None:
    ((_, record),) = parsed(document(x={"type": "object", "properties": {"a": IMAGE}})).classes
    assert record.fields[0].type == MediaFile()


def test_an_output_holds_texts() -> None:
    raw = document() | {"output_schema": {"type": "object", "properties": {"image": IMAGE}}}
    assert parsed(raw).output.fields[0].type == Scalar("str")
