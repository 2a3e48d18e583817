from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support_client import FakeClock

from runcomfy_core.wire.answer import Answer
from runcomfy_core.wire.steps import Driver, Send, Sleep, Work, send, sleep, work

if TYPE_CHECKING:
    from collections.abc import Generator

    from runcomfy_core.wire.answer import NoAnswer
    from runcomfy_core.wire.steps import Steps

ANSWER = Answer(200, {}, b"{}")


class Sent:
    """Notes what is sent; a path with a letter is answered, `/stop` is interrupted."""

    longest = 190.0

    def __init__(self) -> None:
        self.paths: list[str] = []

    def send(self, request: Send) -> Answer | NoAnswer:
        self.paths.append(request.path)
        if request.path == "/stop":
            raise KeyboardInterrupt
        return ANSWER


@pytest.fixture
def sent() -> Sent:
    return Sent()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def driver(sent: Sent, clock: FakeClock) -> Driver:
    return Driver(sent, clock)


def test_an_operation_gets_what_it_asks_for(driver: Driver, sent: Sent, clock: FakeClock) -> None:
    def operation() -> Steps[tuple[object, int]]:
        outcome = yield from send(Send("GET", "/x"))
        yield from sleep(2.5)
        worked = yield from work(lambda: 6 * 7)
        return outcome, worked

    assert driver.run(operation()) == (ANSWER, 42)
    assert sent.paths == ["/x"]
    assert clock.sleeps == [2.5]


def test_an_operation_without_a_step(driver: Driver) -> None:
    def operation() -> Steps[str]:
        yield from ()
        return "done"

    assert driver.run(operation()) == "done"


def test_what_interrupts_a_step_is_thrown_into_the_operation(driver: Driver, sent: Sent) -> None:
    def operation() -> Steps[None]:
        try:
            yield from send(Send("GET", "/stop"))
        except KeyboardInterrupt as stop:
            yield from send(Send("POST", "/cancel"))
            stop.add_note("cancelled")
            raise

    with pytest.raises(KeyboardInterrupt) as caught:
        driver.run(operation())
    assert caught.value.__notes__ == ["cancelled"]
    assert caught.value.__context__ is None
    assert sent.paths == ["/stop", "/cancel"]


def test_an_operation_may_go_on_after_an_error(driver: Driver) -> None:
    def fail() -> None:
        raise ValueError("no")

    def operation() -> Steps[str]:
        try:
            yield from work(fail)
        except ValueError as error:
            return str(error)
        return "not reached"

    assert driver.run(operation()) == "no"


def test_an_error_of_the_operation_is_raised(driver: Driver) -> None:
    def operation() -> Steps[None]:
        yield from sleep(0)
        raise LookupError("here")

    with pytest.raises(LookupError, match="here") as caught:
        driver.run(operation())
    assert caught.value.__context__ is None


def test_operations_sleep_without_a_thread(sent: Sent) -> None:
    """What a scheduler does: ten thousand operations in one thread, none of which holds it."""

    def operation(number: int) -> Steps[int]:
        yield from sleep(number)
        yield from send(Send("GET", f"/{number}"))
        return number

    waiting: list[Generator[Send | Sleep | Work[Any], Answer | NoAnswer | None, int]] = []
    for number in range(10_000):
        steps = operation(number)
        assert next(steps) == Sleep(number)
        waiting.append(steps)
    ended: list[int] = []
    for steps in waiting:
        request = steps.send(None)
        assert isinstance(request, Send)
        with pytest.raises(StopIteration) as end:
            steps.send(sent.send(request))
        ended.append(end.value.value)
    assert ended == list(range(10_000))


def test_a_driver_that_brings_no_outcome_is_told() -> None:
    steps = send(Send("GET", "/x"))
    next(steps)
    with pytest.raises(TypeError, match=r"brought no outcome of Send\(method='GET'"):
        steps.send(None)


def test_a_step_shows_no_body() -> None:
    def late(_: Answer | NoAnswer) -> Steps[str]:
        yield from ()
        return ""

    free, paying = Send("GET", "/x"), Send("POST", "/x", b"secret prompt", late=late)
    assert not free.pays
    assert paying.pays
    assert not paying.left
    assert "secret" not in repr(paying)
    assert "secret" not in repr(Work(lambda: "secret"))
