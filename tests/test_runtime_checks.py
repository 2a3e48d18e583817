from __future__ import annotations

import math
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from runcomfy._checks import (
    at,
    broken,
    is_array,
    is_integer,
    is_member,
    is_number,
    is_text,
    is_unique,
    missing,
    null,
    pointer,
    refuse,
    unknown_names,
)
from runcomfy._problem import Problem
from runcomfy.errors import InvalidInput


@pytest.mark.parametrize("value", [0, -1, 10**30, 1.0, -0.0, 1e300])
def test_an_integer_is_any_whole_number(value: float) -> None:
    assert is_integer(value)
    assert is_number(value)


@pytest.mark.parametrize("value", [True, False, None, "1", [], math.nan, math.inf, -math.inf])
def test_these_are_no_numbers_at_all(value: object) -> None:
    assert not is_integer(value)
    assert not is_number(value)


def test_a_fraction_is_a_number_and_no_integer() -> None:
    assert is_number(0.5)
    assert not is_integer(0.5)


@given(st.text())
def test_a_text_is_what_utf_8_can_encode(text: str) -> None:
    assert is_text(text) == (not any("\ud800" <= character <= "\udfff" for character in text))


def test_lists_and_tuples_are_arrays_and_texts_are_not() -> None:
    assert is_array([])
    assert is_array(())
    assert not is_array("ab")
    assert not is_array({})


@pytest.mark.parametrize(
    ("value", "members", "verdict"),
    [
        (1, (1,), True),
        (1.0, (1,), True),
        (True, (1,), False),
        (1, (True,), False),
        (None, (None,), True),
        (0, (False, None, ""), False),
        ("a", ("a",), True),
        ([1, {"a": 2}], ([1.0, {"a": 2.0}],), True),
        ({"a": 1, "b": 2}, ({"b": 2, "a": 1},), True),
        ({"a": True}, ({"a": 1},), False),
        (math.nan, (1,), False),
        (object(), (1, "a"), False),
    ],
)
def test_members_are_compared_as_json_compares(value: object, members: Any, verdict: bool) -> None:  # noqa: FBT001 - a column
    assert is_member(value, members) is verdict


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([], True),
        ([1, True, "1", None], True),
        ([1, 1.0], False),
        ([[1], [1.0]], False),
        ([{"a": 1}, {"a": 1}], False),
        (["a", "b", "a"], False),
        ([object(), object()], True),
    ],
)
def test_uniqueness_is_json_s(values: list[object], verdict: bool) -> None:  # noqa: FBT001 - a column
    assert is_unique(values) is verdict


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (missing("/prompt"), "/prompt: is required, and has no default that is sent"),
        (
            broken("/x", "type", "string", 5),
            "/x: must be of type string, not 5",
        ),
        (
            broken("/x", "type", ("integer", "null"), "a"),
            "/x: must be of type integer or null, not 'a'",
        ),
        (
            broken("/x", "type", "string", "\ud800"),
            "/x: must be text that UTF-8 can encode; it holds a lone surrogate",
        ),
        (broken("/x", "type", "array", "y" * 99), f"/x: must be of type array, not '{'y' * 78}…"),
        (
            broken("/x", "enum", ("16:9", "1:1"), "16:10"),
            "/x: '16:10' is not allowed; did you mean '16:9'? allowed are '16:9', '1:1'",
        ),
        (broken("/x", "enum", (1, 2), 3), "/x: 3 is not allowed; allowed are 1, 2"),
        (broken("/x", "maxLength", 5, "abcdef"), "/x: has 6 characters, more than the maximum of 5"),
        (broken("/x", "minLength", 2, "a"), "/x: has 1 characters, fewer than the minimum of 2"),
        (broken("/x", "minItems", 1, []), "/x: has 0 items, fewer than the minimum of 1"),
        (broken("/x", "maxItems", 1, [1, 2]), "/x: has 2 items, more than the maximum of 1"),
        (broken("/x", "uniqueItems", True, [1, 1]), "/x: holds an item twice; each may stand once"),
        (broken("/x", "minimum", 0, -1), "/x: is -1, below the minimum of 0"),
        (broken("/x", "maximum", 9, 10), "/x: is 10, above the maximum of 9"),
        (broken("/x", "exclusiveMinimum", 0, 0), "/x: is 0; it must be over 0"),
        (broken("/x", "exclusiveMaximum", 1, 1), "/x: is 1; it must be under 1"),
        (null("/x"), "/x: may not be null; leave the field out for the server's default"),
    ],
)  # fmt: skip
def test_a_problem_says_where_what_and_what_to_do(problem: Problem, words: str) -> None:
    assert str(problem) == words


def test_a_problem_holds_what_was_measured() -> None:
    assert broken("/x", "maxLength", 5, "abcdef").actual == 6
    assert broken("/x", "maxItems", 1, ("a", "b")).actual == 2
    assert broken("/x", "maximum", 9, 10).actual == 10


def test_places() -> None:
    assert pointer("a/b~c") == "/a~1b~0c"
    assert at(at("/x", 0), 2) == "/x/0/2"
    assert str(Problem("", "r", 1, 2, "is wrong")) == "/: is wrong"


def test_a_wrong_name_suggests_the_right_one() -> None:
    one, two = unknown_names(["promt", "zzz"], ["prompt", "seed"])
    assert one == Problem(
        "/promt", "additionalProperties", limit=False, actual="promt",
        message="is no field of this model; did you mean 'prompt'?",
    )  # fmt: skip
    assert two.message == "is no field of this model; there are prompt, seed"


def test_refuse_lists_problems_and_then_unknown_names() -> None:
    @attrs.define
    class Input:
        prompt: str

    with pytest.raises(InvalidInput) as caught:
        refuse("a/b", Input, [missing("/prompt")], {"promt": 1})
    assert [problem.path for problem in caught.value.problems] == ["/prompt", "/promt"]
    assert str(caught.value).startswith("a/b: 2 problems in the input; nothing was sent\n  /prompt")
