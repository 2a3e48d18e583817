"""Many operations at once: a few threads for requests, none for pauses.

Rules:

- An operation holds a thread only while a request or some work of it is under way. While it pauses
  it is an entry in a heap, so ten thousand waits cost memory and no threads.
- An operation that is told to stop begins no further request and no pause, except those that it
  asks for on its way out. Work that it has begun is done, above all what it writes down.
- A forked child has none of the threads: operations go on in the process that began them alone.
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

#: Threads that make requests and do work, at most.
THREADS: Final = 32

#: Seconds in which operations that are told to stop may make their last requests.
PARTING: Final = 5.0

#: Seconds after which a wait for an outcome looks up: on Windows, Ctrl-C is noticed only then.
_LOOK_UP: Final = 1.0


class Stopped(BaseException):
    """Thrown into an operation that is to stop; no ``except Exception`` swallows it."""


@attrs.define(eq=False)
class _Operation(Generic[T]):
    """One that is under way.

    Attributes:
        number: Its caller's name for it.
        steps: What is left of it.
        stopping: Whether it was told to stop.
        unmade: Whether its beginning was interrupted, so that it must not go on.
        over: Whether its outcome was told.
    """

    number: int
    steps: Steps[T]
    stopping: bool = False
    unmade: bool = False
    over: bool = False


class Scheduler(Generic[T]):
    """Performs operations until it is closed.

    Args:
        transport: Sends the requests.
        clock: Tells the time. One that is not the machine's own moves only while every operation
            pauses, so that what a test sees does not depend on how fast its machine is.
        threads: How many requests may be under way at once.

    """

    def __init__(self, transport: Sender, clock: Clock, threads: int = THREADS) -> None:
        self._transport = transport
        self._clock = clock
        self._threads = Threads(threads, "runcomfy")
        self._process = os.getpid()
        self._order = itertools.count()
        self._ended: Mailbox[tuple[int, T | BaseException]] = Mailbox()
        # Taken itself, and not by way of a Condition: Ctrl-C in a Condition's __enter__ would leave
        # it locked for ever.
        self._lock = Lock()
        # All that follows belongs to whoever holds the lock.
        self._changed = threading.Condition(self._lock.alone)
        self._sleeping: list[tuple[float, int, _Operation[T]]] = []
        self._under_way = 0
        self._closed = False
        self._patience = 0.0  # until when whoever closes waits
        self._begun = False
        self._told = False  # whether the first of those that ended was told

    @property
    def under_way(self) -> int:
        """How many operations have not ended."""
        return self._under_way

    def start(self, number: int, steps: Steps[T]) -> None:
        """Begin an operation.

        Args:
            number: Comes back with its outcome.
            steps: The operation.

        Raises:
            ConfigurationError: The scheduler is closed, or another process's.
            ThreadsExhausted: The system has no thread for it.
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
            except BaseException:  # Ctrl-C while its thread started, or there is none for it
                operation.unmade = True
                self._under_way = before
                raise

    def next_ended(self, *, wait: bool) -> tuple[int, T | BaseException] | None:
        """What an operation returned or raised, and its number; the next call tells the next one.

        Args:
            wait: Whether to wait for one; else None says that there is none yet.

        Raises:
            ConfigurationError: The scheduler is another process's.
        """
        self._check_process()
        # Until its caller asks again, Ctrl-C may have come before it had what it was told.
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
        """What else has ended, and what was told last."""
        self._told = False
        while found := self.next_ended(wait=False):
            yield found

    def close(self, seconds: float = PARTING) -> int:
        """Tell every operation to stop, and wait for them; to close again waits no longer.

        Args:
            seconds: How long to wait.

        Returns:
            How many were not over by then; they go on to their ends in the background.
        """
        if os.getpid() != self._process:
            return 0  # they are the parent's, and so is the lock
        atexit.unregister(self.close)
        with self._lock.alone:
            if not self._closed:
                self._patience = time.monotonic() + seconds
                self._closed = True
            # Whenever it is closed: Ctrl-C may have come in the midst of it before.
            while self._sleeping:
                self._make_ready(heapq.heappop(self._sleeping)[2])
            self._changed.notify_all()
            self._let_go()
            try:
                rest = max(0.0, self._patience - time.monotonic())
                self._changed.wait_for(lambda: not self._under_way, rest)
            except BaseException:  # a second Ctrl-C: it gives up at once
                self._patience = 0.0
                raise
            return self._under_way

    def _check_process(self) -> None:
        if os.getpid() != self._process:
            raise forked()

    def _begin(self) -> None:
        # Not when it is made: nobody would end the thread if that were interrupted.
        start_thread(self._keep_time, "runcomfy-timer")
        # For a map that its program never ends: what it does on the way out needs the threads.
        atexit.register(self.close)
        self._begun = True

    def _make_ready(self, operation: _Operation[T]) -> None:
        self._threads.start(partial(self._advance, operation))

    def _let_go(self) -> None:
        """Let the threads end, if there is nothing to do and never will be."""
        if self._closed and not self._under_way:
            self._threads.close()

    def _advance(self, operation: _Operation[T]) -> None:
        """Perform an operation, new or after a pause, until it pauses or ends."""
        try:
            self._go_on(operation)
        # Whatever is raised is its outcome, and its caller's affair.
        except BaseException as error:  # noqa: BLE001
            self._end(operation, error)

    def _go_on(self, operation: _Operation[T]) -> None:
        # Whoever begins it may be interrupted, and holds the lock until that is decided.
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
                    thrown = error  # the operation decides
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
        # There are no pauses on the way out.
        return self._transport.send(step) if isinstance(step, Send) else None

    def _is_to_stop(self, operation: _Operation[T]) -> bool:
        """Whether an operation is to be told to stop; it is told once."""
        told = operation.stopping
        operation.stopping = self._closed
        return self._closed and not told

    def _pauses(self, operation: _Operation[T], seconds: float) -> bool:
        """Let an operation pause; whether it does. If this is interrupted, it does not."""
        try:
            return self._lay_down(operation, seconds)
        except BaseException:
            with self._lock.alone:
                self._sleeping = [one for one in self._sleeping if one[2] is not operation]
                heapq.heapify(self._sleeping)
            raise

    def _lay_down(self, operation: _Operation[T], seconds: float) -> bool:
        """Let an operation pause; False when it is time to stop, and there are no pauses."""
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
            # Before anybody hears that it is over: whoever closes looks for what has ended.
            self._ended.put((operation.number, outcome))
            operation.over = True
            self._under_way -= 1
            self._changed.notify_all()
            self._let_go()

    def _keep_time(self) -> None:
        """Make operations ready when their pauses are over; the timer's life."""
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
        """Make ready whatever is due; return the seconds until the next is, if there is one."""
        now = self._clock.monotonic()
        while self._sleeping:
            pause = self._sleeping[0][0] - now
            if pause > 0:
                return pause
            self._make_ready(heapq.heappop(self._sleeping)[2])
        return None


def forked() -> ConfigurationError:
    """What to raise when a child is asked to go on with what its parent has begun."""
    return ConfigurationError(
        "it was begun before a fork, and goes on in the parent alone", submitted=None
    )


def closed() -> ConfigurationError:
    """What to raise when a client was closed under a map."""
    return ConfigurationError(
        "the client was closed before its map was over: what was submitted goes on remotely, "
        "unless it was cancelled",
        submitted=None,
    )
