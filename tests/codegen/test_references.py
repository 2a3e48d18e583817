from __future__ import annotations

from typing import Any

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


def test_what_was_reported_as_no_reference_leads_nowhere() -> None:
    assert faults(a={"$ref": 3}) == []
