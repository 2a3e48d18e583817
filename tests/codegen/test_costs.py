from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support_schemas import document, generated, loaded
from support_time import little_time

from runcomfy_codegen.costs import check_costs
from runcomfy_codegen.dialect import standardise
from runcomfy_codegen.errors import Diagnostics

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: Refers to the schema itself.
SELF: Any = {"$ref": "#/properties/x/$defs/node"}
OTHER: Any = {"$ref": "#/properties/x/$defs/other"}

#: Keyword → how a schema gets from a value to a part of it.
INTO: dict[str, Callable[[Any], Any]] = {
    "items": lambda inner: {"items": inner},
    "prefixItems": lambda inner: {"prefixItems": [True, inner]},
    "contains": lambda inner: {"contains": inner},
    "properties": lambda inner: {"properties": {"a": inner}},
    "additionalProperties": lambda inner: {"additionalProperties": inner},
    "patternProperties": lambda inner: {"patternProperties": {"^a": inner}},
}

#: Keyword → how it applies two schemas, or more, to one value.
TO_ONE_VALUE: dict[str, Callable[[Any], Any]] = {
    "allOf": lambda one: {"allOf": [one, one]},
    "anyOf": lambda one: {"anyOf": [one, {"type": "integer"}, one]},
    "oneOf": lambda one: {"oneOf": [one, one]},
    "not": lambda one: {"not": one, **one},
    "if and then": lambda one: {"if": one, "then": one},
    "if and else": lambda one: {"if": one, "else": one},
    "if beside": lambda one: {"if": one, "then": False, **one},
    "dependentSchemas": lambda one: {"dependentSchemas": {"a": one, "b": one}},
    "dependentSchemas beside": lambda one: {"dependentSchemas": {"a": one}, **one},
    "anyOf beside": lambda one: {"anyOf": [one, True], **one},
    "nested": lambda one: {"allOf": [{"anyOf": [{"not": one}, {"not": {"allOf": [one]}}]}]},
}


def recurring(node: Any, other: Any = None) -> dict[str, Any]:
    defined = {"node": node, "other": other or {}}
    return document(x={"$defs": defined, "$ref": "#/properties/x/$defs/node"})


def refusals(raw: dict[str, Any]) -> list[str]:
    diagnostics = Diagnostics()
    with little_time(10):
        standardise(loaded(raw), diagnostics)
    return [f"{one.pointer}: {one.message}" for one in diagnostics.errors]


def multiplies(raw: dict[str, Any]) -> bool:
    found = refusals(raw)
    assert all(
        one.startswith("/input_schema/properties/x/$defs/")
        and ": applies more than 5000 schemas to one part of a value, " in one
        and one.endswith("multiply from level to level; state once what they share")
        for one in found
    ), found
    return bool(found)


@pytest.mark.parametrize("into", INTO)
@pytest.mark.parametrize("name", TO_ONE_VALUE)
def test_what_recurs_more_than_once_for_a_value_is_refused(name: str, into: str) -> None:
    assert multiplies(recurring(TO_ONE_VALUE[name](INTO[into](SELF))))
    if into != "prefixItems" or "beside" not in name:
        assert multiplies(recurring(INTO[into](TO_ONE_VALUE[name](SELF))))


@pytest.mark.parametrize("into", INTO)
def test_what_recurs_through_another_schema_is_refused_alike(into: str) -> None:
    step = INTO[into]
    assert multiplies(recurring(step(OTHER), {"anyOf": [step(SELF), step(SELF)]}))
    assert multiplies(recurring({"allOf": [step(OTHER), step(SELF)]}, step(SELF)))
    assert not multiplies(recurring(step(OTHER), step(SELF)))


