"""Performs operations on an event loop, which they never hold up.

Rules:

- What blocks (a request, work) is done by threads of the client's own, :data:`THREADS` at most,
  however many operations there are. What sleeps holds none.
- Operations take turns, :data:`TURNS` at a time; a turn lasts until the operation pauses or ends.
  Ten thousand that begin at once would else all have their bodies made, and wait for a thread.
- Whatever ends an operation early (a cancelled task, Ctrl-C, a coroutine that is closed or
  collected with its loop) drops its requests, except one that costs money and may have left: that
  can't be unsent. From before it is given to a thread, until there is proof of what became of it,
  it counts as sent. Its outcome is awaited for :data:`~.parting.CANCEL_LIMIT` seconds, and then in
  the background, until it comes or times out; a job that comes of it is cancelled.
- An operation whose coroutine is closed can await nothing any more. A thread finishes it: it is
  told that it was cancelled, and what it asks for on its way out is done.
- No thread waits on a loop, so the background goes on when the loop is gone. The program's end
  waits for it, for :data:`~.parting.CANCEL_LIMIT` seconds, and for nothing else.
- A forked child finishes nothing that its parent has begun.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import time
import weakref
from collections import deque
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from runcomfy_core.errors import ConfigurationError, ThreadsExhausted
from runcomfy_core.http.transport import CLOSED
from runcomfy_core.logs import log
from runcomfy_core.threads import Bell, Threads
from runcomfy_core.wire.answer import NoAnswer
from runcomfy_core.wire.clock import SystemClock, Ticks
from runcomfy_core.wire.steps import Driver, Send, Sleep

from .errands import Errand, Payment, arrive, tell, within
from .parting import CANCEL_LIMIT
from .turns import Turn, Turns

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from runcomfy_core.http.transport import Transport
    from runcomfy_core.wire.answer import Answer
    from runcomfy_core.wire.steps import Steps, Work

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
        arrive(self)


class AsyncDriver:
    """Performs operations for the tasks of one event loop."""

    def __init__(self, transport: Transport, clock: AsyncClock) -> None:
        self.transport = transport
        self.clock = clock
        self._threads = Threads(THREADS, "runcomfy")
        # What must not be forgotten: payments, and operations that threads finish.
        self._unsettled: set[Payment | _Remains] = set()
        self._afterwards: deque[_Afterwards] = deque()
        self._quiet = Bell()
        # One for each loop: a client may be used from several, if not at its best.
        self._turns: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Turns] = (
            weakref.WeakKeyDictionary()
        )
        self._closed = False
        _drivers.add(self)

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
                except GeneratorExit:
                    self._leave(steps, turn.process)
                    raise
                except BaseException as stop:  # a cancellation too
                    if turn.process != os.getpid():
                        steps.close()
                        raise
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
        quiet = asyncio.get_running_loop().create_future()
        try:
            if self._pending():
                self.when_settled(lambda: tell(quiet))
                await within(quiet, CANCEL_LIMIT)
        finally:
            self.close()

    def close(self) -> None:
        """Begin nothing any more; close the connections when what costs money is settled."""
        if not self._closed:
            self._closed = True
            self.when_settled(self._shut)

    def check_open(self) -> None:
        """See that something may begin.

        Raises:
            ConfigurationError: The client is closed.
        """
        if self._closed:
            raise ConfigurationError(CLOSED)

    def when_settled(self, call: Callable[[], object]) -> None:
        """Call it when all that is under way and costs money is settled: here, or in a thread."""
        later = _Afterwards(set(self._pending()), call)
        self._afterwards.append(later)
        # What was settled before it could be told.
        later.waits_for.intersection_update(self._pending())
        self._look()

    def abandon(self) -> None:
        """Leave to threads what costs money: no task may come to take its outcome any more."""
        for one in self._pending():
            if isinstance(one, Payment):
                one.patience = one.patience or time.monotonic() + CANCEL_LIMIT
                if not one.abandon():
                    self.forget(one)
                elif one.is_left:
                    self._threads.push(one.settle)

    def wait(self) -> None:
        """Wait until all is settled, or nothing is left that deserves more time."""
        while pending := self._pending():
            rest = max(one.patience for one in pending) - time.monotonic()
            if rest <= 0:
                return
            self._quiet.wait(rest)

    def _shut(self) -> None:
        self.transport.close()
        self._threads.close()

    def _pending(self) -> list[Payment | _Remains]:
        """What must not be forgotten, of this process's: a copy, for threads take from the set."""
        process = os.getpid()
        return [one for one in list(self._unsettled) if one.process == process]

    def forget(self, one: Payment | _Remains) -> None:
        """Note that it is settled."""
        self._unsettled.discard(one)
        for later in list(self._afterwards):
            later.waits_for.discard(one)
        self._look()
        self._quiet.ring()

    def _look(self) -> None:
        for later in list(self._afterwards):
            if not later.waits_for:
                try:
                    self._afterwards.remove(later)
                except ValueError:  # another thread was faster
                    continue
                later.call()

    def _limit(self, step: Send | Work[Any]) -> float:
        """Seconds that a step may take, with its wait for a turn."""
        if not isinstance(step, Send) or step.pays:
            return inf
        longest = self.transport.longest
        return longest if step.limit is None else min(longest, step.limit)

    async def _perform(self, step: Send | Work[Any], turn: Turn) -> Answer | NoAnswer | None:
        """Perform what takes a thread, in its *turn*."""
        if not isinstance(step, Send):
            await self._work(step.do)
            return None
        self.check_open()
        if step.late is not None:
            return await self._pay(step, step.late)
        return await self._ask(step, turn)

    async def _work(self, call: Callable[[], None]) -> None:
        """Do some work in a thread; here, where there is none."""
        errand = Errand(call)
        try:
            try:
                self._threads.start(errand)
            except ThreadsExhausted:
                # It may be what is written down of a job that was paid for.
                errand()
            await errand.arrival()
        finally:
            errand.withdraw()
        errand.take()

    async def _ask(self, request: Send, turn: Turn) -> Answer | NoAnswer:
        """Send a request that may be dropped at any time."""
        # Also while others have their turns, and all threads: a wait must not outlast its deadline
        # for that.
        missed = f"no answer within {self._limit(request):.3g} s"
        if not turn.has:
            return NoAnswer(missed, left=False)
        errand = Errand(partial(self.transport.send, request))
        try:
            self._threads.start(errand)
            await errand.arrival(turn.until - time.monotonic())
            return errand.take() if errand.done else NoAnswer(missed, left=request.left)
        finally:
            request.drop()
            errand.withdraw()

    async def _pay(
        self, request: Send, late: Callable[[Answer | NoAnswer], Steps[str]]
    ) -> Answer | NoAnswer:
        """Send a request that costs money, and don't lose sight of it."""

        def settle(outcome: Answer | NoAnswer) -> str:
            return Driver(self.transport, SystemClock()).run(late(outcome))

        payment = Payment(request, self.transport.send, settle, self.forget)
        try:
            # It counts as sent from here on. What follows is no proof of the contrary.
            request.aftermath = ON_ITS_WAY
            self._unsettled.add(payment)
            self._threads.start(payment)
            await payment.arrival()
            outcome = payment.take()
            request.aftermath = None
            self.forget(payment)
        except GeneratorExit:  # the collector's, perhaps: no lock is taken here
            if not payment.abandon():
                request.aftermath = None
                self._unsettled.discard(payment)
                self._threads.push(partial(self.forget, payment))
            elif payment.is_left:
                self._threads.push(payment.settle)
            raise
        except BaseException:
            if payment.abandon():
                request.aftermath = await self._settled(payment) or ON_ITS_WAY
            else:
                request.aftermath = None
                self.forget(payment)
            raise
        return outcome

    async def _settled(self, payment: Payment) -> str | None:
        """Have a thread see to what comes of a payment; None if that takes longer."""
        payment.patience = time.monotonic() + CANCEL_LIMIT
        if payment.is_left:
            self._threads.push(payment.settle)
        await payment.settlement(CANCEL_LIMIT)
        return payment.words

    def _leave(self, steps: Steps[Any], process: int) -> None:
        """Have a thread finish an operation whose coroutine is closed; no lock is taken."""
        remains = _Remains(self, steps)
        if process != remains.process:
            steps.close()
            return
        self._unsettled.add(remains)
        if not self._threads.push(remains):
            self._unsettled.discard(remains)
            steps.close()


