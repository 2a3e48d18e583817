from __future__ import annotations

import logging
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from support_client import FakeClock

from runcomfy import errors
from runcomfy_core.jobs.engine import Scheduler, Stopped
from runcomfy_core.map.many import MapProgress, Source, Tally, each
from runcomfy_core.wire.clock import SystemClock
from runcomfy_core.wire.steps import sleep, work

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from runcomfy_core.wire.clock import Clock
    from runcomfy_core.wire.steps import Steps


def rest(seconds: float) -> Steps[float]:
    yield from sleep(seconds)
    return seconds


def fails(error: BaseException) -> Steps[float]:
    def fail() -> None:
        raise error

    yield from work(fail)
    return 0


def scheduler(clock: Clock | None = None) -> Scheduler[Any]:
    return Scheduler(None, clock or FakeClock())  # type: ignore[arg-type] # nothing is sent here


def outcomes(
    operations: Iterable[tuple[Any, Steps[Any]]], max_in_flight: int = 8, **options: Any
) -> list[tuple[Any, Any]]:
    return list(each(scheduler(), operations, Tally(max_in_flight, **options)))


def test_outcomes_come_as_operations_end_or_in_order() -> None:
    seconds = [30.0, 10.0, 20.0, 0.0]
    # All are under way before the clock moves: a fifth, of the same length as none, holds it.
    found = outcomes((one, rest(one)) for one in seconds)
    assert sorted(found) == [(one, one) for one in sorted(seconds)]
    found = outcomes(((one, rest(one)) for one in seconds), ordered=True)
    assert found == [(one, one) for one in seconds]


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("most", [1, 2, 7, 100])
def test_items_are_taken_only_when_there_is_room(most: int, *, ordered: bool) -> None:
    taken = 0

    def items() -> Iterator[tuple[int, Steps[float]]]:
        nonlocal taken
        for number in range(50):
            taken += 1
            yield number, rest(number % 5)

    given = 0
    for item, outcome in each(scheduler(), items(), Tally(most, ordered=ordered)):
        assert outcome == item % 5
        given += 1
        assert taken - given < most
    assert given == taken == 50


def test_what_has_ended_is_given_before_the_next_item_is_taken() -> None:
    first_is_over = threading.Event()
    given: list[int] = []

    def items() -> Iterator[tuple[int, Steps[None]]]:
        yield 1, work(first_is_over.set)
        assert first_is_over.wait(10)
        yield 2, work(lambda: None)
        assert given
        yield 3, work(lambda: None)

    made = scheduler()
    for number, _ in each(made, items(), Tally(3)):
        given.append(number)
    assert sorted(given) == [1, 2, 3]


def test_an_error_is_an_outcome_and_does_not_stop_the_rest() -> None:
    error = errors.ConfigurationError("no")
    found = dict(outcomes([(1, rest(1)), (2, fails(error)), (3, rest(3))]))
    assert found == {1: 1, 2: error, 3: 3}


