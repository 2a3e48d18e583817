from __future__ import annotations

from typing import Any

import pytest
from runcomfy_codegen.references import check_references, resolve


def faults(**schemas: Any) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    named = {f"/r/{name}": schema for name, schema in schemas.items()}
    check_references(named, lambda place, message: found.append((place, message)), "/r")
    return found


def test_a_reference_is_a_fragment_below_the_root() -> None:
    assert resolve("#", "/r") == "/r"
    assert resolve("#/$defs/a%25b", "/r") == "/r/$defs/a%b"


def test_a_reference_leads_somewhere() -> None:
    assert faults(a={"$ref": "#/b"}, b={}) == []
    assert faults(a={"$ref": "#/c"}) == [("/r/a/$ref", "'#/c' refers to no schema here")]


def test_what_goes_into_the_value_may_recur() -> None:
    assert faults(a={"$ref": "#/b"}, b={"properties": {"x": {"$ref": "#/a"}}}) == []


@pytest.mark.parametrize(
    "schemas",
    [
        {"a": {"$ref": "#/a"}},
        {"a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}},
        {"a": {"$ref": "#/b"}, "b": {"allOf": [{}]}, "b/allOf/0": {"$ref": "#/a"}},
        {"a": {"$ref": "#/b"}, "b": {"not": {}}, "b/not": {"$ref": "#/a"}},
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


def test_what_was_reported_as_no_schema_leads_nowhere() -> None:
    assert faults(a={"allOf": 5, "anyOf": [7], "not": 1, "dependentSchemas": [], "$ref": 3}) == []


def test_ten_to_the_third_is_counted_without_going_there() -> None:
    levels: dict[str, Any] = {"l0": {}}
    for i in range(1, 300):
        levels[f"l{i}"] = {"allOf": [{"$ref": f"#/l{i - 1}"}] * 10}
        levels |= {f"l{i}/allOf/{j}": {"$ref": f"#/l{i - 1}"} for j in range(10)}
    found = faults(**levels)
    assert ("/r/l4", "applies more than 5000 schemas to the same value") in found
