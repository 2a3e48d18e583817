from __future__ import annotations

import copy
import io
import pathlib
import pickle
import weakref
from typing import Any

import attrs
import pytest

from runcomfy_core.problem import Problem
from runcomfy_core.unset import UNSET
from runcomfy_core.values.broken import (
    any_of,
    at,
    broken,
    missing,
    null,
    one_of,
    pointer,
    unknown_name,
    unknown_names,
)


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (missing("/prompt"), "/prompt: is required"),
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
        (broken("/x", "type", "object", "y" * 99), f"/x: must be of type object, not '{'y' * 78}…"),
        (
            broken("/x", "enum", ("16:9", "1:1"), "16:90"),
            "/x: '16:90' is not allowed; did you mean '16:9'? allowed are '16:9', '1:1'",
        ),
        (
            broken("/x", "type", "array", "https://a/b"),
            "/x: must be of type array, not 'https://a/b'; pass a list: ['https://a/b']",
        ),
        (
            broken("/x", "type", "array", pathlib.PurePosixPath("a.png")),
            (
                "/x: must be of type array, not PurePosixPath('a.png'); "
                "pass a list: [PurePosixPath('a.png')]"
            ),
        ),
        (
            broken("/x", "type", "array", b"\x89PNG" * 1000),
            "/x: must be of type array, not <bytes>; pass a list: [<bytes>]",
        ),
        (
            broken("/x", "type", "array", io.BytesIO(b"\x89PNG")),
            "/x: must be of type array, not <BytesIO>; pass a list: [<BytesIO>]",
        ),
        (broken("/x", "type", "string", UNSET), "/x: must be of type string, not left out"),
        (broken("/x", "type", "array", 5), "/x: must be of type array, not 5"),
        (broken("/x", "type", "string", [b"\x89PNG"]), "/x: must be of type string, not [<bytes>]"),
        (
            broken("/x", "enum", ("1024*1024 (1:1)", "1280*720 (16:9)"), "16:9"),
            (
                "/x: '16:9' is not allowed; did you mean '1280*720 (16:9)'? allowed are "
                "'1024*1024 (1:1)', '1280*720 (16:9)'"
            ),
        ),
        (broken("/x", "enum", (1, 2), 3), "/x: 3 is not allowed; allowed are 1, 2"),
        (broken("/x", "maxLength", 5, "abcdef"),
         "/x: has 6 characters, more than the maximum of 5"),
        (broken("/x", "minLength", 2, "a"), "/x: has 1 characters, fewer than the minimum of 2"),
        (broken("/x", "minItems", 1, []), "/x: has 0 items, fewer than the minimum of 1"),
        (broken("/x", "maxItems", 1, [1, 2]), "/x: has 2 items, more than the maximum of 1"),
        (
            broken("/x", "uniqueItems", limit=True, value=[1, 1]),
            "/x: holds an item twice; each may stand once",
        ),
        (broken("/x", "minimum", 0, -1), "/x: is -1, below the minimum of 0"),
        (broken("/x", "maximum", 9, 10), "/x: is 10, above the maximum of 9"),
        (broken("/x", "exclusiveMinimum", 0, 0), "/x: is 0; it must be over 0"),
        (broken("/x", "exclusiveMaximum", 1, 1), "/x: is 1; it must be under 1"),
        (broken("/x", "const", 5, 6), "/x: is 6; only 5 is allowed"),
        (broken("/x", "pattern", "a+", "b"), "/x: is 'b', which a+ does not match"),
        (broken("/x", "format", "date", "b"), "/x: is 'b', which is no date"),
        (broken("/x", "multipleOf", 3, 4), "/x: is 4, which is no multiple of 3"),
        (broken("/x", "minProperties", 1, {}), "/x: has 0 fields, fewer than the minimum of 1"),
        (broken("/x", "maxProperties", 0, {"a": 1}),
         "/x: has 1 fields, more than the maximum of 0"),
        (broken("/x", "minContains", 2, 1), "/x: holds 1 of the items that it needs 2 of"),
        (broken("/x", "maxContains", 1, 2), "/x: holds 2 of the items that it may hold 1 of"),
        (broken("/x", "not", None, 1), "/x: is what the schema rules out"),
        (broken("/x", "false", None, 1), "/x: may not be there"),
        (unknown_name("/x/a", "a"), "/x/a: is no field of this object"),
        (null("/x"), "/x: may not be null; leave the field out for the server's default"),
    ],
)  # fmt: skip
def test_a_problem_says_where_what_and_what_to_do(problem: Problem, words: str) -> None:
    assert str(problem) == words


