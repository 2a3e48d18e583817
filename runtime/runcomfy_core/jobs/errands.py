"""Calls that threads make for the tasks of an event loop, and who handles their outcomes.

Rules:

- Whether a call is made is decided once, by a race between the thread that would make it and the
  task that may withdraw it. A task that wins has proof that nothing was sent.
- Who handles the outcome of a request that costs money is decided by a second race, between the
  task and, when the task is gone, a thread. No outcome is lost, and none is handled twice.
- A race is decided by one atomic operation of the interpreter, so Ctrl-C can't split it. It takes
  no lock, so a coroutine can take part in it while it is garbage-collected.
- The thread that sends a payment records its outcome before anybody else learns it.
- No thread waits for a loop, so a thread's work goes on when the loop is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from functools import partial
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from runcomfy_core.logs import log
from runcomfy_core.wire.answer import NoAnswer

if TYPE_CHECKING:
    from collections.abc import Callable

    from runcomfy_core.wire.answer import Answer
    from runcomfy_core.wire.steps import Send

T = TypeVar("T")

_THREAD: Final = "a thread"
_TASK: Final = "the task"


class _Claim:
    """A claim that only the first to ask gets; the owner may ask again."""

    __slots__ = ("_owner",)

    def __init__(self) -> None:
        self._owner: dict[str, object] = {}

    def take(self, who: object) -> bool:
        return self._owner.setdefault("owner", who) is who

    def is_of(self, who: object) -> bool:
        return self._owner.get("owner") is who


class Errand(Generic[T]):
    """A call that a thread makes for a task of the running loop; the thread calls the errand.

    Attributes:
        done: Whether the call has returned or raised.
    """

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._maker = _Claim()
        self._arrived: asyncio.Future[None] | None = None
        self._error: BaseException | None = None
        self.done = False

    def __call__(self) -> None:
        """Make the call, unless it was withdrawn."""
        if self._maker.take(_THREAD):
            try:
                self._result = self._call()
            except BaseException as error:  # noqa: BLE001 - `take` raises it in the task
                self._error = error
            self.done = True
            self._end()

    def withdraw(self) -> bool:
        """Withdraw the call; return True if it will never be made, False if that came too late."""
        return self._maker.take(_TASK)

    def arrival(self, limit: float | None = None) -> asyncio.Future[None]:
        """Return a future that ends when the call was made, or *limit* seconds from now.

        Call this before a thread gets the errand.
        """
        self._arrived = asyncio.get_running_loop().create_future()
        return within(self._arrived, limit)

    def take(self) -> T:
        """Return what the call returned.

        Raises:
            BaseException: The call raised this.
        """
        if self._error is not None:
            raise self._error
        return self._result

    def _end(self) -> None:
        self._tell()

    def _tell(self) -> bool:
        """Wake the task; return False if its loop is closed."""
        # The future refers to the task, and so must not keep alive the task of a closed loop.
        arrived, self._arrived = self._arrived, None
        return arrived is not None and tell(arrived)


class Payment(Errand["Answer | NoAnswer"]):
    """A request that costs money.

    Args:
        request: The request.
        send: Sends it.
        settle: Handles the outcome in a thread when the task is gone; returns in words what
            happened.
        settled: Called when a thread has handled the outcome.

    Attributes:
        loop: The event loop of the task.
        process: The process whose threads send the request. A forked child has a copy of the
            payment, but not the threads.
        patience: The moment until which a task that was cancelled, or the end of the program, waits
            for the outcome; 0.0 while neither waits.
        words: The words of *settle*, once it has returned.
    """

    def __init__(
        self,
        request: Send,
        send: Callable[[Send], Answer | NoAnswer],
        settle: Callable[[Answer | NoAnswer], str],
        settled: Callable[[Payment], object],
    ) -> None:
        # Not a method of its own: that would make a cycle, which would keep the client, and its
        # journal's files, until the garbage collector comes by.
        super().__init__(partial(_sent, send, request))
        self._request = request
        self._settle = settle
        self._settled = settled
        self._heir = _Claim()
        self._settler = _Claim()
        self._over = False
        self._waiting: asyncio.Future[None] | None = None
        self.loop = asyncio.get_running_loop()
        self.process = os.getpid()
        self.patience = 0.0
        self.words: str | None = None

    @property
    def is_left(self) -> bool:
        """Whether the outcome is there and the task is gone, so that :meth:`settle` is due."""
        return self.done and self._heir.is_of(_THREAD)

    def abandon(self) -> bool:
        """Leave the outcome to a thread; return whether there is one to handle.

        There is none if the request will never be sent, if :meth:`take` has given its outcome to
        the task, or if the payment belongs to the parent process.
        """
        own = self.process == os.getpid()
        sees = own and not self.withdraw() and not self._request.drop() and self._heir.take(_THREAD)
        if not sees:
            self._request.aftermath = None
        return sees

    def take(self) -> Answer | NoAnswer:
        """Return the outcome, which the task handles from here on.

        Raises:
            BaseException: Sending raised this.
            asyncio.CancelledError: A thread handles the outcome already, since the program ends.
        """
        if not self._heir.take(_TASK):
            raise asyncio.CancelledError
        return super().take()

    def settle(self) -> None:
        """Handle the outcome in place of the task. Only the first call does anything."""
        if not self._settler.take(object()):
            return
        try:
            self.words = self._settle(self._known())
        # No task is left to raise this in. The job was recorded before, so nothing is lost.
        except BaseException as error:  # noqa: BLE001
            log.warning("the outcome of a submission was not handled: %s", type(error).__name__)
        self._over = True
        if self._waiting is not None:
            tell(self._waiting)
        self._settled(self)

    def settlement(self, limit: float) -> asyncio.Future[None]:
        """Return a future that ends when a thread has handled the outcome, or after *limit* s."""
        self._waiting = asyncio.get_running_loop().create_future()
        if self._over:
            arrive(self._waiting)
        return within(self._waiting, limit)

    def _known(self) -> Answer | NoAnswer:
        error = self._error
        if error is None:
            return self._result
        return NoAnswer(str(error) or type(error).__name__, left=self._request.left)

    def _end(self) -> None:
        if not self._tell():
            self._heir.take(_THREAD)
        if self.is_left:
            self.settle()


def within(arrival: asyncio.Future[None], limit: float | None) -> asyncio.Future[None]:
    """End a future after *limit* seconds, if nothing ended it before; return the same future.

    The future is not cancelled, it gets a result. ``asyncio.wait`` would take twice as long.
    """
    if limit is not None and not arrival.done():
        timer = arrival.get_loop().call_later(limit, arrive, arrival)
        arrival.add_done_callback(lambda _: timer.cancel())
    return arrival


def tell(arrival: asyncio.Future[None]) -> bool:
    """End a future from another thread; return False if its loop is closed."""
    try:
        arrival.get_loop().call_soon_threadsafe(arrive, arrival)
    except RuntimeError:
        return False
    return True


def arrive(arrival: asyncio.Future[None]) -> None:
    """End a future, unless it has ended."""
    if not arrival.done():
        # Setting the result fails if the loop is closed; nothing waits for the future then.
        with contextlib.suppress(RuntimeError):
            arrival.set_result(None)


def _sent(send: Callable[[Send], Answer | NoAnswer], request: Send) -> Answer | NoAnswer:
    outcome = send(request)
    if request.hear is not None:
        # The outcome is recorded in this thread, which neither Ctrl-C nor a cancelled task
        # interrupts.
        request.heard = request.hear(outcome)
    return outcome
