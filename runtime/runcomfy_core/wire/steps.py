"""What an operation wants done, apart from who does it.

An operation (submit, wait, cancel) is a generator. It yields a step, and is sent what came of it;
its return value is the operation's. Whoever drives it decides how a step is performed: here, in
the caller's thread; in ``_async.py``, on an event loop.

Rules:

- An operation does no I/O, does not sleep, and reads no clock but the one that it was given.
- What is raised while a step is performed, Ctrl-C and a task's cancellation too, is thrown into
  the operation at that step. It may ask for further steps before it lets that pass.
- A step that sleeps holds no thread, so one thread can drive any number of operations.
- A step holds no token and no header: it stays in the frame of an operation, which a traceback may
  print with its locals.
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
    """A body in pieces, which can be gone through again."""

    @property
    def length(self) -> int:
        """Bytes in all."""
        ...

    def __iter__(self) -> Iterator[bytes]: ...


@attrs.define(eq=False)
class Send:
    """Send one request, once. The outcome is an Answer or a NoAnswer.

    Attributes:
        method: ``GET`` or ``POST``.
        path: Below the base URL, with its query.
        body: JSON text, or None.
        limit: Seconds that all of it may take at most, where that is less than the client's own
            limits.
        late: For a request that costs money: what is still to be done with its outcome when
            whoever asked has gone away; it returns in words what came of that.
        outcome: What came of it, as soon as that is known to whoever sends it.
        aftermath: What ``late`` returned, if it was needed.
    """

    method: str
    path: str
    body: Payload | bytes | None = attrs.field(default=None, repr=False)
    limit: float | None = None
    late: Callable[[Answer | NoAnswer], Steps[str]] | None = attrs.field(default=None, repr=False)
    outcome: Answer | NoAnswer | None = attrs.field(default=None, init=False, repr=False)
    aftermath: str | None = attrs.field(default=None, init=False)
    #: Whether it left, once that is decided. A dict, because its ``setdefault`` is one step, which
    #: no other thread and no interruption can divide.
    _fate: dict[str, bool] = attrs.field(factory=dict, init=False, repr=False)

    @property
    def left(self) -> bool:
        """Whether any byte of it may have left."""
        return self._fate.get("left", False)

    def leave(self) -> bool:
        """Note that it leaves, right before its first byte does; False if it must not any more."""
        return self._fate.setdefault("left", True)

    def drop(self) -> bool:
        """Keep it from leaving, on whichever thread it is.

        Returns:
            True is a proof that no byte of it left, nor ever will. False: it may have left.
        """
        return not self._fate.setdefault("left", False)

    @property
    def pays(self) -> bool:
        """Whether it costs money, and so must not be sent twice or lost sight of."""
        return self.late is not None


@attrs.frozen
class Sleep:
    """Let time pass.

    Attributes:
        seconds: How much.
    """

    seconds: float


@attrs.define(eq=False)
class Work(Generic[T]):
    """Do what takes a processor or a disk some time, where that holds up nobody.

    Attributes:
        call: The work.
        made: What it returned, once it is done.
    """

    call: Callable[[], T] = attrs.field(repr=False)
    made: T = attrs.field(init=False, repr=False)

    def do(self) -> None:
        """Do it."""
        self.made = self.call()


# Any: what comes of work is for the operation that wants it done.
Step: TypeAlias = Send | Sleep | Work[Any]

#: An operation that returns T.
Steps: TypeAlias = Generator[Step, "Answer | NoAnswer | None", T]


def send(request: Send) -> Steps[Answer | NoAnswer]:
    """Send a request, and return what came of it."""
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


def is_over(steps: Steps[Any]) -> bool:  # Any: whatever it returns
    """Return whether an operation has returned or raised."""
    return cast("GeneratorType[Any, Any, Any]", steps).gi_frame is None


class Sender(Protocol):
    """What sends requests: the transport."""

    @property
    def longest(self) -> float:
        """Seconds that a request without a limit of its own may take."""
        ...

    def send(self, request: Send, /) -> Answer | NoAnswer:
        """Send a request once and read its answer."""
        ...


@attrs.frozen
class Driver:
    """Performs operations in the caller's thread.

    Attributes:
        transport: Sends the requests.
        clock: Sleeps.
    """

    transport: Sender
    clock: Clock

    def run(self, steps: Steps[T]) -> T:
        """Perform an operation to its end.

        Whatever is raised meanwhile, here too, is raised in the operation.
        """
        return self._go_on(steps, None)

    def stop(self, steps: Steps[T], stop: BaseException) -> T:
        """Throw something into an operation that has begun, and perform what it asks for then."""
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
                else:  # it raised that itself
                    raise

    def _perform(self, step: Step) -> Answer | NoAnswer | None:
        if isinstance(step, Send):
            return self.transport.send(step)
        if isinstance(step, Sleep):
            self.clock.sleep(step.seconds)
        else:
            step.do()
        return None
