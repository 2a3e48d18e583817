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
from math import inf
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar
from weakref import WeakKeyDictionary

from .._http.transport import CLOSED
from .._wire.answer import NoAnswer
from .._wire.clock import SystemClock, Ticks
from .._wire.steps import Driver, Send, Sleep
from ..errors import ConfigurationError
from .parting import CANCEL_LIMIT
from .turns import Turn, Turns

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from concurrent.futures import Future

    from .._http.transport import Transport
    from .._wire.answer import Answer
    from .._wire.steps import Steps, Work

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

    def sleep(self, seconds: float, /) -> Awaitable[None]:
        """Return after that many seconds."""
        ...


class AsyncSystemClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment."""
        return time.monotonic()

    def sleep(self, seconds: float, /) -> Awaitable[None]:
        """Sleep."""
        return _Pause(seconds)


class _Pause(asyncio.Future[None]):
    """Ends by itself. Not asyncio.sleep, whose coroutine takes as much as the rest of a pause.

    One that is cancelled ends its timer: that would hold the task's context variables for as long
    as the server asked to wait.
    """

    __slots__ = ("_timer",)

    def __init__(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(loop=loop)
        self._timer: asyncio.TimerHandle | None = loop.call_later(seconds, self._end)

    def cancel(self, msg: Any | None = None) -> bool:  # as declared there
        """End it early."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return super().cancel(msg)

    def _end(self) -> None:
        self._timer = None  # they hold each other
        _arrive(self)


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
        self._turns: WeakKeyDictionary[asyncio.AbstractEventLoop, Turns] = WeakKeyDictionary()
        self._closed = False

    async def run(self, steps: Steps[T]) -> T:
        """Perform an operation to its end.

        Raises:
            ConfigurationError: The client is closed.
        """
        loop = asyncio.get_running_loop()
        turn = Turn(self._turns.get(loop) or self._turns.setdefault(loop, Turns(TURNS)))
        try:
            step = next(steps)
            while True:
                try:
                    # Thousands await a pause or a turn: here, where a further coroutine would be
                    # a tenth of what each of them holds.
                    if isinstance(step, Sleep):
                        turn.end()
                        await self.clock.sleep(step.seconds)
                        outcome = None
                    else:
                        await turn.begin(self._limit(step))
                        outcome = await self._perform(step, turn)
                except BaseException as stop:  # noqa: BLE001 - a cancellation too
                    step = steps.throw(stop)
                else:
                    step = steps.send(outcome)
                    del outcome  # an answer, which would be held through the pause
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

    def _limit(self, step: Send | Work[Any]) -> float:
        """Seconds that a step may take, with its wait for a turn."""
        if not isinstance(step, Send) or step.pays:
            return inf
        longest = self.transport.longest
        return longest if step.limit is None else min(longest, step.limit)

    async def _perform(self, step: Send | Work[Any], turn: Turn) -> Answer | NoAnswer | None:
        """Perform what takes a thread, in its *turn*."""
        if not isinstance(step, Send):
            await self._apart(step.do)
            return None
        if step.late is not None:
            return await self._pay(step, step.late)
        return await self._ask(step, turn)

    def _start(self, call: Callable[[], T]) -> Future[T]:
        if self._closed:
            raise ConfigurationError(CLOSED)
        return self._pool.submit(call)

    async def _apart(self, call: Callable[[], object]) -> None:
        """Do some work in a thread."""
        doing = self._start(call)
        try:
            await _arrival(doing)
        finally:
            doing.cancel()  # if it has not begun
        doing.result()

    async def _ask(self, request: Send, turn: Turn) -> Answer | NoAnswer:
        """Send a request that may be dropped at any time."""
        # Also while others have their turns, and all threads: a wait must not outlast its deadline
        # for that.
        missed = f"no answer within {self._limit(request):.3g} s"
        if not turn.has:
            return NoAnswer(missed, left=False)
        asking = self._start(lambda: self.transport.send(request))
        try:
            await _arrival(asking, turn.until - time.monotonic())
            return asking.result() if asking.done() else NoAnswer(missed, left=request.left)
        finally:
            asking.cancel()  # if it has not begun

    async def _pay(
        self, request: Send, late: Callable[[Answer | NoAnswer], Steps[str]]
    ) -> Answer | NoAnswer:
        """Send a request that costs money, and don't lose sight of it."""
        try:
            sending = self._start(lambda: self.transport.send(request))
        except BaseException:
            # Where no thread can be made for it, it is in the queue of those that there are.
            request.drop()
            raise
        self._note_unsettled(sending)
        try:
            await _arrival(sending)
        except asyncio.CancelledError:
            request.drop()
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


def _arrival(future: Future[Any], limit: float | None = None) -> asyncio.Future[None]:
    """What ends when a thread is done, or *limit* seconds from now.

    Cancelling it leaves the thread's work alone. Not asyncio.wait, which takes twice as long.
    """
    loop = asyncio.get_running_loop()
    arrived: asyncio.Future[None] = loop.create_future()

    def tell(_: Future[Any]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_arrive, arrived)

    future.add_done_callback(tell)
    if limit is not None:
        timer = loop.call_later(limit, _arrive, arrived)
        arrived.add_done_callback(lambda _: timer.cancel())
    return arrived


def _arrive(arrived: asyncio.Future[None]) -> None:
    if not arrived.done():
        arrived.set_result(None)
