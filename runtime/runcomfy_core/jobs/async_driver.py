"""Runs operations on an event loop without ever blocking it.

Rules:

- Requests and work block, so the client's own threads do them, :data:`THREADS` at most, however
  many operations there are. A pause holds no thread.
- Operations take turns, :data:`TURNS` at a time. A turn lasts until the operation pauses or ends.
  Without turns, ten thousand operations that begin at once would each encode an input, and hold it
  in memory while they wait for a thread.
- When an operation ends early (its task is cancelled, Ctrl-C comes, its coroutine is closed or
  collected with its loop), its requests are dropped, except one that costs money and may have left.
  Such a request counts as sent from before a thread gets it until there is proof of its outcome.
  The outcome is awaited for :data:`~.parting.CANCEL_LIMIT` seconds, and after that in the
  background, until it comes or times out. If it is a job, the job is cancelled.
- An operation whose coroutine or loop is closed can await nothing any more. A thread finishes it:
  the operation gets a CancelledError, and the thread takes the steps that it still asks for. The
  driver notices a closed loop when a coroutine is collected, when the client is first used on
  another loop, when the client is closed, and at the end of the program.
- No thread waits for a loop, so the background work goes on when the loop is gone. The end of the
  program waits for this work, for at most :data:`~.parting.CANCEL_LIMIT` seconds, and for nothing
  else.
- A forked child finishes nothing that its parent process began.
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
from runcomfy_core.wire.steps import Driver, Send, Sleep, is_over

from .errands import Errand, Payment, arrive, tell, within
from .parting import CANCEL_LIMIT
from .turns import Turn, Turns

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from runcomfy_core.http.transport import Transport
    from runcomfy_core.wire.answer import Answer
    from runcomfy_core.wire.steps import Steps, Work

T = TypeVar("T")

#: The most requests that are under way at a time.
THREADS: Final = 32

#: The most operations that have a turn at a time: enough that no thread waits for the loop.
TURNS: Final = 2 * THREADS

ON_ITS_WAY: Final = (
    "This came while a submission was on its way, and no answer has come yet: the job may exist "
    "and be billed. If its request id still comes, it is cancelled, unless a journal keeps it for "
    "a map; the log says so."
)


class AsyncClock(Ticks, Protocol):
    """The clock of waits on an event loop; :class:`AsyncSystemClock` is the real one."""

    def sleep(self, seconds: float, /) -> Awaitable[None]:
        """Sleep for that many seconds."""
        ...


class AsyncSystemClock:
    """The system's clock."""

    def monotonic(self) -> float:
        """Return the seconds since some fixed moment."""
        return time.monotonic()

    def sleep(self, seconds: float, /) -> Awaitable[None]:
        """Sleep for that many seconds."""
        return _Pause(seconds)


