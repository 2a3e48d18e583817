"""However long the lists, values and names are, what is said of them is short."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from support_schemas import document, generated

from runcomfy import Client, Problem, errors
from runcomfy_core.media.encode import encode
from runcomfy_core.values.broken import broken, one_of, unknown_name, unknown_names

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

#: Characters; a screen has about two thousand.
SHORT = 2500


def said(problem: Problem) -> str:
    """All that is said of a problem, which must be short."""
    assert len(repr(problem)) <= SHORT
    assert len(str(problem)) <= SHORT
    return str(problem)


@pytest.fixture(scope="module")
def paint(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    raw = document(
        voice={"enum": [f"voice-{number}" for number in range(9_999)]},
        number={"enum": list(range(9_999))},
        one={"const": "c" * 50_000},
        digits={"type": "string", "pattern": f"^({'|'.join(f'x{n}' for n in range(300))})$"},
        seed={"type": "integer", "maximum": 10**4_000},
        either={"oneOf": [{"const": f"v{number}"} for number in range(1_000)]},
        deep={"anyOf": [{"anyOf": [{"anyOf": [{"const": 1}] * 6}] * 6}] * 6},
        **{f"field_{number}": {"type": "string"} for number in range(300)},
    )
    models = generated(tmp_path_factory.mktemp("long"), raw)
    found: ModuleType = models.get("acme/paint")
    return found


BROKEN: dict[str, Any] = {
    "voice": "voice-77x",
    "number": 10_000,
    "one": "d" * 50_000,
    "digits": "y" * 50_000,
    "seed": 10**4_001,
    "either": "v" * 50_000,
    "deep": 7,
}


def test_every_problem_is_told_in_few_words(paint: Any) -> None:
    found = {problem.path: problem for problem in paint.validate(BROKEN)}
    assert set(found) == {f"/{name}" for name in BROKEN}
    for problem in found.values():
        said(problem)
        assert len(problem.message) <= SHORT
    assert found["/voice"].message.startswith(
        "'voice-77x' is not allowed; did you mean 'voice-77'? allowed are 'voice-77', "
    )
    assert found["/voice"].message.endswith(" and 9,989 more")
    assert found["/number"].message == (
        "10000 is not allowed; allowed are 9998, 9997, 9996, 9995, 9994, 9993, 9992, 9991, 9990, "
        "9989 and 9,989 more"
    )
    assert len(found["/voice"].limit) == 9_999, "a program gets them all"
    assert "; and 995 more" in found["/either"].message


def test_a_name_that_is_no_field(paint: Any) -> None:
    (problem,) = paint.validate({"zzz": 1})
    assert said(problem).endswith("field_0, field_1, field_2 and 297 more")
    (problem,) = paint.validate({"x" * 100_000: 1})
    assert said(problem).startswith(f"/{'x' * 198}…: is no field of this model; there are ")
    assert problem.actual == "x" * 100_000
    said(unknown_name("/" + "x" * 100_000, "x" * 100_000))
    assert len(unknown_names(["n" * 50_000_000], ["name", "number"])) == 1


def test_an_input_with_ten_thousand_problems() -> None:
    problems = [broken(f"/x/{number}", "type", "string", number) for number in range(10_000)]
    error = errors.InvalidInput("a/b", problems)
    assert error.problems == tuple(problems)
    lines = str(error).splitlines()
    assert lines[0] == "a/b: 10,000 problems in the input; nothing was sent"
    assert lines[1] == "  /x/0: must be of type string, not 0"
    assert lines[11:] == ["  and 9,990 more; the attribute problems has all"]
    assert len(repr(error)) <= SHORT
    assert repr(error).endswith(", and 9,990 more))")
    few = errors.InvalidInput("a/b", problems[:10])
    assert "more" not in str(few)
    assert repr(few) == f"InvalidInput('a/b', {tuple(problems[:10])!r})"


def test_the_schema_s_own_words_may_be_long() -> None:
    problem = Problem("/x", "width_pixels>", 384, 300, "w" * 100_000)
    assert said(problem).endswith("… (width_pixels is 300; it must be > 384)")
    assert problem.fact


def test_alternatives_inside_alternatives() -> None:
    def nested(depth: int) -> Callable[[object, str, list[Problem]], None]:
        def check(value: object, path: str, problems: list[Problem]) -> None:
            if depth:
                one_of(value, path, problems, *[nested(depth - 1)] * 5)
            else:
                problems.append(broken(path, "const", "c" * 1_000, value))

        return check

    problems: list[Problem] = []
    nested(4)("v" * 1_000, "/x", problems)
    assert len(problems[0].message) <= 5 * (300 + 10)


@pytest.mark.parametrize("value", [{"k" * 100_000: {1, 2}}, {("k",) * 100_000: 1}])
def test_a_key_that_is_sent_by_hand(value: Any) -> None:
    with pytest.raises(errors.InvalidInput) as caught:
        encode("a/b", value)
    assert len(str(caught.value)) <= SHORT


def test_ids_of_any_length() -> None:
    with Client("token", base_url="http://127.0.0.1:9/v1") as client:
        calls: list[Callable[[], object]] = [
            lambda: client.submit("a b" * 100_000, {}),
            lambda: client.job("r " * 100_000),
        ]
        for call in calls:
            with pytest.raises(errors.ConfigurationError) as caught:
                call()
            assert len(str(caught.value)) <= SHORT


def test_what_is_said_can_be_logged_as_json(paint: Any) -> None:
    assert json.dumps([str(problem) for problem in paint.validate(BROKEN)])