@pytest.mark.parametrize(
    "node",
    [
        {"properties": {"a": SELF, "b": SELF}, "additionalProperties": SELF},
        {"properties": {"a": SELF}, "patternProperties": {"^b": SELF}},
        {"patternProperties": {"^b": SELF}, "additionalProperties": SELF},
        {"items": {"anyOf": [SELF, {"type": "null"}]}},
        {"anyOf": [{"properties": {"and": {"items": SELF}}}, {"properties": {"or": SELF}}]},
        {"oneOf": [{"type": "string"}, {"items": SELF}, {"additionalProperties": SELF}]},
        {"prefixItems": [SELF, SELF], "items": SELF},
        {
            "if": {"properties": {"kind": {"const": "leaf"}}},
            "then": {"properties": {"a": SELF}},
            "else": {"properties": {"a": {"allOf": [SELF]}}},
        },
        {"allOf": [{"properties": {"a": SELF}}, {"properties": {"b": True}, "minProperties": 1}]},
        {"propertyNames": {"anyOf": [SELF, SELF]}, "properties": {"a": SELF}},
    ],
)
def test_what_recurs_once_for_a_value_is_taken(node: Any) -> None:
    assert refusals(recurring(node)) == []


@pytest.mark.parametrize(
    "node",
    [
        {"prefixItems": [SELF], "contains": SELF},
        {"items": SELF, "contains": SELF},
        {"properties": {"ab": SELF}, "patternProperties": {"b": SELF}},
        {"patternProperties": {"a": SELF, "b": SELF}},
        {"allOf": [{"properties": {"a": SELF}}, {"additionalProperties": SELF}]},
        {"anyOf": [{"prefixItems": [SELF]}, {"items": SELF}]},
    ],
)
def test_what_meets_at_one_part_of_a_value_is_refused(node: Any) -> None:
    assert multiplies(recurring(node))


def test_the_place_is_where_it_begins_and_the_level_the_first() -> None:
    words = (
        "inside it: alternatives that lead into the same field multiply from level to level; "
        "state once what they share"
    )
    many = {"anyOf": [{"type": "integer"}, *[{"items": SELF}] * 1_200]}
    assert refusals(recurring(many)) == [
        (
            "/input_schema/properties/x/$defs/node: applies more than 5000 schemas to one part of "
            f"a value, a level {words}"
        )
    ]
    three = {"anyOf": [{"type": "integer"}, *[{"items": SELF}] * 3]}
    assert refusals(recurring(three)) == [
        (
            "/input_schema/properties/x/$defs/node: applies more than 5000 schemas to one part of "
            f"a value, 7 levels {words}"
        )
    ]


def test_what_multiplies_without_recurring_is_counted_too() -> None:
    def levels(count: int, width: int) -> dict[str, Any]:
        defined: dict[str, Any] = {"l0": {"type": "integer"}}
        for i in range(1, count + 1):
            one = {"items": {"$ref": f"#/properties/x/$defs/l{i - 1}"}}
            defined[f"l{i}"] = {"anyOf": [one] * width}
        return document(x={"$defs": defined, "$ref": f"#/properties/x/$defs/l{count}"})

    assert not multiplies(levels(2, 40))
    assert multiplies(levels(3, 40))
    assert not multiplies(levels(90, 1))


def faults(**schemas: Any) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    named = {f"/r/{name}": schema for name, schema in schemas.items()}
    check_costs(named, lambda place, message: found.append((place, message)), "/r")
    return found


def test_what_goes_into_the_value_may_recur() -> None:
    step = {"b": {"properties": {"x": {}}}, "b/properties/x": {"$ref": "#/a"}}
    assert faults(a={"$ref": "#/b"}, **step) == []


