from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcomfy_codegen.defaults import misfit

SCHEMAS = [
    {"type": "integer", "minimum": 0, "maximum": 3},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 2},
    {"type": "string", "minLength": 1, "maxLength": 2},
    {"type": ["string", "null"], "enum": ["a", None]},
    {"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "integer"}},
    {"enum": [1, "1", True]},
    {"type": "boolean"},
    {},
]
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 4), st.sampled_from([0.5, 1.0, 2.0]),
    st.text("a1", max_size=3), st.lists(st.sampled_from([1, "a"]), max_size=3),
)  # fmt: skip


@given(st.sampled_from(SCHEMAS), VALUES)
def test_a_default_fits_where_jsonschema_says_so(schema: dict[str, Any], default: Any) -> None:
    sound = jsonschema.Draft202012Validator(schema).is_valid(default)
    assert (not list(misfit(schema, default))) == sound


@pytest.mark.parametrize(
    ("schema", "default", "finding"),
    [
        ({"type": "integer"}, "x", ("", "default 'x' is not of type integer")),
        ({"enum": ["a"]}, "b", ("", "default 'b' is not in the enum")),
        ({"type": "integer", "maximum": 3}, 4, ("", "default 4 is above the maximum 3")),
        ({"type": "string", "maxLength": 1}, "ab", ("", "default is longer than maxLength 1")),
        (
            {"type": "array", "items": {"type": "string"}},
            ["a", 1],
            ("/1", "default 1 is not of type string"),
        ),
    ],
)
def test_the_words(schema: dict[str, Any], default: Any, finding: tuple[str, str]) -> None:
    assert list(misfit(schema, default)) == [finding]
