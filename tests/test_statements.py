from __future__ import annotations

import pytest
from runcomfy_codegen.statements import grouped, indented, negated, otherwise, when


@pytest.mark.parametrize(
    ("test", "opposite"),
    [
        ("f(x)", "not f(x)"),
        ("x is None", "not (x is None)"),
        ("a and b", "not (a and b)"),
        ("a or b", "not (a or b)"),
    ],
)
def test_negated(test: str, opposite: str) -> None:
    assert negated(test) == opposite


def test_grouped() -> None:
    assert grouped("f(x)") == "f(x)"
    assert grouped("a and b") == "(a and b)"


def test_one_bare_test_joins_its_condition() -> None:
    assert when("a", ["if b:", "    c"]) == ["if a and b:", "    c"]
    assert when("a", ["if b:", "    c", "else:", "    d"]) == [
        "if a:",
        *indented(["if b:", "    c", "else:", "    d"]),
    ]
    assert when("a", ["b", "c"]) == ["if a:", "    b", "    c"]
    assert when("a", []) == []


def test_one_test_continues_as_elif() -> None:
    assert otherwise(["if b:", "    c"]) == ["elif b:", "    c"]
    assert otherwise(["if b:", "    c", "if d:", "    e"]) == [
        "else:",
        *indented(["if b:", "    c", "if d:", "    e"]),
    ]
    assert otherwise(["b"]) == ["else:", "    b"]
    assert otherwise([]) == []
