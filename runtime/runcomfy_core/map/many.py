"""Runs many operations for one caller, with a limit on how many are under way.

Rules:

- The next input is taken from the caller's iterator in the caller's thread, and only when there is
  room.
- An operation that fails with an error of ours does not stop the others: the error is its outcome.
  Any other exception (a bug, Ctrl-C) is raised.
- If the caller's iterator raises, no more inputs are taken, but the operations that are under way
  may be paid for. So the exception is raised only after all outcomes were yielded.
- When the caller stops early (``break``, Ctrl-C), no operation is left running in this process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, TypeVar

import attrs

from runcomfy_core.errors import RunComfyError
from runcomfy_core.interrupts import pass_on
from runcomfy_core.jobs.engine import PARTING, Stopped, closed
from runcomfy_core.logs import log

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from pathlib import Path

    from runcomfy_core.jobs.engine import Scheduler
    from runcomfy_core.wire.steps import Steps

#: The most jobs that a note names, and the most notes, when a map stops early.
_MOST_NOTES: Final = 20

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


@attrs.frozen
class MapProgress:
    """The progress of a map.

    Attributes:
        total: How many inputs there are, or None if that is not known.
        begun: How many inputs were taken so far.
        done: How many inputs have a result.
        failed: How many inputs have ended with an error.
    """

    total: int | None
    begun: int
    done: int
    failed: int

    @property
    def in_flight(self) -> int:
        """How many inputs are under way."""
        return self.begun - self.done - self.failed


@attrs.define
class Tally(Generic[ItemT, ResultT]):
    """Counts the operations of a map, and holds outcomes until they are yielded.

    Attributes:
        max_in_flight: The most items that may be begun and not yet yielded. Outcomes that wait for
            their turn count as well.
        total: How many items there are, or None if that is not known.
        ordered: Whether outcomes are yielded in the order of the items.
        on_progress: Called with the progress.
        journal: The journal's file, or None.
    """

    max_in_flight: int
    total: int | None = None
    ordered: bool = False
    on_progress: Callable[[MapProgress], object] | None = None
    journal: Path | None = None
    _items: dict[int, ItemT] = attrs.field(factory=dict, init=False)
    _ready: dict[int, ResultT | RunComfyError] = attrs.field(factory=dict, init=False)
    _begun: int = attrs.field(default=0, init=False)
    _done: int = attrs.field(default=0, init=False)
    _failed: int = attrs.field(default=0, init=False)
    _next: int = attrs.field(default=0, init=False)
    _giving: list[ResultT | RunComfyError] = attrs.field(factory=list, init=False)

    @property
    def waiting(self) -> int:
        """How many items were begun and not yet yielded."""
        return len(self._items)

    @property
    def has_room(self) -> bool:
        """Whether another operation may begin."""
        return self.waiting < self.max_in_flight

    @property
    def in_flight(self) -> int:
        """How many operations are under way."""
        return self._begun - self._done - self._failed

    def begin(self, item: ItemT) -> int:
        """Count an operation that begins, and return its number."""
        number = self._begun
        self._items[number] = item
        self._begun += 1
        self._tell()
        return number

    def end(self, number: int, outcome: ResultT | BaseException) -> None:
        """Take the outcome of an operation.

        Raises:
            ConfigurationError: The operation was told to stop, because the client was closed.
            BaseException: The outcome is an exception that is no error of ours.
        """
        if isinstance(outcome, Stopped):
            error = closed()
            for words in partings([outcome]):
                error.add_note(words)
            del self._items[number]  # the error reports it
            raise error
        if isinstance(outcome, RunComfyError):
            self._failed += 1
        elif isinstance(outcome, BaseException):
            del self._items[number]
            raise outcome
        else:
            self._done += 1
        self._ready[number] = outcome
        self._tell()

    def take(self) -> Iterator[tuple[ItemT, ResultT | RunComfyError]]:
        """Yield the outcomes that are ready, with their items."""
        while self._ready:
            number = self._next if self.ordered else next(iter(self._ready))
            if number not in self._ready:
                return
            self._next += 1
            # If Ctrl-C comes between here and the caller, `leave` still finds the outcome here.
            self._giving = [self._ready[number]]
            given = self._items.pop(number), self._ready.pop(number)
            try:
                yield given
            finally:
                self._giving = []

    def leave(self, busy: int, ended: Iterable[tuple[int, object]]) -> list[str]:
        """Log what a map that stops early leaves behind, and return it in words, for notes.

        Args:
            busy: How many operations did not stop in time.
            ended: The outcomes that were not taken yet, by the numbers of their operations.
        """
        told: list[str] = []
        others = [one for number, one in ended if self._is_new(number)]
        if self.in_flight and self.journal is not None:
            told.append(
                f"left with {self.in_flight} under way: they go on remotely, and are in the "
                f"journal {self.journal}; map the same inputs again to go on"
            )
        if busy:
            told.append(f"{busy} operations were still busy after {PARTING:g} s")
        if self.journal is None:
            told += _ungiven([*self._ready.values(), *self._giving, *others])
        for words in told:
            log.warning("%s", words)
        return [*told, *partings(others)]

    def _is_new(self, number: int) -> bool:
        return number in self._items and number not in self._ready

    def _tell(self) -> None:
        if self.on_progress is not None:
            self.on_progress(MapProgress(self.total, self._begun, self._done, self._failed))


class Source(Generic[ItemT]):
    """The caller's items, one at a time. An exception of their iterator is kept for the end.

    Attributes:
        more: Whether there may be more items.
    """

    def __init__(self, items: Iterable[ItemT]) -> None:
        self.more = True
        self._items = iter(items)
        self._error: Exception | None = None

    def next(self) -> ItemT | None:
        """Return the next item, or None when there are no more."""
        try:
            for item in self._items:
                return item
        except Exception as error:  # noqa: BLE001 - the method `end` raises it
            pass_on(error)
            log.warning(
                "the inputs broke off (%s); what is under way goes on", type(error).__name__
            )
            self._error = error
        self.more = False
        return None

    def end(self) -> None:
        """Raise the exception of the iterator, if there was one."""
        if self._error is not None:
            raise self._error


def each(
    scheduler: Scheduler[ResultT],
    operations: Iterable[tuple[ItemT, Steps[ResultT]]],
    tally: Tally[ItemT, ResultT],
) -> Generator[tuple[ItemT, ResultT | RunComfyError]]:
    """Run operations, and yield each item with its result or error.

    Args:
        scheduler: Runs the operations; it is closed at the end.
        operations: The items, each with its operation; the next is taken when there is room.
        tally: Keeps count, and decides the order.
    """
    source = Source(operations)
    try:
        while source.more or tally.waiting:
            if source.more and tally.has_room and (following := source.next()) is not None:
                item, steps = following
                scheduler.start(tally.begin(item), steps)
            wait = tally.in_flight > 0 and not (source.more and tally.has_room)
            while ended := scheduler.next_ended(wait=wait):
                tally.end(*ended)
                wait = False
            yield from tally.take()
        source.end()
    except BaseException as stop:
        for words in tally.leave(scheduler.close(), scheduler.ended()):
            stop.add_note(words)
        raise
    finally:
        scheduler.close()


def _ungiven(outcomes: Iterable[object]) -> list[str]:
    """Return what to say about jobs whose outcomes were never yielded."""
    found = [getattr(one, "request_id", None) for one in outcomes]
    names = [name for name in found if name is not None]
    if not names:
        return []
    more = len(names) - _MOST_NOTES
    listed = ", ".join(names[:_MOST_NOTES]) + ("" if more <= 0 else f" and {more} more")
    words = (
        f"some outcomes were not taken: of request {listed}; pick each up "
        "with model.job(client, request_id)"
    )
    return [words]


def partings(outcomes: Iterable[object]) -> list[str]:
    """Return what to say about the jobs of operations that were told to stop."""
    found: list[str] = []
    for outcome in outcomes:
        if isinstance(outcome, Stopped):
            found += getattr(outcome, "__notes__", [])
    more = len(found) - _MOST_NOTES
    return found if more <= 0 else [*found[:_MOST_NOTES], f"… and {more} more; the log has all"]
