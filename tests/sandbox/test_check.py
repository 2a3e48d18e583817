from __future__ import annotations

from typing import Any

import pytest
from referencing.exceptions import Unresolvable

from runcomfy_sandbox.check import Checker


def _object(**properties: object) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def _found(schema: dict[str, Any], value: object) -> list[tuple[tuple[str | int, ...], str]]:
    return [(found.path, found.rule) for found in Checker(schema).violations(value)]


@pytest.mark.parametrize("kind", ["float", ["float", "null"]])
def test_float_means_number(kind: object) -> None:
    schema = _object(scale={"type": kind, "maximum": 2})
    assert not _found(schema, {"scale": 1})
    assert not _found(schema, {"scale": 1.5})
    assert _found(schema, {"scale": True}) == [(("scale",), "type")]
    assert _found(schema, {"scale": "1"}) == [(("scale",), "type")]
    assert _found(schema, {"scale": 2.5}) == [(("scale",), "maximum")]


def test_a_property_may_be_called_type() -> None:
    schema = _object(type={"type": "string", "enum": ["float"]})
    assert not _found(schema, {"type": "float"})


def test_formats_are_no_rules() -> None:
    schema = _object(
        image={"type": "string", "format": "image_uri"},
        images={"type": "array", "format": "image_uris"},
    )
    assert not _found(schema, {"image": "no uri", "images": ["no uri", 1]})


def test_required_with_a_default_stays_required() -> None:
    schema = {**_object(prompt={"type": "string", "default": "a cat"}), "required": ["prompt"]}
    assert _found(schema, {}) == [((), "required")]


def test_required_that_names_no_property_is_tolerated() -> None:
    schema = {**_object(prompt={"type": "string"}), "required": ["prompt", "image"]}
    assert not _found(schema, {"prompt": "a cat"})


def test_required_without_properties_holds() -> None:
    schema = {**_object(a={}, b={}), "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}
    assert not _found(schema, {"b": 1})
    assert _found(schema, {}) == [((), "anyOf")]


def test_required_says_nothing_about_what_is_no_object() -> None:
    assert not _found({"required": ["a"]}, "text")


def test_every_place_is_told_in_order() -> None:
    schema = _object(
        prompt={"type": "string"}, images={"type": "array", "items": {"type": "string"}}
    )
    checker = Checker(schema)
    found = checker.violations({"prompt": 1, "images": ["a", 2, "c", 4]})
    assert [violation.path for violation in found] == [("images", 1), ("images", 3), ("prompt",)]
    assert str(found[0]) == "/images/1: 2 is not of type 'string'"


def test_a_long_value_is_not_quoted_whole() -> None:
    (violation,) = Checker({"type": "integer"}).violations("x" * 1_000_000)
    assert len(violation.message) < 400
    assert violation.message.endswith("is not of type 'integer'")


@pytest.mark.parametrize(
    "schema",
    [{"type": "strng"}, _object(a={"maximum": "1"}), _object(a={"pattern": "("})],
)
def test_broken_schema(schema: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^\$"):
        Checker(schema)


def test_references_stay_inside_the_document() -> None:
    inside = {"$defs": {"text": {"type": "string"}}, "$ref": "#/$defs/text"}
    assert _found(inside, 1) == [((), "type")]
    checker = Checker({"$ref": "http://127.0.0.1:9/schema.json"})
    with pytest.raises(Unresolvable):
        checker.violations(1)
