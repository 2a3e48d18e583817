from __future__ import annotations

import asyncio
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from support_transport import paying

from runcomfy_core.jobs.errands import Errand, Payment, arrive, tell, within
from runcomfy_core.wire.answer import Answer, NoAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from runcomfy_core.wire.steps import Send

SOUND = Answer(200, {}, b"{}")


class Told:
    """A payment, and what is done with it. Its request leaves when the test lets it."""

    def __init__(self, send: Callable[[Send], Answer | NoAnswer] | None = None) -> None:
        self.request = paying()
        self.sent = 0
        self.settled: list[Answer | NoAnswer] = []
        self.over = 0
        self.entered, self.left, self.answered = (threading.Event() for _ in range(3))
        self.go, self.answer = threading.Event(), threading.Event()
        self.payment = Payment(self.request, send or self.send, self.settle, self.end)
        self.arrival = self.payment.arrival()
        self._thread = threading.Thread(target=self.payment, daemon=True)

    def send(self, request: Send) -> Answer | NoAnswer:
        self.entered.set()
        assert self.go.wait(10)
        if not request.leave():
            return NoAnswer("dropped", left=False)
        self.sent += 1
        self.left.set()
        assert self.answer.wait(10)
        return SOUND

    def settle(self, outcome: Answer | NoAnswer) -> str:
        self.settled.append(outcome)
        return "seen to"

    def end(self, payment: Payment) -> None:
        assert payment is self.payment
        self.over += 1

    def begin(self, *, goes: bool = False, answers: bool = False) -> None:
        self._thread.start()
        assert self.entered.wait(10)
        if goes:
            self.go.set()
            assert self.left.wait(10)
        if answers:
            self.answer.set()
            self._thread.join(10)
            assert self.payment.done

    def finish(self) -> None:
        self.go.set()
        self.answer.set()
        self._thread.join(10)
        assert not self._thread.is_alive()


def on_a_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Make a test of a coroutine."""

    def run() -> None:
        asyncio.run(test())

    run.__name__ = test.__name__
    return run


@on_a_loop
async def test_a_call_is_made_and_taken() -> None:
    errand = Errand(lambda: 5)
    arrival = errand.arrival(10)
    threading.Timer(0.01, errand).start()
    await arrival
    assert errand.done
    assert errand.take() == 5
    errand()  # once
    assert not errand.withdraw()


@on_a_loop
async def test_what_a_call_raises_is_the_task_s() -> None:
    def fail() -> None:
        raise MemoryError

    errand = Errand(fail)
    arrival = errand.arrival(10)
    errand()
    await arrival
    with pytest.raises(MemoryError):
        errand.take()


@on_a_loop
async def test_what_is_withdrawn_is_never_made() -> None:
    errand = Errand(lambda: 1 / 0)
    assert errand.withdraw()
    assert errand.withdraw()
    errand()
    assert not errand.done
    await errand.arrival(0.01)  # which ends all the same


@on_a_loop
async def test_a_payment_that_waits_is_never_sent() -> None:
    told = Told()
    assert not told.payment.abandon()
    told.payment()
    assert (told.sent, told.settled, told.over) == (0, [], 0)


@on_a_loop
async def test_a_payment_that_connects_never_leaves() -> None:
    told = Told()
    told.begin()
    assert not told.payment.abandon()
    told.finish()
    assert (told.sent, told.settled, told.over) == (0, [], 0)


@on_a_loop
async def test_a_thread_sees_to_a_payment_that_was_abandoned_on_its_way() -> None:
    told = Told()
    told.begin(goes=True)
    assert told.payment.abandon()
    assert told.payment.abandon()  # the same answer, however often it is asked
    assert not told.payment.is_left
    settled = told.payment.settlement(10)
    told.finish()
    await settled
    assert (told.settled, told.over, told.payment.words) == ([SOUND], 1, "seen to")
    told.payment.settle()  # once
    assert told.over == 1
    await told.payment.settlement(10)
    with pytest.raises(asyncio.CancelledError):
        told.payment.take()


@on_a_loop
async def test_an_outcome_that_nobody_took_is_left_to_a_thread() -> None:
    told = Told()
    told.begin(goes=True, answers=True)
    assert not told.payment.is_left
    assert told.payment.abandon()
    assert told.payment.is_left
    assert told.settled == []
    threading.Thread(target=told.payment.settle).start()
    await told.payment.settlement(10)
    assert (told.settled, told.over) == ([SOUND], 1)


@on_a_loop
async def test_an_outcome_that_was_taken_is_the_task_s() -> None:
    told = Told()
    told.begin(goes=True, answers=True)
    await told.arrival
    assert told.payment.take() is SOUND
    assert not told.payment.abandon()
    assert not told.payment.is_left
    assert told.over == 0


def test_where_the_loop_is_gone_the_thread_settles() -> None:
    async def make() -> Told:
        return Told()

    told = asyncio.run(make())
    told.begin(goes=True, answers=True)
    assert (told.settled, told.over) == ([SOUND], 1)


@pytest.mark.parametrize("left", [False, True])
def test_what_was_raised_while_it_was_sent_is_no_answer(*, left: bool) -> None:
    def send(request: Send) -> Answer:
        if left:
            request.leave()
        raise MemoryError

    async def test() -> None:
        told = Told(send)
        told.payment()
        with pytest.raises(MemoryError):
            told.payment.take()
        told = Told(send)
        told.payment()
        assert told.payment.abandon() is left
        told.payment.settle()
        assert told.settled == [NoAnswer("MemoryError", left=left)]

    asyncio.run(test())


def test_that_it_was_not_seen_to_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: object) -> str:
        raise MemoryError

    async def test() -> None:
        told = Told()
        payment = Payment(told.request, told.send, fail, lambda _: told.settled.append(SOUND))
        payment.arrival()
        payment.done = True
        payment._result = SOUND
        payment.settle()
        assert told.settled == [SOUND]
        assert payment.words is None

    asyncio.run(test())
    assert [one.getMessage() for one in caplog.records] == [
        "the outcome of a submission was not handled: MemoryError"
    ]


def lets_go(times: int) -> None:
    """Let another thread get on."""
    for _ in range(times):
        time.sleep(0)


def test_each_payment_has_one_heir_however_it_is_raced() -> None:
    """A thread sends it, and the task goes away, at about the same moment."""
    seen = {"sent": 0, "unsent": 0}

    async def one(turn: int) -> None:
        told = Told()
        told.go.set()
        told.answer.set()
        thread = threading.Thread(target=told.payment)
        if turn % 10:
            thread.start()
        if turn % 10 == 9:
            thread.join(10)
        lets_go(turn % 10)
        sees = told.payment.abandon()
        if told.payment.is_left:
            told.payment.settle()
        if turn % 10:
            thread.join(10)
        assert told.sent == len(told.settled) == told.over == int(sees)
        seen["sent" if sees else "unsent"] += 1

    async def all_of_them() -> None:
        for turn in range(400):
            await one(turn)

    asyncio.run(all_of_them())
    assert min(seen.values()) >= 40


def test_a_future_ends_in_time_or_when_it_is_told() -> None:
    async def test() -> None:
        loop = asyncio.get_running_loop()
        await within(loop.create_future(), 0.01)
        told = loop.create_future()
        threading.Timer(0.01, partial(tell, told)).start()
        await within(told, 60)
        arrive(told)
        assert within(told, 60) is told
        futures.append(told)

    futures: list[asyncio.Future[None]] = []
    asyncio.run(test())
    assert not tell(futures[0])