class _Afterwards:
    """A call that is to be made when some things are settled."""

    def __init__(self, waits_for: set[Payment | _Remains], call: Callable[[], object]) -> None:
        self.waits_for = waits_for
        self.call = call


class _Remains:
    """An operation whose coroutine was closed, as something for a thread to call.

    Attributes:
        process: Whose thread that is.
        patience: Until when whoever ends the program waits for it.
    """

    def __init__(self, driver: AsyncDriver, steps: Steps[Any]) -> None:
        self._driver = driver
        self._steps = steps
        self.process = os.getpid()
        self.patience = time.monotonic() + CANCEL_LIMIT

    def __call__(self) -> None:
        """Tell it that it was cancelled, and do what it asks for on its way out."""
        try:
            Driver(self._driver.transport, SystemClock()).stop(
                self._steps, asyncio.CancelledError()
            )
        # Nobody is there to hear of it.
        except BaseException as error:  # noqa: BLE001
            log.debug("an operation was closed: %s", type(error).__name__)
        finally:
            self._driver.forget(self)


#: Those of this process, for its end.
_drivers: Final[weakref.WeakSet[AsyncDriver]] = weakref.WeakSet()


@atexit.register
def _part() -> None:
    """Give what costs money a moment before the program ends."""
    drivers = list(_drivers)
    for driver in drivers:
        driver.abandon()
    for driver in drivers:
        driver.wait()
