"""Turns, and the clock: how many operations are between their pauses. The rest others show."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast

import pytest
from support_async import cancelled

from runcomfy_core.jobs.async_driver import THREADS, TURNS, AsyncDriver, AsyncSystemClock
from runcomfy_core.wire.answer import Answer, NoAnswer
from runcomfy_core.wire.steps import Send, send, sleep, work

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from runcomfy_core.wire.steps import Steps

SOUND = Answer(200, {}, b"{}")
MANY = 10 * TURNS


class Gate:
    """A transport whose answers come when the gate is open."""

    longest = 60.0

    def __init__(self) -> None:
        self.open = threading.Event()
        self.asked = threading.Semaphore(0)
        self.sent = 0
        self._lock = threading.Lock()

    def send(self, request: Send) -> Answer:
        with self._lock:
            self.sent += 1
        request.leave()
        self.asked.release()
        assert self.open.wait(20)
        return SOUND

    def close(self) -> None:
        self.open.set()


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open.set()


def on_a_loop(test: Callable[[Gate], Coroutine[Any, Any, None]]) -> Callable[[Gate], None]:
    """Make a test of a coroutine."""

    def run(gate: Gate) -> None:
        asyncio.run(test(gate))

    run.__name__ = test.__name__
    return run


def driver(gate: Gate) -> AsyncDriver:
    # Any, for a driver asks three things of a transport.
    transport: Any = gate
    return AsyncDriver(transport, AsyncSystemClock())


class Bodies:
    """Bodies that are made and not sent yet."""

    def __init__(self) -> None:
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()

    def made(self) -> None:
        self._count(1)

    def gone(self) -> None:
        self._count(-1)

    def _count(self, change: int) -> None:
        with self._lock:
            self._now += change
            self.most = max(self.most, self._now)


def job(bodies: Bodies) -> Steps[Answer | NoAnswer]:
    yield from work(bodies.made)
    outcome = yield from send(Send("POST", "/x", b"{}"))
    bodies.gone()
    yield from sleep(0.0)
    yield from send(Send("GET", "/x"))
    return outcome


@on_a_loop
async def test_few_of_many_have_their_turns_at_a_time(gate: Gate) -> None:
    gate.open.set()
    bodies = Bodies()
    one = driver(gate)
    outcomes = await asyncio.gather(*(one.run(job(bodies)) for _ in range(MANY)))
    assert outcomes == [SOUND] * MANY
    assert gate.sent == 2 * MANY
    assert THREADS <= bodies.most <= TURNS
    await one.aclose()


class Together(AsyncSystemClock):
    """A clock that wakes nobody before all have gone to sleep."""

    def __init__(self, sleepers: int) -> None:
        self._barrier = asyncio.Barrier(sleepers)

    async def sleep(self, seconds: float, /) -> None:
        del seconds
        await self._barrier.wait()


@on_a_loop
async def test_a_pause_is_no_turn(gate: Gate) -> None:
    gate.open.set()
    one = driver(gate)
    one.clock = Together(MANY)
    async with asyncio.timeout(60):
        await asyncio.gather(*(one.run(job(Bodies())) for _ in range(MANY)))
    await one.aclose()


@on_a_loop
async def test_whoever_waits_for_a_turn_keeps_a_deadline(gate: Gate) -> None:
    one = driver(gate)
    others = [asyncio.ensure_future(one.run(job(Bodies()))) for _ in range(TURNS)]
    for _ in range(THREADS):
        assert await asyncio.to_thread(gate.asked.acquire, timeout=10)
    begin = time.monotonic()
    outcome = await one.run(send(Send("GET", "/x", None, 0.3)))
    assert 0.3 <= time.monotonic() - begin < 5
    assert outcome == NoAnswer("no answer within 0.3 s", left=False)
    gate.open.set()
    await asyncio.gather(*others)
    assert gate.sent == 2 * TURNS
    await one.aclose()


@on_a_loop
async def test_whoever_is_cancelled_meanwhile_sends_nothing_and_takes_no_turn(gate: Gate) -> None:
    one = driver(gate)
    others = [asyncio.ensure_future(one.run(job(Bodies()))) for _ in range(TURNS)]
    for _ in range(THREADS):
        assert await asyncio.to_thread(gate.asked.acquire, timeout=10)
    waiting = [asyncio.ensure_future(one.run(job(Bodies()))) for _ in range(TURNS)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)
    gate.open.set()
    await asyncio.gather(*others)
    assert gate.sent == 2 * TURNS
    # No turn was lost: as many as ever fit at a time.
    bodies = Bodies()
    await asyncio.gather(*(one.run(job(bodies)) for _ in range(MANY)))
    assert bodies.most > THREADS
    await one.aclose()


def test_several_loops_may_share_a_client(gate: Gate) -> None:
    gate.open.set()
    one = driver(gate)

    async def many() -> int:
        outcomes = await asyncio.gather(*(one.run(job(Bodies())) for _ in range(MANY)))
        return len(outcomes)

    with ThreadPoolExecutor(3) as pool:  # at once, and one after the other
        found = [pool.submit(asyncio.run, cast("Any", many())) for _ in range(6)]
        assert [one.result(timeout=60) for one in found] == [MANY] * 6
    one.close()


# --- the clock of the machine ---


def test_the_machines_clock_goes_on() -> None:
    clock = AsyncSystemClock()
    begin = clock.monotonic()

    async def test() -> None:
        await clock.sleep(0.01)

    asyncio.run(test())
    assert clock.monotonic() >= begin + 0.009


def test_a_pause_that_is_cancelled_leaves_no_timer() -> None:
    timers: list[asyncio.TimerHandle] = []

    async def pause() -> None:
        await AsyncSystemClock().sleep(3600)

    async def test() -> None:
        loop = asyncio.get_running_loop()
        call_later = loop.call_later

        def noted(*of: Any) -> asyncio.TimerHandle:
            timers.append(call_later(*of))
            return timers[-1]

        loop.call_later = noted  # type: ignore[assignment,method-assign] # it takes what that takes
        task = asyncio.ensure_future(pause())
        await asyncio.sleep(0)
        await cancelled(task)

    asyncio.run(test())
    assert [timer.cancelled() for timer in timers] == [True]


def test_a_pause_may_be_cancelled_when_it_is_over() -> None:
    async def test() -> None:
        over = AsyncSystemClock().sleep(0)
        assert isinstance(over, asyncio.Future)
        await over
        assert not over.cancel()

    asyncio.run(test())
