from __future__ import annotations

from typing import Any

import pytest

from runcomfy_codegen.contradictions import contradictions

NO_VALUE = "breaks the limits beside it: no value is left"


def found(schema: dict[str, Any]) -> list[str]:
    types = schema.get("type", [])
    return list(contradictions(schema, [types] if isinstance(types, str) else types))


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"minimum": 5, "maximum": 3}, "no number fits both minimum 5 and maximum 3"),
        (
            {"type": ["integer", "null"], "minimum": 3, "exclusiveMaximum": 3},
            "no number fits both minimum 3 and exclusiveMaximum 3",
        ),
        (
            {"exclusiveMinimum": 0.5, "maximum": 0.5},
            "no number fits both exclusiveMinimum 0.5 and maximum 0.5",
        ),
        (
            {"exclusiveMinimum": 1, "exclusiveMaximum": 1},
            "no number fits both exclusiveMinimum 1 and exclusiveMaximum 1",
        ),
        ({"minLength": 9, "maxLength": 8}, "no string fits both minLength 9 and maxLength 8"),
        ({"minItems": 2, "maxItems": 1}, "no array fits both minItems 2 and maxItems 1"),
        (
            {"minContains": 2, "maxContains": 1},
            "no array fits both minContains 2 and maxContains 1",
        ),
        (
            {"minProperties": 2, "maxProperties": 1},
            "no object fits both minProperties 2 and maxProperties 1",
        ),
        ({"const": 5, "maximum": 3}, f"its const {NO_VALUE}"),
        ({"const": 5, "enum": [4, 6]}, f"its const {NO_VALUE}"),
        (
            {"enum": [5, 6], "maximum": 3},
            "every value of its enum breaks the limits beside it: none is left",
        ),
    ],
)
def test_limits_that_leave_no_value_are_named(schema: dict[str, Any], words: str) -> None:
    assert found(schema) == [words]


@pytest.mark.parametrize(
    "schema",
    [
        {"minimum": 3, "maximum": 3, "minLength": 0, "maxLength": 0},
        {"exclusiveMinimum": 3, "exclusiveMaximum": 4},
        {"enum": [2, 5], "maximum": 3},
        {"enum": ["a"], "maximum": 3},
        {"const": None},
        # Reported elsewhere: it says nothing of the type, is no number, is not of the type.
        {"type": "string", "minimum": 5, "maximum": 3},
        {"minimum": "5", "maximum": 3},
        {"type": "string", "const": 5},
        {"enum": "a"},
    ],
)
def test_limits_that_leave_one_are_not(schema: dict[str, Any]) -> None:
    assert found(schema) == []
