from __future__ import annotations

from typing import Any

import attrs
import pytest

from runcomfy_sandbox import spoil
from runcomfy_sandbox.answers import Answer, Call, error


class Work:
    """Counts how often it was done."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.done = 0

    def __call__(self) -> Answer:
        self.done += 1
        return self.answer

    def exchange(self, **parameters: Any) -> spoil.Exchange:
        return spoil.Exchange(Call("", ""), parameters, self)


@pytest.fixture(name="work")
def good_work() -> Work:
    return Work(Answer(200, {"status": "succeeded", "output": {"images": ["u"]}}))


@pytest.mark.parametrize(("parameters", "done"), [({}, 0), ({"taken": True}, 1)])
def test_instead(work: Work, parameters: dict[str, bool], done: int) -> None:
    spoiler = spoil.instead(lambda _: Answer(500, "no"))
    assert not spoiler.taken
    assert spoiler.run(work.exchange(**parameters)) == Answer(500, "no")
    assert work.done == done


@pytest.mark.parametrize(("parameters", "done"), [({}, 1), ({"taken": False}, 0)])
def test_lost(work: Work, parameters: dict[str, bool], done: int) -> None:
    spoiler = spoil.lost(lambda answer, _: attrs.evolve(answer, headers={"a": "b"}))
    assert spoiler.taken
    answer = spoiler.run(work.exchange(**parameters))
    assert answer is not None
    assert answer.headers == {"a": "b"}
    assert answer.body == (work.answer.body if done else {})
    assert work.done == done


def test_rewrite_changes_a_copy(work: Work) -> None:
    spoiler = spoil.rewrite(lambda body, _: body | {"more": 1}, status=202)
    assert spoiler.taken
    assert spoiler.fixed
    answer = spoiler.run(work.exchange())
    assert answer is not None
    assert answer.status == 202
    assert isinstance(answer.body, dict)
    assert answer.body["more"] == 1
    assert "more" not in str(work.answer.body)


@pytest.mark.parametrize("answer", [error(400, 400001, "no"), Answer(200, [1]), Answer(200, {})])
def test_rewrite_waits_for_a_good_answer(answer: Answer) -> None:
    spoiler = spoil.rewrite(lambda body, _: body or None)
    assert spoiler.run(Work(answer).exchange()) is None


def test_refile_waits_for_a_file(work: Work) -> None:
    spoiler = spoil.refile(lambda answer, body: attrs.evolve(answer, body=body[::-1]))
    assert spoiler.taken
    assert spoiler.fixed
    assert spoiler.run(work.exchange()) is None
    assert spoiler.run(Work(Answer(200, b"ab")).exchange()) == Answer(200, b"ba")


def _body(spoiler: spoil.Spoiler, work: Work, **parameters: object) -> Any:
    answer = spoiler.run(work.exchange(**parameters))
    return answer and answer.body


def test_the_makers_of_spoilers(work: Work) -> None:
    assert _body(spoil.refuse(403, 403001, "no"), work) == {
        "error_code": 403001,
        "error_message": "no",
    }
    later = spoil.retry_later(429, "slower").run(work.exchange(retry_after=7))
    assert later == Answer(429, {"message": "slower"}, {"retry-after": "7"})
    assert _body(spoil.restate("new"), work) == {"status": "new"}
    assert _body(spoil.restate("new"), work, state="newer") == {"status": "newer"}
    assert _body(spoil.reshape(lambda key, urls: [key, urls]), work)["output"] == ["image", ["u"]]
    assert _body(spoil.fail("reason"), work) == {"status": "failed", "error": "reason"}
    assert _body(spoil.without("status"), work) == {"output": {"images": ["u"]}}


def test_spoilers_of_outputs_wait_for_one() -> None:
    work = Work(Answer(200, {"status": "in_queue"}))
    assert _body(spoil.reshape(lambda _, urls: urls), work) is None
    assert _body(spoil.fail("reason"), work) is None
    assert _body(spoil.without("cost"), work) is None
