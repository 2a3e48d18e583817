"""Performs operations on an event loop, which they never hold up.

Rules:

- What blocks (a request, work) is done by threads of the client's own, :data:`THREADS` at most,
  however many operations there are. What sleeps holds none.
- Operations take turns, :data:`TURNS` at a time; a turn lasts until the operation pauses or ends.
  Ten thousand that begin at once would else all have their bodies made, and wait for a thread.
- A task that is cancelled drops its requests, except one that costs money and has already left:
  that can't be unsent. Its outcome is awaited for :data:`~._parting.CANCEL_LIMIT` seconds,
  and then in the background, until it comes or times out; a job that comes of it is cancelled.
- No thread waits on a loop, so the background goes on when the loop is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar
from weakref import WeakKeyDictionary

from ..errors import ConfigurationError
from .answers import NoAnswer
from .parting import CANCEL_LIMIT
from .polling import SystemClock, Ticks
from .steps import Driver, Send, Sleep

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from .._http.transport import Transport
    from .answers import Answer
    from .steps import Step, Steps

T = TypeVar("T")

#: Requests that are under way at a time.
THREADS: Final = 32

#: Operations that are between their pauses at a time: no thread waits for the loop.
TURNS: Final = 2 * THREADS

ON_ITS_WAY: Final = (
    "This came while a submission was on its way, and no answer has come yet: the job may exist "
    "and be billed. If its request id still comes, it is cancelled, and the log says so."
)


class AsyncClock(Ticks, Protocol):
    """What waits on an event loop need of time; :class:`AsyncSystemClock` is the real one."""

    async def sleep(self, seconds: float, /) -> None:
        """Return after that many seconds."""
        ...


class AsyncSystemClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment."""
        return time.monotonic()

    async def sleep(self, seconds: float, /) -> None:
        """Sleep."""
        await asyncio.sleep(seconds)


