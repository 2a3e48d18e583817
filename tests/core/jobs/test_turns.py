from __future__ import annotations

import asyncio
import time
from math import inf
from typing import TYPE_CHECKING, Any

import pytest

from runcomfy_core.jobs.turns import WATCH, Turn, Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


def on_a_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Make a test of a coroutine."""

    def run() -> None:
        asyncio.run(test())

    run.__name__ = test.__name__
    return run


async def wait(turn: Turn, limit: float = inf) -> bool:
    """Wait for a turn as a task does; whether it came."""
    await turn.begin(limit)
    return turn.has


@on_a_loop
async def test_who_came_first_is_next() -> None:
    turns = Turns(2)
    first, second, third, fourth = (Turn(turns) for _ in range(4))
    assert await wait(first)
    assert await wait(second)
    waiting = [asyncio.ensure_future(wait(turn)) for turn in (third, fourth)]
    await asyncio.sleep(0)
    assert not third.has
    first.end()
    assert (third.has, fourth.has) == (True, False)
    second.end()
    assert fourth.has
    assert await asyncio.gather(*waiting) == [True, True]


@on_a_loop
async def test_whoever_has_a_turn_does_not_wait_and_gives_it_back_once() -> None:
    turns = Turns(1)
    one, other = Turn(turns), Turn(turns)
    for _ in range(2):
        assert one.begin(inf).done()
    one.end()
    one.end()
    assert other.begin(inf).done()
    assert not one.begin(inf).done()


@on_a_loop
async def test_a_wait_ends_without_a_turn_when_its_time_is_up() -> None:
    turns = Turns(1)
    busy, hasty, patient = (Turn(turns) for _ in range(3))
    assert await wait(busy)
    begin = time.monotonic()
    waiting = asyncio.ensure_future(wait(patient))
    assert not await wait(hasty, 0.3)
    assert 0.3 <= time.monotonic() - begin < 5
    assert begin + 0.3 <= hasty.until <= time.monotonic()
    busy.end()
    assert await waiting
    patient.end()
    assert await wait(hasty, 0.0)  # a free one is taken, however little time there is


@on_a_loop
async def test_each_is_looked_after() -> None:
    turns = Turns(1)
    assert await wait(Turn(turns))
    for _ in range(2):  # again, when nobody waited meanwhile
        limits = [0.0, 2 * WATCH, 4 * WATCH]
        waits = (wait(Turn(turns), limit) for limit in limits)
        assert await asyncio.wait_for(asyncio.gather(*waits), 20) == [False] * 3


@pytest.mark.parametrize("given", [False, True])
def test_no_turn_is_lost_when_a_task_is_cancelled(*, given: bool) -> None:
    async def test() -> None:
        turns = Turns(1)
        busy, left, other = (Turn(turns) for _ in range(3))
        assert await wait(busy)
        waiting = asyncio.ensure_future(wait(left))
        await asyncio.sleep(0)
        if given:
            busy.end()
            assert left.has
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        left.end()
        busy.end()
        assert other.begin(inf).done()

    asyncio.run(test())


@on_a_loop
async def test_whoever_was_cancelled_may_wait_again() -> None:
    turns = Turns(1)
    busy, one, other = (Turn(turns) for _ in range(3))
    assert await wait(busy)
    waiting = asyncio.ensure_future(wait(one))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    again, after = one.begin(inf), other.begin(inf)
    busy.end()
    assert again.done()
    assert not after.done()
    one.end()
    assert after.done()
    other.end()
    assert busy.begin(inf).done()


@on_a_loop
async def test_no_turn_goes_to_a_coroutine_that_was_closed() -> None:
    turns = Turns(1)
    busy, left, other = (Turn(turns) for _ in range(3))
    assert await wait(busy)
    left.begin(inf)
    left.end()  # no task was cancelled, and so nothing that it waits for
    busy.end()
    assert not left.has
    assert other.begin(inf).done()
