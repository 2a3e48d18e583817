from __future__ import annotations

import copy
import pickle
from typing import Any

import attrs
import pytest

from runcomfy import Problem

WORDS = "각 이미지 변은 최소 384픽셀이어야 합니다."


@pytest.mark.parametrize(
    ("rule", "limit", "actual", "fact"),
    [
        ("width_pixels>", 384, 300, "width_pixels is 300; it must be > 384"),
        ("height_pixels<", 5000, 123456, "height_pixels is 123456; it must be < 5000"),
        ("file_size_mb<", 10, 12_006_195 / 1_048_576, "file_size_mb is 11.45; it must be < 10"),
        ("file_size_mb<", 10, 10.0, "file_size_mb is 10; it must be < 10"),
        ("file_size_mb<=", 10, 10 + 1 / 1_048_576, "file_size_mb is 10.000001; it must be <= 10"),
        ("width/height>=", 0.4, 0.399, "width/height is 0.399; it must be >= 0.4"),
        ("width/height<", 2.5, 10 / 3, "width/height is 3.33; it must be < 2.5"),
        ("fps<=", 1 / 3, 0.3333333333333334, "fps is 0.3333333333333334; it must be <= 0.333"),
        ("fps<=", 1e-17, 2e-17, "fps is 2e-17; it must be <= 1e-17"),
    ],
)
def test_a_media_rule_adds_what_there_is(rule: str, limit: float, actual: Any, fact: str) -> None:
    problem = Problem("/image_urls/0", rule, limit, actual, WORDS)
    assert problem.message == WORDS
    assert str(problem).startswith(f"/image_urls/0: {WORDS} ({fact}")


def test_two_rules_with_the_same_words_read_differently() -> None:
    one = Problem("/x", "width_pixels>", 384, 300, WORDS)
    two = Problem("/x", "height_pixels>", 384, 300, WORDS)
    assert str(one) != str(two)


@pytest.mark.parametrize(
    ("rule", "actual"), [("maxLength", 5), ("", 5), ("width_pixels>", "unknown"), ("format", "a")]
)
def test_any_other_problem_is_told_in_its_own_words(rule: str, actual: object) -> None:
    problem = Problem("/x", rule, 3, actual, "is wrong")
    assert problem.fact == ""
    assert str(problem) == "/x: is wrong"


def test_a_limit_that_is_no_number_is_none_of_a_media_rule_s() -> None:
    assert Problem("/x", "width_pixels>", "384", 300, "is wrong").fact == ""


def test_the_whole_input_has_a_name_too() -> None:
    assert str(Problem("", "r", 1, 2, "is wrong")) == "the input: is wrong"


def test_a_picture_is_not_shown() -> None:
    problem = Problem("/x", "type", "array", [b"\x89PNG" * 1000], "is wrong")
    assert repr(problem) == (
        "Problem(path='/x', rule='type', limit='array', actual=[<bytes>], message='is wrong')"
    )


def test_a_problem_is_a_value() -> None:
    problem = Problem("/x", "maximum", 9, 10, "is too much")
    twins = [
        Problem(path="/x", rule="maximum", limit=9, actual=10, message="is too much"),
        pickle.loads(pickle.dumps(problem)),  # noqa: S301 - our own bytes
        copy.copy(problem),
        attrs.evolve(problem),
    ]
    assert {problem, *twins} == {problem}
    assert problem != attrs.evolve(problem, limit=8)
    for name in ("path", "other"):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(problem, name, "/y")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        del problem.path
