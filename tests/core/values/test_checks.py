from __future__ import annotations

import math
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcomfy_core.unset import UNSET
from runcomfy_core.values.checks import (
    fits,
    is_array,
    is_integer,
    is_member,
    is_multiple,
    is_number,
    is_object,
    is_text,
    is_unique,
    matches,
    plain,
)
from runcomfy_core.values.checks import given as given_of


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


def test_an_object_is_a_dict() -> None:
    assert is_object({})
    assert not is_object([])
    assert not is_object(None)


@pytest.mark.parametrize(
    ("value", "divisor", "verdict"),
    [
        (0.3, 0.1, True),
        (0.0075, 0.0001, True),
        (0.00751, 0.0001, False),
        (4.5, 1.5, True),
        (1e308, 0.123456789, False),
        (12391239123, 1e-8, True),
        (0, 7, True),
        (-6, 3, True),
        (10**30, 7, False),
    ],
)
def test_multiples_are_those_of_the_decimals(value: float, divisor: float, verdict: bool) -> None:  # noqa: FBT001 - a column
    assert is_multiple(value, divisor) is verdict


def test_a_pattern_matches_anywhere() -> None:
    assert matches("b+", "abbc")
    assert not matches(r"^b\Z", "ab")


def test_a_value_fits_checks() -> None:
    def small(value: object, path: str, problems: list[Any]) -> None:
        if not isinstance(value, int) or value > 5:
            problems.append(path)

    assert fits(small, 3)
    assert not fits(small, 9)


def test_instances_become_objects_and_the_rest_stays() -> None:
    @attrs.define
    class Lens:
        mm: float
        name: str | None = None

    assert plain([Lens(35.0), {"a": 1}, (Lens(1.0, "x"),)]) == [
        {"mm": 35.0},
        {"a": 1},
        [{"mm": 1.0, "name": "x"}],
    ]
    assert plain("text") == "text"


def test_what_is_left_out_is_not_given() -> None:
    fields = {"a": 1, "b": None, "c": UNSET, "d": None}
    assert given_of(fields) == {"a": 1}
    assert given_of(fields, nullable=("d",)) == {"a": 1, "d": None}