class AsyncDriver:
    """Performs operations for the tasks of one event loop."""

    def __init__(self, transport: Transport, clock: AsyncClock) -> None:
        self.transport = transport
        self.clock = clock
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="runcomfy")
        # Apart, so that it can still work when the client is closed or all threads are busy. It is
        # never shut down: its threads end when this object goes, or with the program.
        self._settlers = ThreadPoolExecutor(THREADS, thread_name_prefix="runcomfy-settler")
        # What costs money and is under way, and what settles it. Any: only their ends matter.
        self._unsettled: set[Future[Any]] = set()
        # One for each loop: a client may be used from several, if not at its best.
        self._turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = (
            WeakKeyDictionary()
        )
        self._closed = False

    async def run(self, steps: Steps[T]) -> T:
        """Perform an operation to its end.

        Raises:
            ConfigurationError: The client is closed.
        """
        turn = _Turn(self._turns.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(TURNS)))
        try:
            step = next(steps)
            while True:
                try:
                    outcome = await self._perform(step, turn)
                except BaseException as stop:  # noqa: BLE001 - a cancellation too
                    step = steps.throw(stop)
                else:
                    step = steps.send(outcome)
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            turn.end()

    async def aclose(self) -> None:
        """Close, after a moment in which submissions that are under way may come to an end."""
        # A copy, for threads take from the set.
        unsettled = [_arrival(one) for one in list(self._unsettled)]
        try:
            if unsettled:
                await asyncio.wait(unsettled, timeout=CANCEL_LIMIT)
        finally:
            self.close()

    def close(self) -> None:
        """Begin nothing any more; close the connections when what costs money is settled."""
        if self._closed:
            return
        self._closed = True
        if self._unsettled:
            self._pool.submit(self._close_connections)
        else:
            self._close_connections()
        self._pool.shutdown(wait=False)

    def _close_connections(self) -> None:
        while unsettled := list(self._unsettled):
            wait(unsettled)
        self.transport.close()

    async def _perform(self, step: Step, turn: _Turn) -> Answer | NoAnswer | None:
        if isinstance(step, Sleep):
            turn.end()
            await self.clock.sleep(step.seconds)
        elif not isinstance(step, Send):
            await turn.begin()
            await self._apart(step.call)
        elif step.late is None:
            return await self._ask(step, turn)
        else:
            await turn.begin()
            return await self._pay(step, step.late)
        return None

    def _start(self, call: Callable[[], T]) -> Future[T]:
        if self._closed:
            raise ConfigurationError("the client is closed")
        return self._pool.submit(call)

    async def _apart(self, call: Callable[[], object]) -> None:
        """Do some work in a thread."""
        doing = self._start(call)
        try:
            await _arrival(doing)
        finally:
            doing.cancel()  # if it has not begun
        doing.result()

    async def _ask(self, request: Send, turn: _Turn) -> Answer | NoAnswer:
        """Send a request that may be dropped at any time."""
        limit = self.transport.longest
        if request.limit is not None:
            limit = min(limit, request.limit)
        missed = f"no answer within {limit:.3g} s"
        # Also while others have their turns, and all threads: a wait must not outlast its deadline
        # for that.
        end = time.monotonic() + limit
        if not await turn.begin(limit):
            return NoAnswer(missed, left=False)
        asking = self._start(lambda: self.transport.send(request))
        try:
            await _arrival(asking, end - time.monotonic())
            return asking.result() if asking.done() else NoAnswer(missed, left=request.left)
        finally:
            asking.cancel()  # if it has not begun

    async def _pay(
        self, request: Send, late: Callable[[Answer | NoAnswer], Steps[str]]
    ) -> Answer | NoAnswer:
        """Send a request that costs money, and don't lose sight of it."""
        sending = self._start(lambda: self.transport.send(request))
        self._note_unsettled(sending)
        try:
            await _arrival(sending)
        except asyncio.CancelledError:
            request.dropped = True
            if not sending.cancel():  # it has begun
                request.aftermath = ON_ITS_WAY
                request.aftermath = await self._settled(sending, late) or ON_ITS_WAY
            raise
        return sending.result()

    async def _settled(
        self,
        sending: Future[Answer | NoAnswer],
        late: Callable[[Answer | NoAnswer], Steps[str]],
    ) -> str | None:
        """Deal with what comes of a request that nobody waits for; None if that takes longer."""

        def settle() -> str:
            return Driver(self.transport, SystemClock()).run(late(sending.result()))

        settling = self._settlers.submit(settle)
        self._note_unsettled(settling)
        await _arrival(settling, CANCEL_LIMIT)
        if settling.done() and settling.exception() is None:
            return settling.result()
        return None

    def _note_unsettled(self, future: Future[Any]) -> None:
        self._unsettled.add(future)
        future.add_done_callback(self._unsettled.discard)


class _Turn:
    """An operation's turn. It need not wait for another while it has one."""

    __slots__ = ("_has", "_turns")

    def __init__(self, turns: asyncio.Semaphore) -> None:
        self._turns = turns
        self._has = False

    async def begin(self, limit: float | None = None) -> bool:
        """Wait for it, *limit* seconds at most; whether it has begun."""
        if not self._has:
            # The common case apart: to set an alarm takes longer than all else here.
            if limit is None or not self._turns.locked():
                await self._turns.acquire()
            else:
                try:
                    async with asyncio.timeout(limit):
                        await self._turns.acquire()
                except TimeoutError:
                    return False
            self._has = True
        return True

    def end(self) -> None:
        """Let another operation have its turn, if this one has it."""
        if self._has:
            self._has = False
            self._turns.release()


def _arrival(future: Future[Any], limit: float | None = None) -> asyncio.Future[None]:
    """What ends when a thread is done, or *limit* seconds from now.

    Cancelling it leaves the thread's work alone. Not asyncio.wait, which takes twice as long.
    """
    loop = asyncio.get_running_loop()
    arrived: asyncio.Future[None] = loop.create_future()

    def arrive() -> None:
        if not arrived.done():
            arrived.set_result(None)

    def tell(_: Future[Any]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(arrive)

    future.add_done_callback(tell)
    if limit is not None:
        timer = loop.call_later(limit, arrive)
        arrived.add_done_callback(lambda _: timer.cancel())
    return arrived
