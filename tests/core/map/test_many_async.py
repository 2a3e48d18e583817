from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from support_async import AsyncFakeClock

from runcomfy import errors
from runcomfy_core.jobs.async_driver import AsyncDriver
from runcomfy_core.map import many_async
from runcomfy_core.map.many import Tally
from runcomfy_core.map.many_async import Batch, each_async
from runcomfy_core.wire.steps import sleep, work

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from runcomfy_core.wire.steps import Steps

T = TypeVar("T")


class Nowhere:
    """A transport that nothing is sent with."""

    longest = 1.0

    def close(self) -> None:
        pass


def run(test: Callable[[Batch[Any]], Coroutine[Any, Any, T]]) -> T:
    async def main() -> T:
        driver = AsyncDriver(Nowhere(), AsyncFakeClock())  # type: ignore[arg-type] # as said there
        try:
            return await test(Batch(driver))
        finally:
            driver.close()

    return asyncio.run(main())


def rest(seconds: float) -> Steps[float]:
    yield from sleep(seconds)
    return seconds


def fails(error: BaseException) -> Steps[float]:
    def fail() -> None:
        raise error

    yield from work(fail)
    return 0


def hangs(stopped: list[str]) -> Steps[None]:
    try:
        while True:
            yield from sleep(1)
    except asyncio.CancelledError:
        yield from work(lambda: stopped.append("x"))
        raise


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("most", [1, 3, 100])
def test_outcomes_come_and_items_are_taken_when_there_is_room(most: int, *, ordered: bool) -> None:
    taken, given = 0, list[int]()

    def items() -> Iterator[tuple[int, Steps[float]]]:
        nonlocal taken
        for number in range(50):
            taken += 1
            yield number, rest(number % 5)

    async def test(batch: Batch[Any]) -> None:
        async for item, outcome in each_async(batch, items(), Tally(most, ordered=ordered)):
            assert outcome == item % 5
            given.append(item)
            assert taken - len(given) < most
        assert batch.under_way == 0

    run(test)
    assert (given if ordered else sorted(given)) == list(range(50))


def test_an_error_is_an_outcome_and_a_bug_is_raised() -> None:
    error = errors.ConfigurationError("no")

    async def test(batch: Batch[Any]) -> None:
        items = [(1, rest(1)), (2, fails(error)), (3, rest(3))]
        found = {item: outcome async for item, outcome in each_async(batch, items, Tally(8))}
        assert found == {1: 1, 2: error, 3: 3}

    async def bug(batch: Batch[Any]) -> None:
        with pytest.raises(ZeroDivisionError, match="a bug"):
            await anext(each_async(batch, [(1, fails(ZeroDivisionError("a bug")))], Tally(8)))

    run(test)
    run(bug)


def test_an_error_that_is_false_is_an_error() -> None:
    class EmptyError(Exception):
        def __len__(self) -> int:
            return 0

    def empty() -> Steps[float]:
        yield from sleep(1)
        raise EmptyError

    async def test(batch: Batch[Any]) -> None:
        with pytest.raises(EmptyError):
            await asyncio.wait_for(anext(each_async(batch, [(1, empty())], Tally(8))), 5)

    run(test)


def test_an_iterator_that_breaks_off_is_raised_at_the_end() -> None:
    def items() -> Iterator[tuple[int, Steps[float]]]:
        yield 1, rest(1)
        raise LookupError("no more rows")

    async def test(batch: Batch[Any]) -> None:
        loop = each_async(batch, items(), Tally(8))
        assert await anext(loop) == (1, 1)
        with pytest.raises(LookupError, match="no more rows"):
            await anext(loop)

    run(test)


@pytest.mark.parametrize("leave", ["aclose", "cancel", "closed"])
def test_whoever_leaves_stops_what_is_under_way(leave: str) -> None:
    stopped: list[str] = []

    async def test(batch: Batch[Any]) -> None:
        items = [(1, hangs(stopped)), (2, work(lambda: None)), (3, hangs(stopped))]
        loop = each_async(batch, items, Tally(8))
        assert await anext(loop) == (2, None)
        if leave == "aclose":
            await loop.aclose()
        elif leave == "cancel":
            waiting = asyncio.ensure_future(anext(loop))
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        else:
            assert await batch.close() == 0
            with pytest.raises(errors.ConfigurationError, match="the client was closed before"):
                await anext(loop)
        assert batch.under_way == 0
        assert stopped == ["x", "x"]
        operation = rest(1)
        with pytest.raises(errors.ConfigurationError, match="the client was closed before"):
            batch.start(1, operation)

    run(test)


def test_what_does_not_stop_in_time_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(many_async, "PARTING", 0.05)

    def stubborn() -> Steps[None]:
        try:
            while True:
                yield from sleep(1)
        except asyncio.CancelledError:
            with contextlib.suppress(asyncio.CancelledError):
                while True:
                    yield from sleep(1)

    async def test(batch: Batch[Any]) -> None:
        items = [(1, stubborn()), (2, work(lambda: None))]
        loop = each_async(batch, items, Tally(8))
        assert await anext(loop) == (2, None)
        await loop.aclose()

    run(test)
    assert "1 operations were still busy after 5 s" in caplog.text


def test_the_loop_goes_on_while_many_begin() -> None:
    begun, most = 0, 0

    def items() -> Iterator[tuple[int, Steps[float]]]:
        nonlocal begun
        for number in range(3000):
            begun += 1
            yield number, rest(0)

    async def look() -> None:
        """Count how many begin between two turns of the loop."""
        nonlocal most
        while True:
            before = begun
            await asyncio.sleep(0)
            most = max(most, begun - before)

    async def test(batch: Batch[Any]) -> None:
        looking = asyncio.create_task(look())
        await asyncio.sleep(0)
        async for _ in each_async(batch, items(), Tally(3000)):
            pass
        looking.cancel()

    run(test)
    assert 1 <= most <= 2