@pytest.mark.parametrize("error", [ZeroDivisionError("a bug"), SystemExit(3)])
def test_what_is_no_error_of_ours_is_raised(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught:
        outcomes([(1, rest(1)), (2, fails(error))])
    assert caught.value is error


def test_an_iterator_that_breaks_off_is_raised_at_the_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def items() -> Iterator[tuple[int, Steps[float]]]:
        yield 1, rest(1)
        yield 2, rest(2)
        raise LookupError("no more rows")

    loop = each(scheduler(), items(), Tally(8))
    assert sorted([next(loop), next(loop)]) == [(1, 1), (2, 2)]
    with pytest.raises(LookupError, match="no more rows"):
        next(loop)
    assert "the inputs broke off (LookupError); what is under way goes on" in caplog.text


def test_ctrl_c_in_the_iterator_is_raised_at_once() -> None:
    def items() -> Iterator[tuple[int, Steps[float]]]:
        yield 1, rest(1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        next(each(scheduler(), items(), Tally(8)))


def test_progress_is_told() -> None:
    seen: list[MapProgress] = []
    error = errors.ConfigurationError("no")
    outcomes([(1, rest(1)), (2, fails(error))], 1, total=2, on_progress=seen.append)
    assert seen == [
        MapProgress(2, 1, 0, 0),
        MapProgress(2, 1, 1, 0),
        MapProgress(2, 2, 1, 0),
        MapProgress(2, 2, 1, 1),
    ]
    assert [one.in_flight for one in seen] == [1, 0, 1, 0]


def test_what_progress_raises_ends_it_cleanly() -> None:
    def angry(_: MapProgress) -> None:
        raise ValueError("mine")

    made = scheduler()
    with pytest.raises(ValueError, match="mine"):
        list(each(made, [(1, rest(1))], Tally(8, on_progress=angry)))
    with pytest.raises(errors.ConfigurationError, match="was closed"):
        made.start(1, rest(1))


def hanging(begun: threading.Event, stopped: list[int], leave: threading.Event) -> Steps[int]:
    begun.set()
    try:
        yield from sleep(1000)
    except Stopped:
        yield from work(lambda: leave.wait(10))
        stopped.append(1)
        raise
    return 1


@pytest.mark.parametrize("quick", [False, True])
def test_whoever_leaves_stops_what_is_under_way(
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    *,
    quick: bool,
) -> None:
    begun, leave, stopped = threading.Event(), threading.Event(), list[int]()
    if quick:
        leave.set()
    made = scheduler(SystemClock())
    close = made.close
    monkeypatch.setattr(made, "close", lambda: close(10 if quick else 0))

    def items() -> Iterator[tuple[int, Steps[Any]]]:
        yield 1, hanging(begun, stopped, leave)
        assert begun.wait(10)
        yield 2, work(lambda: None)

    tally: Tally[int, Any] = Tally(8, journal=tmp_path / "j")
    loop = each(made, items(), tally)
    assert next(loop) == (2, None)
    loop.close()
    leave.set()
    if not quick:
        found = made.next_ended(wait=True)
        assert found is not None
        assert isinstance(found[1], Stopped)
    assert stopped == [1]
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert said[0] == (
        f"left with 1 under way: they go on remotely, and are in the journal {tmp_path / 'j'}; "
        "map the same inputs again to go on"
    )
    assert said[1:] == ([] if quick else ["1 operations were still busy after 5 s"])


def test_one_that_was_closed_by_others_says_so() -> None:
    made = scheduler(SystemClock())
    begun, leave = threading.Event(), threading.Event()
    leave.set()
    loop = each(made, [(1, hanging(begun, [], leave))], Tally(8))
    closing = threading.Timer(0.05, made.close)
    closing.start()
    with pytest.raises(errors.ConfigurationError, match="the client was closed before its map"):
        next(loop)
    closing.join()


def test_whoever_is_closed_by_others_hears_what_came_of_each() -> None:
    begun = threading.Semaphore(0)

    def slow(number: int) -> Steps[Any]:
        try:
            yield from parting(begun, number)
        finally:
            yield from work(partial(time.sleep, 0.1 * number))
        return number

    made = scheduler(SystemClock())
    loop = each(made, [(number, slow(number)) for number in range(5)], Tally(8))

    def close() -> None:
        assert all(begun.acquire(timeout=10) for _ in range(5))
        made.close()

    closing = threading.Thread(target=close)
    closing.start()
    with pytest.raises(errors.ConfigurationError, match="the client was closed") as caught:
        next(loop)
    closing.join()
    assert sorted(caught.value.__notes__) == [f"Cancelled request {number}." for number in range(5)]


def test_a_source_without_items() -> None:
    source: Source[int] = Source([])
    assert source.next() is None
    assert not source.more
    source.end()
    assert outcomes([]) == []


def parting(begun: threading.Semaphore, number: int) -> Steps[int]:
    begun.release()
    try:
        yield from sleep(1000)
    except Stopped as stop:
        stop.add_note(f"Cancelled request {number}.")
        raise
    return 1


def test_whoever_is_interrupted_hears_what_came_of_the_rest() -> None:
    begun = threading.Semaphore(0)

    def items() -> Iterator[tuple[int, Steps[Any]]]:
        for number in range(25):
            yield number, parting(begun, number)
        assert all(begun.acquire(timeout=10) for _ in range(25))
        yield 25, work(lambda: None)

    loop = each(scheduler(SystemClock()), items(), Tally[int, Any](30))
    next(loop)
    with pytest.raises(KeyboardInterrupt) as caught:
        loop.throw(KeyboardInterrupt())
    *notes, last = getattr(caught.value, "__notes__", [])
    assert len(notes) == 20
    assert all(note.startswith("Cancelled request ") for note in notes)
    assert last == "… and 5 more; the log has all"