@pytest.mark.parametrize(
    "schemas",
    [
        {"a": {"$ref": "#/a"}},
        {"a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}},
        {"a": {"$ref": "#/b"}, "b": {"allOf": [{}]}, "b/allOf/0": {"$ref": "#/a"}},
        {"a": {"$ref": "#/b"}, "b": {"not": {}}, "b/not": {"$ref": "#/a"}},
        {"a": {"$ref": "#/b"}, "b": {"if": {}, "then": {}}, "b/then": {"$ref": "#/a"}},
        {
            "a": {"$ref": "#/b"},
            "b": {"dependentSchemas": {"x/y": {}}},
            "b/dependentSchemas/x~1y": {"$ref": "#/a"},
        },
    ],
)
def test_what_stays_at_the_value_may_not(schemas: dict[str, Any]) -> None:
    found = faults(**schemas)
    assert ("/r/a/$ref", "refers back to itself without going into the value") in found


def test_what_was_reported_as_no_schema_has_no_place() -> None:
    odd = {"allOf": 5, "anyOf": [7], "not": 1, "dependentSchemas": [], "items": 3, "properties": 4}
    assert faults(a={**odd, "enum": 5, "required": 6, "pattern": "("}, b={"$ref": "#/a"}) == []


def test_ten_to_the_third_is_counted_without_going_there() -> None:
    levels: dict[str, Any] = {"l0": {}}
    for i in range(1, 45):
        levels[f"l{i}"] = {"allOf": [{"$ref": f"#/l{i - 1}"}] * 10}
        levels |= {f"l{i}/allOf/{j}": {"$ref": f"#/l{i - 1}"} for j in range(10)}
    with little_time(10):
        found = faults(**levels)
    assert found == [("/r/l4", "applies more than 5000 schemas to the same value")]


@pytest.mark.parametrize(
    ("pattern", "most"),
    [("[a-z]+{}", 15), ("^[a-z]*{}$", 4_000)],
)
def test_patterns_of_one_text_add_up(pattern: str, most: int) -> None:
    def texts(count: int) -> dict[str, Any]:
        return {"allOf": [{"pattern": pattern.format(i)} for i in range(count)]}

    words = (
        "/input_schema/properties/x: applies patterns that together could take more than 10^9 "
        "steps to the same value"
    )
    assert refusals(document(x=texts(most))) == []
    if most < 1_000:
        assert refusals(document(x=texts(2 * most))) == [words]
        names = {"propertyNames": texts(2 * most)}
        assert refusals(document(x=names)) == [
            words.replace("/x:", "/x/propertyNames:"),
        ]
        named = {"patternProperties": {pattern.format(i): True for i in range(most)}}
        assert (
            "patterns that together could take more than 10^9 steps to one part of"
            in (refusals(document(x=named))[0])
        )


def test_the_patterns_of_an_input_have_a_size_in_all() -> None:
    def words(count: int) -> list[dict[str, str]]:
        listed = ("|".join(f"{i:04}{j:03}" for j in range(240)) for i in range(count))
        return [{"pattern": f"^({one})$"} for one in listed]

    assert refusals(document(**{f"x{i}": one for i, one in enumerate(words(50))})) == []
    assert refusals(document(x={"anyOf": words(400)})) == [
        (
            "/input_schema/properties/x/anyOf/52/pattern: the patterns up to here have more than "
            "100000 characters"
        )
    ]


def test_long_lists_of_values_count_as_what_they_take() -> None:
    numbers = {"enum": list(range(10_000))}
    assert refusals(document(x={"anyOf": [numbers] * 4})) == []
    assert refusals(document(x={"anyOf": [numbers] * 5})) == [
        "/input_schema/properties/x: applies more than 5000 schemas to the same value"
    ]
    words = {"enum": [f"v{i}" for i in range(1_000)]}
    assert refusals(document(x={"anyOf": [words] * 100})) == []


def test_what_takes_too_long_to_bound_is_refused() -> None:
    wide = {f"a{i}": True for i in range(1_990)}
    fields = {f"y{i}": {**SELF, "properties": {"q": True}} for i in range(1_900)}
    raw = document(x={"$defs": {"node": {"properties": wide}}}, **fields)
    (found,) = refusals(raw)
    assert found.endswith("names too many fields, together with the schemas that it applies")


@pytest.mark.parametrize(
    ("node", "value"),
    [
        (
            {"anyOf": [{"type": "integer"}, {"type": "array", "items": SELF}]},
            lambda inner: [inner],
        ),
        (
            {
                "oneOf": [
                    {"required": ["and"], "properties": {"and": {"items": SELF}}},
                    {"required": ["not"], "properties": {"not": SELF}},
                ]
            },
            lambda inner: {"not": inner},
        ),
        ({"additionalProperties": SELF, "type": "object"}, lambda inner: {"a": inner, "b": inner}),
    ],
)
def test_what_is_taken_is_checked_in_time(
    node: Any, value: Callable[[Any], Any], tmp_path: Path
) -> None:
    model = generated(tmp_path, recurring(node)).get("acme/paint")
    wrong: Any = "wrong"
    for _ in range(12):
        wrong = value(wrong)
    with little_time(10):
        assert model.validate({"x": wrong})
