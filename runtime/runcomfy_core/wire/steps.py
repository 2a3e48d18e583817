"""Operations as generators of steps, and a driver that performs them.

An operation (submit, wait, cancel) is a generator. It yields a step, and receives the step's
outcome. A driver decides how steps are performed: the one in this module performs them in the
caller's thread, and the one in ``jobs/async_driver.py`` on an event loop.

Rules:

- An operation does no I/O, does not sleep, and reads no clock except one passed to it.
- An exception that is raised while a step is performed, also by Ctrl-C or a task's cancellation, is
  thrown into the operation at that step. The operation may yield further steps before it lets the
  exception pass.
- A step that sleeps holds no thread, so one thread can drive any number of operations.
- A step holds neither token nor headers, because it stays in an operation's frame, and a traceback
  may print a frame's local variables.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar, cast

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import GeneratorType

    from .answer import Answer, NoAnswer
    from .clock import Clock

T = TypeVar("T")


class Payload(Protocol):
    """A body in pieces, which can be iterated more than once."""

    @property
    def length(self) -> int:
        """The number of bytes in all pieces together."""
        ...

    def __iter__(self) -> Iterator[bytes]: ...


@attrs.define(eq=False)
class Send:
    """Send one request, once. The outcome is an Answer or a NoAnswer.

    Attributes:
        method: ``GET`` or ``POST``.
        path: The path below the base URL, with its query.
        body: The JSON text, or None.
        limit: The most seconds for the whole exchange, if that is less than the client's own
            timeouts.
        late: For a request that costs money: an operation that handles the outcome when the caller
            no longer waits for it. It returns words for what it did.
        hear: For a request that costs money: writes the outcome down, if it is final, and returns
            whether it did. A thread that sends the request for a task calls this first.
        outcome: The outcome, as soon as the sender knows it.
        heard: What ``hear`` returned, if it was called.
        aftermath: What ``late`` returned, if it was performed.
    """

    method: str
    path: str
    body: Payload | bytes | None = attrs.field(default=None, repr=False)
    limit: float | None = None
    late: Callable[[Answer | NoAnswer], Steps[str]] | None = attrs.field(default=None, repr=False)
    hear: Callable[[Answer | NoAnswer], bool] | None = attrs.field(default=None, repr=False)
    outcome: Answer | NoAnswer | None = attrs.field(default=None, init=False, repr=False)
    heard: bool = attrs.field(default=False, init=False)
    aftermath: str | None = attrs.field(default=None, init=False)
    #: Whether the request leaves, once that is decided. This is a dict, because ``setdefault`` is
    #: atomic: no other thread and no interruption can divide it.
    _fate: dict[str, bool] = attrs.field(factory=dict, init=False, repr=False)

    @property
    def left(self) -> bool:
        """Whether any byte of the request may have left."""
        return self._fate.get("left", False)

    def leave(self) -> bool:
        """Note that the request leaves, right before its first byte does.

        Returns:
            False if the request was dropped and must not leave any more.
        """
        return self._fate.setdefault("left", True)

    def drop(self) -> bool:
        """Keep the request from leaving, whichever thread sends it.

        Returns:
            True if no byte of it left or ever will; False if it may have left.
        """
        return not self._fate.setdefault("left", False)

    @property
    def pays(self) -> bool:
        """Whether the request costs money, so that it must not be sent twice or lost sight of."""
        return self.late is not None


@attrs.frozen
class Sleep:
    """Let time pass.

    Attributes:
        seconds: How many seconds to sleep.
    """

    seconds: float


@attrs.define(eq=False)
class Work(Generic[T]):
    """Do work that keeps a processor or a disk busy, in a place where it blocks nobody else.

    Attributes:
        call: The work.
        made: What the work returned, once it is done.
    """

    call: Callable[[], T] = attrs.field(repr=False)
    made: T = attrs.field(init=False, repr=False)

    def do(self) -> None:
        """Do the work."""
        self.made = self.call()


# Any: only the operation knows what its work returns.
Step: TypeAlias = Send | Sleep | Work[Any]

#: An operation that returns T.
Steps: TypeAlias = Generator[Step, "Answer | NoAnswer | None", T]


def send(request: Send) -> Steps[Answer | NoAnswer]:
    """Send a request, and return its outcome."""
    outcome = yield request
    if outcome is None:
        raise TypeError(f"whoever drives this brought no outcome of {request!r}")
    return outcome


def sleep(seconds: float) -> Steps[None]:
    """Let time pass."""
    yield Sleep(seconds)


def work(call: Callable[[], T]) -> Steps[T]:
    """Do some work, and return what it returns."""
    doing = Work(call)
    yield doing
    return doing.made


def is_over(steps: Steps[Any]) -> bool:  # Any: its result is not used
    """Return whether an operation has returned or raised."""
    return cast("GeneratorType[Any, Any, Any]", steps).gi_frame is None


class Sender(Protocol):
    """A sender of requests, such as the transport."""

    @property
    def longest(self) -> float:
        """The most seconds that a request without a limit of its own may take."""
        ...

    def send(self, request: Send, /) -> Answer | NoAnswer:
        """Send a request once and read its answer."""
        ...


@attrs.frozen
class Driver:
    """A driver that performs operations in the caller's thread.

    Attributes:
        transport: Sends the requests.
        clock: Sleeps.
    """

    transport: Sender
    clock: Clock

    def run(self, steps: Steps[T]) -> T:
        """Perform an operation to its end.

        An exception that is raised while a step is performed is thrown into the operation.
        """
        return self._go_on(steps, None)

    def stop(self, steps: Steps[T], stop: BaseException) -> T:
        """Throw an exception into an operation that has begun, and perform its remaining steps."""
        return self._go_on(steps, stop)

    def _go_on(self, steps: Steps[T], thrown: BaseException | None) -> T:
        outcome: Answer | NoAnswer | None = None
        while True:
            try:
                step = steps.send(outcome) if thrown is None else steps.throw(thrown)
                outcome = thrown = None
                outcome = self._perform(step)
            except BaseException as stop:
                if not is_over(steps):
                    thrown = stop
                elif isinstance(stop, StopIteration):
                    result: T = stop.value
                    return result
                else:  # the operation itself raised it
                    raise

    def _perform(self, step: Step) -> Answer | NoAnswer | None:
        if isinstance(step, Send):
            return self.transport.send(step)
        if isinstance(step, Sleep):
            self.clock.sleep(step.seconds)
        else:
            step.do()
        return None