def test_a_problem_holds_what_was_measured() -> None:
    assert broken("/x", "maxLength", 5, "abcdef").actual == 6
    assert broken("/x", "maxItems", 1, ("a", "b")).actual == 2
    assert broken("/x", "maximum", 9, 10).actual == 10


def test_a_problem_that_was_found_is_a_problem_like_any_other() -> None:
    found = broken("/x", "maximum", 9, 10)
    made = Problem("/x", "maximum", 9, 10, "is 10, above the maximum of 9")
    copies = [
        copy.copy(found),
        copy.deepcopy(found),
        pickle.loads(pickle.dumps(found)),  # noqa: S301 - our own bytes
        attrs.evolve(found),
        weakref.ref(found)(),
    ]
    assert type(found) is Problem
    assert repr(found) == repr(made)
    assert {found, *copies} == {made}
    for name in ("path", "other"):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(found, name, "/y")
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            delattr(found, name)


def test_a_value_may_have_words_of_its_own() -> None:
    problem = broken("/x", "format", "image_uri", "x", "is no picture")
    assert problem == Problem("/x", "format", "image_uri", "x", "is no picture")


def test_a_mistake_that_changes_later_was_what_it_was() -> None:
    value: list[Any] = [1]
    problem = broken("/x", "type", "string", value)
    value.append(2)
    assert problem.message == "must be of type string, not [1]"


def test_places() -> None:
    assert pointer("a/b~c") == "/a~1b~0c"
    assert at(at("/x", 0), "a/b") == "/x/0/a~1b"
    assert str(Problem("", "r", 1, 2, "is wrong")) == "the input: is wrong"


def test_a_wrong_name_suggests_the_right_one() -> None:
    one, two = unknown_names(["promt", "zzz"], ["prompt", "seed"])
    assert one == Problem(
        "/promt", "additionalProperties", limit=False, actual="promt",
        message="is no field of this model; did you mean 'prompt'?",
    )  # fmt: skip
    assert two.message == "is no field of this model; there are prompt, seed"
    (none,) = unknown_names(["x"], [])
    assert none.message == "is no field of this model; it has none"


def check(rule: str, limit: int) -> Any:
    def run(value: Any, path: str, problems: list[Problem]) -> None:
        if (value < limit) if rule == "minimum" else (value > limit):
            problems.append(broken(path, rule, limit, value))

    return run


def found(apply: Any, value: int) -> list[Problem]:
    problems: list[Problem] = []
    apply(value, "/x", problems, check("minimum", 5), check("maximum", 3))
    return problems


def test_of_alternatives_each_says_what_it_lacks() -> None:
    assert found(any_of, 6) == []
    assert found(any_of, 2) == []
    words = "/x: fits none of 2 alternatives: /x: is 4, below the minimum of 5; or /x: is 4, above"
    for apply, rule in ((any_of, "anyOf"), (one_of, "oneOf")):
        (problem,) = found(apply, 4)
        assert (problem.rule, problem.actual) == (rule, 0)
        assert str(problem).startswith(words)


def test_exactly_one_is_one() -> None:
    assert found(one_of, 6) == []
    problems: list[Problem] = []
    one_of(4, "/x", problems, check("minimum", 1), check("maximum", 9))
    assert str(problems[0]) == "/x: fits 2 of 2 alternatives, and may fit only one"
