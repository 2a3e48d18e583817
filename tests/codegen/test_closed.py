"""Names that are asked for where they can't be."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_schemas import document, loaded
from support_time import little_time

from runcomfy_codegen import closed
from runcomfy_codegen.dialect import standardise
from runcomfy_codegen.errors import Diagnostics

if TYPE_CHECKING:
    from collections.abc import Callable

NO = "'zz', which is no property"
ZZ: Any = {"required": ["zz"]}
A: Any = {"required": ["a"]}


def findings(**schema: Any) -> tuple[list[str], list[str]]:
    """What is wrong, and what is doubtful, with an input of the fields a, b and c."""
    raw = document(a={"type": "integer"}, b={"type": "integer"}, c={})
    raw["input_schema"] |= schema
    diagnostics = Diagnostics()
    with little_time(10):
        standardise(loaded(raw), diagnostics)
    return said(diagnostics.errors), said(diagnostics.warnings)


def said(found: list[Any]) -> list[str]:
    return [f"{one.pointer.removeprefix('/input_schema')}: {one.message}" for one in found]


@pytest.mark.parametrize(
    ("schema", "error"),
    [
        ({"required": ["a", "zz"]}, f"/required/1: requires {NO}"),
        ({"allOf": [A, ZZ]}, f"/allOf/1/required/0: requires {NO}"),
        ({"allOf": [{"allOf": [ZZ]}]}, f"/allOf/0/allOf/0/required/0: requires {NO}"),
        ({"anyOf": [ZZ]}, f"/anyOf/0/required/0: requires {NO}"),
        ({"oneOf": [ZZ, False]}, f"/oneOf/0/required/0: requires {NO}"),
        ({"if": A, "then": ZZ}, f"/then/required/0: requires {NO}"),
        ({"if": A, "else": ZZ}, f"/else/required/0: requires {NO}"),
        ({"if": ZZ, "then": A, "else": ZZ}, f"/else/required/0: requires {NO}"),
        ({"if": A, "then": {"allOf": [ZZ]}}, f"/then/allOf/0/required/0: requires {NO}"),
        (
            {"if": {"properties": {"a": {"const": 1}}}, "then": ZZ},
            f"/then/required/0: requires {NO}",
        ),
        ({"dependentRequired": {"a": ["b", "zz"]}}, f"/dependentRequired/a/1: requires {NO}"),
        ({"dependentSchemas": {"a": ZZ}}, f"/dependentSchemas/a/required/0: requires {NO}"),
        ({"not": {"not": ZZ}}, "/not: forbids what always holds"),
        ({"not": {"anyOf": [{"not": ZZ}, A]}}, "/not: forbids what always holds"),
        (
            {"$defs": {"d": ZZ}, "allOf": [{"$ref": "#/$defs/d"}]},
            f"/$defs/d/required/0: requires {NO}",
        ),
        (
            {"$defs": {"a/b": ZZ}, "anyOf": [{"$ref": "#/$defs/a~1b"}]},
            f"/$defs/a~1b/required/0: requires {NO}",
        ),
        (
            {"minProperties": 4},
            "/minProperties: asks for 4 fields, and there can be no more than 3",
        ),
        (
            {"allOf": [A, {"maxProperties": 1}], "required": ["a", "b"]},
            "/allOf/1/maxProperties: allows no more than 1 fields, and 2 are required",
        ),
        ({"const": {"a": 1, "zz": 2}}, "/const: has names that are no property"),
        (
            {"allOf": [{"enum": [{"zz": 2}, {"zz": 1}]}]},
            "/allOf/0/enum: has names that are no property",
        ),
        (
            {"allOf": [{"minProperties": 4}]},
            "/allOf/0/minProperties: asks for 4 fields, and there can be no more than 3",
        ),
        (
            {
                "allOf": [
                    {"properties": {"a": True}, "additionalProperties": False},
                    {"required": ["b"]},
                ]
            },
            "/allOf/1/required/0: requires 'b', which is no property",
        ),
        (
            {"allOf": [{"properties": {"b": False}}], "required": ["b"]},
            "/required/0: requires 'b', whose schema is false",
        ),
        (
            {"if": A, "then": {"properties": {"b": False}, "required": ["b"]}},
            "/then/required/0: requires 'b', whose schema is false",
        ),
    ],
)
def test_what_must_hold_and_can_not_is_an_error(schema: dict[str, Any], error: str) -> None:
    errors, _ = findings(**schema)
    assert errors == [error]


@pytest.mark.parametrize(
    ("schema", "warning"),
    [
        ({"anyOf": [A, ZZ]}, f"/anyOf/1/required/0: requires {NO}"),
        ({"oneOf": [ZZ, A]}, f"/oneOf/0/required/0: requires {NO}"),
        ({"anyOf": [A, {"if": A, "then": ZZ}]}, f"/anyOf/1/then/required/0: requires {NO}"),
        ({"if": ZZ, "then": A}, f"/if/required/0: requires {NO}"),
        ({"if": {"not": ZZ}, "then": A}, f"/if/not/required/0: requires {NO}"),
        ({"not": ZZ}, f"/not/required/0: requires {NO}"),
        ({"not": {"anyOf": [ZZ, A]}}, f"/not/anyOf/0/required/0: requires {NO}"),
        ({"dependentRequired": {"zz": ["a"]}}, "/dependentRequired/zz: depends on 'zz', which is"),
        ({"dependentSchemas": {"zz": A}}, "/dependentSchemas/zz: depends on 'zz', which is"),
        ({"dependentSchemas": {"zz": ZZ}}, "/dependentSchemas/zz: depends on 'zz', which is"),
    ],
)
def test_what_says_nothing_is_a_warning(schema: dict[str, Any], warning: str) -> None:
    errors, warnings = findings(**schema)
    assert errors == []
    assert [one for one in warnings if one.startswith(warning)]


@pytest.mark.parametrize(
    "schema",
    [
        {"required": ["a"], "minProperties": 3, "maxProperties": 3},
        {"enum": [{"zz": 1}, {"a": 1}]},
        {"anyOf": [A, {"required": ["b"]}], "not": {"required": ["a", "b"]}},
        {"allOf": [{"if": A, "then": {"required": ["b"]}, "else": False}]},
        {"if": A, "then": False},
        {"not": {}},
        {"not": {"not": {}}},
        {"dependentRequired": {"a": ["b"]}, "dependentSchemas": {"a": {"required": ["c"]}}},
        {"properties": {"a": {"required": ["zz"]}}},
        {"properties": {"a": {"properties": {"x": True}, "required": ["zz"]}}},
        {
            "properties": {
                "a": {
                    "patternProperties": {"^z": True},
                    "additionalProperties": False,
                    "required": ["zz"],
                    "minProperties": 9,
                }
            }
        },
        {"properties": {"a": {"if": {"type": "object"}, "then": ZZ}}},
        {"allOf": [{"properties": {"zz": {"type": "string"}}}]},
    ],
)
def test_what_can_be_met_is_left_alone(schema: dict[str, Any]) -> None:
    assert findings(**schema) == ([], [])


@pytest.mark.parametrize("within", ["properties", "items", "additionalProperties", "$ref"])
def test_an_object_inside_is_held_to_its_own_names(within: str) -> None:
    one: Any = {"type": "object", "properties": {"x": True}, "additionalProperties": False}
    ways: dict[str, tuple[str, Callable[[Any], Any]]] = {
        "properties": ("", lambda inner: inner),
        "items": ("/items", lambda inner: {"items": inner}),
        "additionalProperties": (
            "/additionalProperties",
            lambda inner: {"additionalProperties": inner},
        ),
        "$ref": (
            "/$defs/d",
            lambda inner: {"$defs": {"d": inner}, "$ref": "#/properties/a/$defs/d"},
        ),
    }
    place, wrap = ways[within]
    for rule, at, words in (
        (ZZ, "/required/0", f"requires {NO}"),
        ({"allOf": [ZZ]}, "/allOf/0/required/0", f"requires {NO}"),
        ({"if": {"required": ["x"]}, "then": ZZ}, "/then/required/0", f"requires {NO}"),
        ({"dependentRequired": {"x": ["zz"]}}, "/dependentRequired/x/0", f"requires {NO}"),
        (
            {"minProperties": 2},
            "/minProperties",
            "asks for 2 fields, and there can be no more than 1",
        ),
    ):
        errors, warnings = findings(properties={"a": wrap({**one, **rule})})
        assert errors == [f"/properties/a{place}{at}: {words}"]
        assert warnings == []
    assert findings(properties={"a": wrap({**one, "anyOf": [ZZ, {"required": ["x"]}]})}) == (
        [],
        [f"/properties/a{place}/anyOf/0/required/0: requires {NO}"],
    )


def test_two_closed_objects_that_must_both_hold_have_what_both_list() -> None:
    one, other = (
        {"properties": {name: True}, "additionalProperties": False, "required": [name]}
        for name in ("x", "y")
    )
    errors, _ = findings(properties={"a": {"type": "object", "allOf": [one, other]}})
    assert errors == [
        "/properties/a/allOf/0/required/0: requires 'x', which is no property",
        "/properties/a/allOf/1/required/0: requires 'y', which is no property",
    ]
    assert findings(properties={"a": {"type": "object", "anyOf": [one, other]}}) == ([], [])


def test_many_references_to_much_are_judged_once() -> None:
    many = {"allOf": [{"anyOf": [A, {"required": ["b"]}]}] * 1_500}
    fields = {f"f{i}": {"$ref": "#/$defs/d"} for i in range(1_000)}
    assert findings(**{"$defs": {"d": many}}, properties=fields) == ([], [])


#: What a schema may say of names; hypothesis puts it together.
RULES = st.recursive(
    st.one_of(
        st.booleans(),
        st.lists(st.sampled_from(["a", "b", "zz"]), unique=True).map(lambda it: {"required": it}),
        st.sampled_from(["a", "zz"]).map(lambda it: {"dependentRequired": {it: ["zz"]}}),
        st.integers(0, 4).map(lambda it: {"minProperties": it}),
        st.integers(0, 2).map(lambda it: {"maxProperties": it}),
        st.sampled_from([{"a": 1}, {"zz": 1}]).map(lambda it: {"const": it}),
        st.sampled_from(["a", "b"]).map(lambda it: {"properties": {it: False}}),
        st.just({"properties": {"a": True}, "additionalProperties": False}),
    ),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda it: {"allOf": it}),
        st.lists(inner, min_size=1, max_size=3).map(lambda it: {"anyOf": it}),
        st.lists(inner, min_size=1, max_size=3).map(lambda it: {"oneOf": it}),
        inner.map(lambda it: {"not": it}),
        inner.map(lambda it: {"dependentSchemas": {"a": it}}),
        st.tuples(inner, inner, inner).map(
            lambda it: dict(zip(("if", "then", "else"), it, strict=True))
        ),
    ),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None)
@given(RULES)
def test_a_verdict_is_true_of_every_input(rule: Any) -> None:
    """JSON Schema itself says which inputs a rule fits."""
    fields: dict[str, Any] = {"a": {}, "b": {}, "c": {}}
    schemas: dict[str, Any] = {}

    def collect(schema: Any, place: str) -> None:
        schemas[place] = schema
        inner = schema.items() if isinstance(schema, dict) else ()
        for key, value in inner:
            if key in {"not", "if", "then", "else", "additionalProperties"}:
                collect(value, f"{place}/{key}")
            elif key in {"allOf", "anyOf", "oneOf"}:
                for i, one in enumerate(value):
                    collect(one, f"{place}/{key}/{i}")
            elif key in {"properties", "dependentSchemas"}:
                for name, one in value.items():
                    collect(one, f"{place}/{key}/{name}")

    collect(rule, "")
    about = closed._Object(closed=(closed._Listed(frozenset(fields)),), is_sure=True)
    verdict = closed._Judge(schemas, "").judged("", about).verdict
    validator = jsonschema.Draft202012Validator(rule)
    fitting = [
        validator.is_valid(dict.fromkeys(names, 1))
        for count in range(4)
        for names in itertools.combinations(fields, count)
    ]
    if verdict is closed._Verdict.NONE:
        assert not any(fitting)
    if verdict is closed._Verdict.ALL:
        assert all(fitting)
