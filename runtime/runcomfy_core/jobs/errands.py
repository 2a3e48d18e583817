"""What threads do for the tasks of an event loop, and who looks after what comes of it.

Rules:

- Whether a call is made is decided once, by whoever comes first: the thread that makes it, or the
  task that wants it no more. A task that came first has proof that nothing was sent.
- Who looks after the outcome of a request that costs money is decided the same way: its task, or,
  when that has gone away, a thread. No outcome is lost, and none is seen to twice.
- Each decision is one step of the interpreter's, so that Ctrl-C can't halve it. It takes no lock,
  so that a coroutine can make it while it is garbage-collected.
- No thread waits for a loop: what it has to do goes on when the loop is gone.
"""

from __future__ import annotations

import asyncio
import os
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
    """What one alone gets: whoever asks first, however often it asks."""

    __slots__ = ("_owner",)

    def __init__(self) -> None:
        self._owner: dict[str, object] = {}

    def take(self, who: object) -> bool:
        return self._owner.setdefault("owner", who) is who

    def is_of(self, who: object) -> bool:
        return self._owner.get("owner") is who


class Errand(Generic[T]):
    """A call that a thread makes for a task of the running loop; the thread calls this.

    Attributes:
        done: Whether the call was made.
    """

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._maker = _Claim()
        self._arrived: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._error: BaseException | None = None
        self.done = False

    def __call__(self) -> None:
        """Make the call, unless it was withdrawn."""
        if self._maker.take(_THREAD):
            try:
                self._result = self._call()
            except BaseException as error:  # noqa: BLE001 - the task's affair
                self._error = error
            self.done = True
            self._end()

    def withdraw(self) -> bool:
        """Want it no more; whether that came in time, and the call is never made."""
        return self._maker.take(_TASK)

    def arrival(self, limit: float | None = None) -> asyncio.Future[None]:
        """What ends when the call was made, or *limit* seconds from now."""
        return within(self._arrived, limit)

    def take(self) -> T:
        """What the call returned.

        Raises:
            BaseException: What it raised.
        """
        if self._error is not None:
            raise self._error
        return self._result

    def _end(self) -> None:
        tell(self._arrived)


class Payment(Errand["Answer | NoAnswer"]):
    """A request that costs money.

    Args:
        request: The request.
        send: Sends it.
        settle: What a thread is to do with the outcome when the task has gone away; it returns in
            words what came of that.
        settled: Told when a thread has done so.

    Attributes:
        process: Whose threads look after it. A forked child has its parent's payments, and not the
            threads.
        patience: Until when whoever went away, or ends the program, waits for it; 0.0 while nobody
            does.
        words: What *settle* returned, if it was needed and went well.
    """

    def __init__(
        self,
        request: Send,
        send: Callable[[Send], Answer | NoAnswer],
        settle: Callable[[Answer | NoAnswer], str],
        settled: Callable[[Payment], object],
    ) -> None:
        super().__init__(lambda: send(request))
        self._request = request
        self._settle = settle
        self._settled = settled
        self._heir = _Claim()
        self._settler = _Claim()
        self._over = False
        self._waiting: asyncio.Future[None] | None = None
        self.process = os.getpid()
        self.patience = 0.0
        self.words: str | None = None

    @property
    def is_left(self) -> bool:
        """Whether the outcome is there and the task is not, so that :meth:`settle` is due."""
        return self.done and self._heir.is_of(_THREAD)

    def abandon(self) -> bool:
        """Go away; whether a thread sees to the outcome.

        If not, the request is never sent, or :meth:`take` has given its outcome to the task, or it
        is the affair of a parent process.
        """
        if self.process != os.getpid() or self.withdraw() or self._request.drop():
            return False
        return self._heir.take(_THREAD)

    def take(self) -> Answer | NoAnswer:
        """What came of it, which is the task's affair from here on.

        Raises:
            BaseException: What was raised while it was sent.
            asyncio.CancelledError: A thread sees to it already, since the program ends.
        """
        if not self._heir.take(_TASK):
            raise asyncio.CancelledError
        return super().take()

    def settle(self) -> None:
        """See to the outcome in the place of the task, once."""
        if not self._settler.take(object()):  # several threads may come
            return
        try:
            self.words = self._settle(self._known())
        # It was written down before; that the job was not cancelled is for the log to say.
        except BaseException as error:  # noqa: BLE001
            log.warning("what came of a submission was not seen to: %s", type(error).__name__)
        self._over = True
        if self._waiting is not None:
            tell(self._waiting)
        self._settled(self)

    def settlement(self, limit: float) -> asyncio.Future[None]:
        """What ends when a thread has seen to the outcome, or *limit* seconds from now."""
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
        if not tell(self._arrived):
            self._heir.take(_THREAD)
        if self.is_left:
            self.settle()


def within(arrival: asyncio.Future[None], limit: float | None) -> asyncio.Future[None]:
    """The same, ended in *limit* seconds if it has not by then. It is ended, and not cancelled.

    Not asyncio.wait, which takes twice as long.
    """
    if limit is not None and not arrival.done():
        timer = arrival.get_loop().call_later(limit, arrive, arrival)
        arrival.add_done_callback(lambda _: timer.cancel())
    return arrival


def tell(arrival: asyncio.Future[None]) -> bool:
    """End a future from another thread; whether its loop is still there."""
    try:
        arrival.get_loop().call_soon_threadsafe(arrive, arrival)
    except RuntimeError:  # the loop is closed: nobody waits any more
        return False
    return True


def arrive(arrival: asyncio.Future[None]) -> None:
    """End a future that may have ended."""
    if not arrival.done():
        arrival.set_result(None)
