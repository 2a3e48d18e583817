"""Runs many operations at once: with a few threads for requests, and none for pauses.

Rules:

- An operation holds a thread only during a request or a piece of work. While it pauses, it is an
  entry in a heap, so ten thousand waits cost memory but no threads.
- An operation that is told to stop may make last requests, such as a cancel, but it never pauses
  again. Work is always done, above all what it records in the journal.
- A forked child has none of the threads, so operations go on only in the process that began them.
"""

from __future__ import annotations

import atexit
import heapq
import itertools
import os
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import attrs

from runcomfy_core.errors import ConfigurationError
from runcomfy_core.threads import Lock, Mailbox, Threads, start_thread
from runcomfy_core.wire.clock import SystemClock
from runcomfy_core.wire.steps import Send, Sleep, Work, is_over

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runcomfy_core.wire.answer import Answer, NoAnswer
    from runcomfy_core.wire.clock import Clock
    from runcomfy_core.wire.steps import Sender, Step, Steps

T = TypeVar("T")

#: The most threads that make requests and do work.
THREADS: Final = 32

#: Seconds in which operations that are told to stop may make their last requests.
PARTING: Final = 5.0

#: Seconds after which a wait for an outcome wakes up: on Windows, Ctrl-C is noticed only then.
_LOOK_UP: Final = 1.0


class Stopped(BaseException):
    """Tells an operation to stop. No ``except Exception`` swallows it."""


@attrs.define(eq=False)
class _Operation(Generic[T]):
    """An operation that is under way.

    Attributes:
        number: The caller's name for the operation.
        steps: The operation itself.
        stopping: Whether the operation was told to stop.
        unmade: Whether its start was interrupted, so that it must not run.
        over: Whether its outcome was reported.
    """

    number: int
    steps: Steps[T]
    stopping: bool = False
    unmade: bool = False
    over: bool = False


