"""What a schema may ask for at most: each limit is an error at its place, never a traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support_schemas import document, generated, loaded
from support_time import little_time

from runcomfy_codegen.dialect import standardise
from runcomfy_codegen.errors import Diagnostics
from runcomfy_codegen.parse import parse

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: Keyword → one more level of it.
LEVELS: dict[str, Callable[[Any], Any]] = {
    "items": lambda inner: {"items": inner},
    "typed items": lambda inner: {"type": "array", "items": inner},
    "prefixItems": lambda inner: {"prefixItems": [inner]},
    "contains": lambda inner: {"contains": inner},
    "properties": lambda inner: {"type": "object", "properties": {"a": inner}},
    "additionalProperties": lambda inner: {"additionalProperties": inner},
    "not": lambda inner: {"not": inner},
    "if": lambda inner: {"if": inner, "then": False},
    "allOf": lambda inner: {"allOf": [inner]},
    "anyOf": lambda inner: {"anyOf": [inner, True]},
    "dependentSchemas": lambda inner: {"dependentSchemas": {"a": inner}},
}

ONE_LEVEL = {"items", "typed items", "contains", "additionalProperties", "not", "if"}


def nested(level: Callable[[Any], Any], times: int) -> Any:
    made: Any = {"type": "string", "maxLength": 3}
    for _ in range(times):
        made = level(made)
    return made


@pytest.mark.parametrize("name", LEVELS)
def test_what_nests_as_deep_as_it_may_is_generated_and_checked(name: str, tmp_path: Path) -> None:
    # A document nests 100 levels; three are above a field, and most keywords take two.
    times = 95 if name in ONE_LEVEL else 47
    models = generated(tmp_path, document(x=nested(LEVELS[name], times)))
    models.get("acme/paint").validate({"x": [[[[["long"]]]]]})


def chain(length: int, width: int, leaf: Any, *, in_place: bool) -> dict[str, Any]:
    """A field that refers *width* times to what refers *width* times and so on."""
    defined: dict[str, Any] = {"l0": leaf}
    for i in range(1, length + 1):
        one = {"$ref": f"#/properties/x/$defs/l{i - 1}"}
        many = {f"p{j}": one for j in range(width)}
        defined[f"l{i}"] = {"allOf": [one] * width} if in_place else {"properties": many}
    return document(x={"$defs": defined, "$ref": f"#/properties/x/$defs/l{length}"})


MEDIA = {"type": "string", "format": "image_uri"}
TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (
            document(x={"enum": list(range(10_001))}),
            "x/enum: lists 10001 values; 10000 are the most",
        ),
        (
            document(**{f"p{i}": TEXT for i in range(2001)}),
            "/input_schema/properties: has 2001 names; 2000 are the most",
        ),
        (document(**{"n" * 201: TEXT}), "has more than 200 characters"),
        (
            document(x={"anyOf": [{"minLength": i} for i in range(10_001)]}),
            "/input_schema: holds 10003 schemas; 10000 are the most",
        ),
        (
            document(x={"anyOf": [{"minLength": i} for i in range(6_000)]}),
            "properties/x: applies more than 5000 schemas to the same value",
        ),
        (chain(10, 10, TEXT, in_place=True), "applies more than 5000 schemas to the same value"),
        (chain(10, 10, MEDIA, in_place=False), "holds media at more than 1000 places"),
        (chain(201, 1, TEXT, in_place=False), "refers to 202 different schemas; 200 are the most"),
        (chain(60, 1, TEXT, in_place=True), "refers on and on: 100 schemas inside each other"),
    ],
)
def test_what_goes_beyond_a_limit_is_refused_at_once(raw: dict[str, Any], fault: str) -> None:
    diagnostics = Diagnostics()
    with little_time(10):
        standard = standardise(loaded(raw), diagnostics)
        if standard is not None:
            parse(standard, diagnostics)
    assert diagnostics.errors
    assert any(fault in str(one) for one in diagnostics.errors), diagnostics.errors[:3]
    assert all(one.pointer.startswith("/") for one in diagnostics.errors)


def test_schemas_that_are_referred_to_inside_each_other_are_counted_each_time() -> None:
    inner: Any = TEXT
    for i in range(40):
        inner = {"properties": {"a": inner, **{f"f{i}-{j}": TEXT for j in range(20)}}}
    pointers = ["#/properties/x" + "/properties/a" * depth for depth in range(40)]
    raw = document(x=inner, **{f"r{i}": {"$ref": one} for i, one in enumerate(pointers)})
    diagnostics = Diagnostics()
    standardise(loaded(raw), diagnostics)
    assert [one.message for one in diagnostics.errors] == [
        "refers to more than 10000 schemas, those inside others included"
    ]


@pytest.mark.parametrize(
    "raw",
    [
        document(x={"enum": [f"v{i}" for i in range(10_000)]}),
        document(**{f"p{i}": {"type": "integer"} for i in range(500)}),
        chain(190, 1, TEXT, in_place=False),
        chain(190, 1, MEDIA, in_place=False),
        chain(45, 1, TEXT, in_place=True),
        chain(10, 10, TEXT, in_place=False),
        document(x={"type": "integer", "maximum": 10**4299, "multipleOf": 10**4299}),
        document(x={"type": "string", "maxLength": 10**4299, "title": "x" * 500_000}),
        document(x={"enum": [[[[[[]]]]], {"a": {"b": {}}}]}),
    ],
)
def test_what_is_within_the_limits_is_generated(raw: dict[str, Any], tmp_path: Path) -> None:
    model = generated(tmp_path, raw).get("acme/paint")
    assert isinstance(model.validate({"x": 5}), list)


def test_classes_and_types_have_names_of_bearable_length() -> None:
    def deep(times: int) -> Any:
        made: Any = {"type": "string", "enum": ["a"]}
        for _ in range(times):
            made = {"type": "object", "properties": {"n" * 90: made}}
        return made

    diagnostics = Diagnostics()
    standard = standardise(loaded(document(x=deep(3))), diagnostics)
    assert standard is not None
    parse(standard, diagnostics)
    assert "which is too long" in diagnostics.errors[0].message
    assert diagnostics.errors[0].pointer == "/input_schema/properties"


def test_classes_of_one_name_are_an_error() -> None:
    inner = {"type": "object", "properties": {"c": TEXT}}
    raw = document(
        a_b={"type": "object", "properties": {"c": TEXT}},
        a={"type": "object", "properties": {"b": inner}},
    )
    diagnostics = Diagnostics()
    standard = standardise(loaded(raw), diagnostics)
    assert standard is not None
    parse(standard, diagnostics)
    assert "two objects inside the input would both be classes named AB" in [
        one.message for one in diagnostics.errors
    ]