class _Pause(asyncio.Future[None]):
    """A future that ends after some seconds.

    It is used in place of ``asyncio.sleep``, whose coroutine would double the memory of a pause. A
    pause that is cancelled cancels its timer, which would otherwise hold the task's context
    variables for as long as the server asked to wait.
    """

    __slots__ = ("_timer",)

    def __init__(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(loop=loop)
        self._timer: asyncio.TimerHandle | None = loop.call_later(seconds, self._end)

    def cancel(self, msg: Any | None = None) -> bool:  # Any: asyncio.Future declares it so
        """Cancel the pause and its timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return super().cancel(msg)

    def _end(self) -> None:
        self._timer = None  # breaks the reference cycle of pause and timer
        arrive(self)


class AsyncDriver:
    """Runs operations for the tasks of an event loop."""

    def __init__(self, transport: Transport, clock: AsyncClock) -> None:
        self.transport = transport
        self.clock = clock
        self._threads = Threads(THREADS, "runcomfy")
        # Payments, and operations that threads finish, which must not be lost.
        self._unsettled: set[Payment | _Remains] = set()
        self._afterwards: deque[_Afterwards] = deque()
        self._quiet = Bell()
        # The operations that have begun and not ended.
        self._performed: dict[Steps[Any], Turn] = {}
        # Turns by loop: a client may be used from several loops, if not at its best.
        self._turns: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Turns] = (
            weakref.WeakKeyDictionary()
        )
        self._closed = False
        _drivers.add(self)

    async def run(self, steps: Steps[T]) -> T:
        """Run an operation to its end, and return its result.

        An exception that comes meanwhile, even in this method itself, is thrown into the operation.

        Raises:
            ConfigurationError: The client is closed.
        """
        turn = Turn(self._turns.get(asyncio.get_running_loop()) or self._begin_turns())
        outcome: Answer | NoAnswer | None = None
        thrown: BaseException | None = None
        try:
            # The operation and the driver are referred to until the operation ends. Otherwise they
            # might be collected together with a forgotten coroutine, which would close the
            # generator before a thread could finish it.
            self._performed[steps] = turn
            _busy.add(self)
            while True:
                try:
                    # This loop is inside the try, so that Ctrl-C between two steps is thrown into
                    # the operation, too.
                    while True:
                        self._check_performed(steps)
                        step = steps.send(outcome) if thrown is None else steps.throw(thrown)
                        # An answer would take memory for as long as the pause lasts.
                        outcome = thrown = None
                        # Thousands of operations may await a pause or a turn. They do so here,
                        # because one more coroutine would add a tenth to the memory of each.
                        if isinstance(step, Sleep):
                            turn.end()
                            await self.clock.sleep(step.seconds)
                        else:
                            await turn.begin(self._limit(step))
                            outcome = await self._perform(step, turn)
                except GeneratorExit:
                    self._leave(steps, turn.process)
                    raise
                except BaseException as stop:  # this may be a cancellation
                    if is_over(steps) or steps not in self._performed:
                        if isinstance(stop, StopIteration):
                            result: T = stop.value
                            return result
                        raise
                    if turn.process != os.getpid():
                        steps.close()
                        raise
                    thrown = stop
        finally:
            self._performed.pop(steps, None)
            turn.end()
            if not self._performed:
                _busy.discard(self)

    async def aclose(self) -> None:
        """Close, after a few seconds in which submissions that are under way may end."""
        quiet = asyncio.get_running_loop().create_future()
        try:
            if self._pending():
                self.when_settled(lambda: tell(quiet))
                await within(quiet, CANCEL_LIMIT)
        finally:
            self.close()

    def close(self) -> None:
        """Start nothing any more, and close the connections once every submission is settled."""
        if not self._closed:
            self._closed = True
            self.take_over(_is_closed)
            self.when_settled(self._shut)

    def check_open(self) -> None:
        """Check that the client is open.

        Raises:
            ConfigurationError: The client is closed.
        """
        if self._closed:
            raise ConfigurationError(CLOSED)

    def when_settled(self, call: Callable[[], object]) -> None:
        """Make a call when every submission is settled: now, or later in a thread."""
        later = _Afterwards(set(self._pending()), call)
        self._afterwards.append(later)
        # Something may have been settled before `later` was in the list.
        later.waits_for.intersection_update(self._pending())
        self._look()

    def take_over(self, is_gone: Callable[[asyncio.AbstractEventLoop], bool]) -> None:
        """Have threads finish the payments and operations of loops that will not run again."""
        for one in self._pending():
            if isinstance(one, Payment) and is_gone(one.loop):
                one.patience = one.patience or time.monotonic() + CANCEL_LIMIT
                if not one.abandon():
                    self.forget(one)
                elif one.is_left:
                    self._threads.push(one.settle)
        for steps, turn in list(self._performed.items()):
            loop = turn.loop
            if loop is not None and is_gone(loop):
                self._leave(steps, turn.process)

    def wait(self) -> None:
        """Wait until everything is settled, or the patience for what is left has run out."""
        while pending := self._pending():
            rest = max(one.patience for one in pending) - time.monotonic()
            if rest <= 0:
                return
            self._quiet.wait(rest)

    def _check_performed(self, steps: Steps[Any]) -> None:
        """Check that no thread has taken an operation over.

        Raises:
            asyncio.CancelledError: A thread finishes the operation.
        """
        if steps not in self._performed:
            raise asyncio.CancelledError("a thread finishes it, as its loop did not")

    def _begin_turns(self) -> Turns:
        """Return the turns of a loop on which this client has run nothing yet."""
        for driver in list(_busy):
            driver.take_over(_is_closed)
        return self._turns.setdefault(asyncio.get_running_loop(), Turns(TURNS))

    def _shut(self) -> None:
        self.transport.close()
        self._threads.close()

    def _pending(self) -> list[Payment | _Remains]:
        """Return what this process has yet to settle, as a copy, since threads change the set."""
        process = os.getpid()
        return [one for one in list(self._unsettled) if one.process == process]

    def forget(self, one: Payment | _Remains) -> None:
        """Note that a payment or an operation is settled."""
        self._unsettled.discard(one)
        for later in list(self._afterwards):
            later.waits_for.discard(one)
        self._look()
        self._quiet.ring()

    def _look(self) -> None:
        """Make the calls that have nothing left to wait for."""
        for later in list(self._afterwards):
            if not later.waits_for:
                try:
                    self._afterwards.remove(later)
                except ValueError:  # another thread makes this call
                    continue
                later.call()

    def _limit(self, step: Send | Work[Any]) -> float:
        """Return the seconds that a step may take, including its wait for a turn."""
        if not isinstance(step, Send) or step.pays:
            return inf
        longest = self.transport.longest
        return longest if step.limit is None else min(longest, step.limit)

    async def _perform(self, step: Send | Work[Any], turn: Turn) -> Answer | NoAnswer | None:
        """Take a step that needs a thread, during its *turn*."""
        if not isinstance(step, Send):
            await self._work(step.do)
            return None
        self.check_open()
        if step.late is not None:
            return await self._pay(step, step.late)
        return await self._ask(step, turn)

    async def _work(self, call: Callable[[], None]) -> None:
        """Do some work in a thread, or right here if the system has no thread left."""
        errand = Errand(call)
        arrival = errand.arrival()
        try:
            try:
                self._threads.start(errand)
            except ThreadsExhausted:
                # The work may be the record of a job that was paid for.
                errand()
            await arrival
        finally:
            errand.withdraw()
        errand.take()

    async def _ask(self, request: Send, turn: Turn) -> Answer | NoAnswer:
        """Send a request that may be dropped at any time."""
        # The deadline holds even when the operation got no turn or no thread in time.
        missed = f"no answer within {self._limit(request):.3g} s"
        if not turn.has:
            return NoAnswer(missed, left=False)
        errand = Errand(partial(self.transport.send, request))
        arrival = errand.arrival(turn.until - time.monotonic())
        try:
            self._threads.start(errand)
            await arrival
            return errand.take() if errand.done else NoAnswer(missed, left=request.left)
        finally:
            request.drop()
            errand.withdraw()
            arrive(arrival)  # this also cancels its timer

    async def _pay(
        self, request: Send, late: Callable[[Answer | NoAnswer], Steps[str]]
    ) -> Answer | NoAnswer:
        """Send a request that costs money, and make sure that its outcome is handled."""

        def settle(outcome: Answer | NoAnswer) -> str:
            return Driver(self.transport, SystemClock()).run(late(outcome))

        payment = Payment(request, self.transport.send, settle, self.forget)
        arrival = payment.arrival()
        try:
            # The request counts as sent from here on. No exception proves the contrary.
            request.aftermath = ON_ITS_WAY
            self._unsettled.add(payment)
            self._threads.start(payment)
            await arrival
            outcome = payment.take()
            request.aftermath = None
            self.forget(payment)
        except GeneratorExit:  # the garbage collector may raise it, so no lock is taken here
            if not payment.abandon():
                self._unsettled.discard(payment)
                self._threads.push(partial(self.forget, payment))
            elif payment.is_left:
                self._threads.push(payment.settle)
            raise
        except BaseException:
            if payment.abandon():
                request.aftermath = await self._settled(payment) or ON_ITS_WAY
            else:
                self.forget(payment)
            raise
        return outcome

    async def _settled(self, payment: Payment) -> str | None:
        """Have a thread handle a payment's outcome; return its words, or None if it takes long."""
        payment.patience = time.monotonic() + CANCEL_LIMIT
        if payment.is_left:
            self._threads.push(payment.settle)
        await payment.settlement(CANCEL_LIMIT)
        return payment.words

    def _leave(self, steps: Steps[Any], process: int) -> None:
        """Have a thread finish an operation whose coroutine can't, without taking a lock."""
        if self._performed.pop(steps, None) is None:
            return  # a thread finishes the operation already
        remains = _Remains(self, steps)
        if process != remains.process:
            steps.close()
            return
        self._unsettled.add(remains)
        if not self._threads.push(remains):
            self._unsettled.discard(remains)
            steps.close()


class _Afterwards:
    """A call to be made when some payments and operations are settled."""

    def __init__(self, waits_for: set[Payment | _Remains], call: Callable[[], object]) -> None:
        self.waits_for = waits_for
        self.call = call


class _Remains:
    """An operation whose coroutine or loop was closed; a thread calls this to finish it.

    Attributes:
        process: The process that finishes it.
        patience: The moment until which the end of the program waits for it.
    """

    def __init__(self, driver: AsyncDriver, steps: Steps[Any]) -> None:
        self._driver = driver
        self._steps = steps
        self.process = os.getpid()
        self.patience = time.monotonic() + CANCEL_LIMIT

    def __call__(self) -> None:
        """Throw a CancelledError into the operation, and take the steps that it still asks for."""
        try:
            Driver(self._driver.transport, SystemClock()).stop(
                self._steps, asyncio.CancelledError()
            )
        # No caller is left to raise this to.
        except BaseException as error:  # noqa: BLE001
            log.debug("an operation was closed: %s", type(error).__name__)
        finally:
            self._driver.forget(self)


def _is_closed(loop: asyncio.AbstractEventLoop) -> bool:
    return loop.is_closed()


#: The drivers that have an operation under way.
_busy: Final[set[AsyncDriver]] = set()

#: The drivers of this process, for the end of the program.
_drivers: Final[weakref.WeakSet[AsyncDriver]] = weakref.WeakSet()


@atexit.register
def _part() -> None:
    """Wait a few seconds for unsettled submissions and operations before the program ends."""
    drivers = list(_drivers)
    for driver in drivers:
        driver.take_over(lambda loop: not loop.is_running())
    for driver in drivers:
        driver.wait()