class Scheduler(Generic[T]):
    """Runs operations until it is closed.

    Args:
        transport: Sends the requests.
        clock: Tells the time. A clock other than the system's moves only while every operation
            pauses, so that a test does not depend on how fast the machine is.
        threads: The most requests that may be under way at once.

    """

    def __init__(self, transport: Sender, clock: Clock, threads: int = THREADS) -> None:
        self._transport = transport
        self._clock = clock
        self._threads = Threads(threads, "runcomfy")
        self._process = os.getpid()
        self._order = itertools.count()
        self._ended: Mailbox[tuple[int, T | BaseException]] = Mailbox()
        # Code here takes this lock, never the Condition: Ctrl-C in a Condition's __enter__ would
        # leave the lock taken for ever.
        self._lock = Lock()
        # Every attribute from here on is used only while the lock is held.
        self._changed = threading.Condition(self._lock.alone)
        self._sleeping: list[tuple[float, int, _Operation[T]]] = []
        self._under_way = 0
        self._closed = False
        self._patience = 0.0  # the moment until which `close` waits
        self._begun = False
        self._told = False  # whether the first entry of `_ended` was returned to the caller

    @property
    def under_way(self) -> int:
        """How many operations have not ended."""
        return self._under_way

    def start(self, number: int, steps: Steps[T]) -> None:
        """Start an operation.

        Args:
            number: The caller's name for the operation; its outcome comes back with it.
            steps: The operation.

        Raises:
            ConfigurationError: The scheduler is closed, or belongs to another process.
            ThreadsExhausted: The system has no thread for the operation.
        """
        self._check_process()
        with self._lock.alone:
            if self._closed:
                raise closed()
            if not self._begun:
                self._begin()
            before = self._under_way
            operation = _Operation(number, steps)
            try:
                self._under_way += 1
                self._make_ready(operation)
            except BaseException:  # Ctrl-C came, or the system had no thread
                operation.unmade = True
                self._under_way = before
                raise

    def next_ended(self, *, wait: bool) -> tuple[int, T | BaseException] | None:
        """Return the number of the next operation that ended, and what it returned or raised.

        Args:
            wait: Whether to wait until an operation ends. If False, return None when none has.

        Raises:
            ConfigurationError: The scheduler belongs to another process.
        """
        self._check_process()
        # Ctrl-C may have come between the last return and the caller's use of the value, so the
        # value is dropped only now, when the caller asks for the next one.
        if self._told:
            self._told = False
            self._ended.drop()
        while True:
            found = self._ended.look(_LOOK_UP if wait else 0.0)
            if found is not None:
                self._told = True
                return found
            if not wait:
                return None

    def ended(self) -> Iterator[tuple[int, T | BaseException]]:
        """Yield the outcomes that are there, beginning once more with the last one returned."""
        self._told = False
        while found := self.next_ended(wait=False):
            yield found

    def close(self, seconds: float = PARTING) -> int:
        """Tell every operation to stop, and wait for them. A second call extends no wait.

        Args:
            seconds: How long to wait.

        Returns:
            How many operations were not over by then. They end in the background.
        """
        if os.getpid() != self._process:
            return 0  # the operations and the lock belong to the parent process
        atexit.unregister(self.close)
        with self._lock.alone:
            if not self._closed:
                self._patience = time.monotonic() + seconds
                self._closed = True
            # A second call does this too, because Ctrl-C may have cut the first one short.
            while self._sleeping:
                self._make_ready(heapq.heappop(self._sleeping)[2])
            self._changed.notify_all()
            self._let_go()
            try:
                rest = max(0.0, self._patience - time.monotonic())
                self._changed.wait_for(lambda: not self._under_way, rest)
            except BaseException:  # after a second Ctrl-C there is no more waiting
                self._patience = 0.0
                raise
            return self._under_way

    def _check_process(self) -> None:
        if os.getpid() != self._process:
            raise forked()

    def _begin(self) -> None:
        # The timer does not start in __init__: nothing would end it if __init__ were interrupted.
        start_thread(self._keep_time, "runcomfy-timer")
        # If the program ends in the midst of a map, its last requests still need the threads.
        atexit.register(self.close)
        self._begun = True

    def _make_ready(self, operation: _Operation[T]) -> None:
        self._threads.start(partial(self._advance, operation))

    def _let_go(self) -> None:
        """Let the threads end, if there is nothing left to do."""
        if self._closed and not self._under_way:
            self._threads.close()

    def _advance(self, operation: _Operation[T]) -> None:
        """Run an operation, new or after a pause, until it pauses or ends."""
        try:
            self._go_on(operation)
        # Any exception is the operation's outcome, and is handed to the caller.
        except BaseException as error:  # noqa: BLE001
            self._end(operation, error)

    def _go_on(self, operation: _Operation[T]) -> None:
        # `start` holds the lock until it is decided whether the operation runs.
        with self._lock.alone:
            if operation.unmade:
                return
        steps = operation.steps
        outcome: Answer | NoAnswer | None = None
        thrown: BaseException | None = Stopped() if self._is_to_stop(operation) else None
        while True:
            try:
                step = steps.send(outcome) if thrown is None else steps.throw(thrown)
                outcome = thrown = None
                if isinstance(step, Sleep) and self._pauses(operation, step.seconds):
                    return
                outcome = self._perform(operation, step)
            except BaseException as error:
                if not is_over(steps):
                    thrown = error  # the next round throws it into the operation
                elif isinstance(error, StopIteration):
                    self._end(operation, error.value)
                    return
                else:
                    raise

    def _perform(self, operation: _Operation[T], step: Step) -> Answer | NoAnswer | None:
        if isinstance(step, Work):
            step.do()
            return None
        if self._is_to_stop(operation):
            raise Stopped
        # A Sleep comes here only once the scheduler is closed, and is skipped then.
        return self._transport.send(step) if isinstance(step, Send) else None

    def _is_to_stop(self, operation: _Operation[T]) -> bool:
        """Return whether an operation must be told to stop now; True only once for each."""
        told = operation.stopping
        operation.stopping = self._closed
        return self._closed and not told

    def _pauses(self, operation: _Operation[T], seconds: float) -> bool:
        """Try to let an operation pause, and return whether it does; not if this is interrupted."""
        try:
            return self._lay_down(operation, seconds)
        except BaseException:
            with self._lock.alone:
                self._sleeping = [one for one in self._sleeping if one[2] is not operation]
                heapq.heapify(self._sleeping)
            raise

    def _lay_down(self, operation: _Operation[T], seconds: float) -> bool:
        """Put an operation to sleep, and return True; return False if the scheduler is closed."""
        with self._lock.alone:
            if self._closed:
                return False
            wake = self._clock.monotonic() + seconds
            heapq.heappush(self._sleeping, (wake, next(self._order), operation))
            first = self._sleeping[0][2] is operation
            if first or len(self._sleeping) == self._under_way:
                self._changed.notify_all()
        return True

    def _end(self, operation: _Operation[T], outcome: T | BaseException) -> None:
        with self._lock.alone:
            if operation.over:
                return
            # The outcome is put here before the count sinks, because `close` waits for the count,
            # and its caller then reads the outcomes.
            self._ended.put((operation.number, outcome))
            operation.over = True
            self._under_way -= 1
            self._changed.notify_all()
            self._let_go()

    def _keep_time(self) -> None:
        """Wake operations when their pauses are over; the timer thread runs this."""
        while True:
            with self._lock.alone:
                pause = self._wake()
                if self._closed:
                    return
                if pause is None or isinstance(self._clock, SystemClock):
                    self._changed.wait(pause)
                    continue
                if len(self._sleeping) < self._under_way:
                    self._changed.wait()
                    continue
            self._clock.sleep(pause)

    def _wake(self) -> float | None:
        """Wake the operations that are due; return the seconds until the next one, or None."""
        now = self._clock.monotonic()
        while self._sleeping:
            pause = self._sleeping[0][0] - now
            if pause > 0:
                return pause
            self._make_ready(heapq.heappop(self._sleeping)[2])
        return None


def forked() -> ConfigurationError:
    """Return the error for a forked child that uses what its parent process began."""
    return ConfigurationError(
        "it was begun before a fork, and goes on only in the parent process", submitted=None
    )


def closed() -> ConfigurationError:
    """Return the error for a map whose client was closed before the map was over."""
    return ConfigurationError(
        "the client was closed before its map was over: what was submitted goes on remotely, "
        "unless it was cancelled",
        submitted=None,
    )
