"""What a job does, apart from who performs it: ``job.py`` in a thread, ``_async.py`` on a loop.

Rules:

- A job is paid for: nothing but its own end, a refusal that will not change, the caller's deadline
  or an interruption ends a wait. Broken connections, HTTP 429 and 5xx, redirects and unreadable
  answers cost time only.
- An interruption (Ctrl-C, a task's cancellation) and the end of a ``with`` block cancel a job that
  is not known to be over: once, bounded in time. Only a job that still queues can be cancelled, so
  nothing that was paid for is lost by it.
- Whatever a call about a job raises carries the request id, and says that the job exists.
- A job holds its client's connection, so it stays in its process; its request id goes anywhere.
"""

from __future__ import annotations

import contextlib
import inspect
import warnings
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

import attrs

from runcomfy_core import errors
from runcomfy_core.config import seconds
from runcomfy_core.interrupts import interrupts
from runcomfy_core.logs import log
from runcomfy_core.text import one_line, shown
from runcomfy_core.wire.polls import Polls
from runcomfy_core.wire.steps import work

from . import api
from .api import is_cancelled
from .mixups import other_model
from .parting import interrupted, part
from .result import Result
from .retrying import attempt, retried, retry_after
from .states import Outcome, State, Status, read_outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from runcomfy_core.journal import Ending
    from runcomfy_core.text import Mask
    from runcomfy_core.wire.clock import Ticks
    from runcomfy_core.wire.steps import Steps

    from .ledger import Ledger
    from .saving import Saver

    #: Turns an answer's ``output`` into a model's own type. It must not raise.
    OutputReader = Callable[[object], "OutputT"]

OutputT = TypeVar("OutputT")


@attrs.frozen
class Service:
    """What a job needs of its client.

    Attributes:
        clock: Tells the time.
        longest: Seconds that a request may take.
        ledger: Where jobs are written down, or None.
        saver: Saves the files of its result.
        waits: How many jobs are waited for together.
        mask: Takes the token out of a server's words.
    """

    clock: Ticks
    longest: float
    ledger: Ledger | None = None
    saver: Saver | None = None
    waits: Callable[[], int] = lambda: 1
    mask: Mask | None = None


class BaseJob(Generic[OutputT]):
    """A submitted job.

    Attributes:
        request_id: The API's name for it; with it, another process can pick the job up.
        model_id: What it was submitted to, or None when that was not said.
    """

    def __init__(
        self,
        request_id: str,
        model_id: str | None,
        read: OutputReader[OutputT],
        service: Service,
    ) -> None:
        self.request_id = request_id
        self.model_id = model_id
        self._read = read
        self._service = service
        self._begin = service.clock.monotonic()
        self._over = False
        self._reported = False
        self._parted = False
        self._cancelled: bool | None = None
        self._is_compared = model_id is None

    def __repr__(self) -> str:
        model = "" if self.model_id is None else f" of {self.model_id}"
        return f"<job {self.request_id}{model}>"

    # Copies, too: two of them would not know of each other that the job was cancelled.
    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a job holds a connection and stays in its process: send its request_id, and pick it "
            f"up there with {errors.pick_up(self.request_id)}"
        )

    @property
    def cancelled(self) -> bool | None:
        """What came of cancelling it, here or at the end of a ``with`` block.

        True: the API says that it is cancelled, and so costs nothing. False: that was tried, and
        the job may go on and be billed. None: it was not tried.
        """
        return self._cancelled

    def _status(self) -> Steps[Status]:
        with self._known():
            status = yield from retried(lambda: api.status(self.request_id))
            self._compare(status.raw)
            self._over = self._over or status.over
            yield from self._note_status(status)
            return status

    def _cancel(self, timeout: float | None) -> Steps[bool]:
        with self._known():
            if timeout is None:
                answer = yield from retried(lambda: api.cancel(self.request_id))
            else:
                limit = seconds(timeout, "timeout", zero=False)
                answer = yield from api.cancel(self.request_id, limit)
            self._compare(answer)
            yield from self._note_cancelled(cancelled=is_cancelled(answer))
            return is_cancelled(answer)

    def _wait(
        self, timeout: float | None, on_update: Callable[[Status], object] | None
    ) -> Steps[Result[OutputT]]:
        with self._known():
            checked = check_wait(timeout, on_update)
        return self._follow(checked, on_update, alone=True)

    @contextlib.contextmanager
    def _known(self) -> Generator[None]:
        """Have whatever is raised say that the job exists."""
        try:
            yield
        except errors.RunComfyError as error:
            error.of_job(self.request_id)
            raise

    def outcome(self, timeout: float | None) -> Steps[Result[OutputT]]:
        """Wait for it as one of many; for maps.

        Whoever stops leaves alone a job that the journal has, and cancels another; a note on what
        stopped it says what came of that.

        Args:
            timeout: Seconds, checked.
        """
        return self._follow(timeout, None, alone=False)

    # Any: JSON that no schema vouches for.
    def _compare(self, raw: Mapping[str, Any]) -> None:
        """Warn, once, if an answer is about another model's job."""
        if self._is_compared or self.model_id is None:
            return
        other = other_model(raw, self.model_id)
        if other is None:
            return
        self._is_compared = True
        named = shown(one_line(other, 80, self._service.mask))
        text = (
            f"request {self.request_id} was asked about as a job of {self.model_id}, and an answer "
            f"names the model {named}: see whether model, token and base URL are those that it was "
            "submitted with"
        )
        log.warning("%s", text)
        # Where warnings are errors, this one still must not cost a job.
        with contextlib.suppress(errors.JobWarning):
            warnings.warn(text, errors.JobWarning, stacklevel=2)

    def leave(self, stop: BaseException) -> Steps[None]:
        """See to a job that nobody waits for any more, because *stop* was raised.

        *stop* names the job, in a note if it isn't an error of ours. What interrupts cancels it, if
        it isn't over. To do it again is harmless.
        """
        if isinstance(stop, errors.RunComfyError):
            stop.of_job(self.request_id)
            return
        if interrupts(stop):
            yield from self._leave(stop)
        if not any(self.request_id in note for note in getattr(stop, "__notes__", ())):
            goes = "is over" if self._over else "goes on remotely, and is billed"
            call = errors.pick_up(self.request_id)
            stop.add_note(f"Request {self.request_id} {goes}. Pick it up with {call}.")

    def _leave(self, stop: BaseException | None) -> Steps[None]:
        """Cancel the job, if it isn't over and nobody did; tell it in a note on *stop*."""
        if self._over or self._parted or self._cancelled is not None:
            return
        self._parted = True
        try:
            parting = yield from part(self.request_id)
        except GeneratorExit:
            raise
        # A second Ctrl-C or cancellation: it gives up at once.
        except BaseException as again:
            parting = interrupted(self.request_id)
            if stop is None or isinstance(stop, Exception):
                yield from self._note_cancelled(cancelled=False)
                again.add_note(parting.words)
                raise
        yield from self._note_cancelled(cancelled=parting.cancelled)
        if stop is not None:
            stop.add_note(parting.words)
        if not parting.cancelled:
            log.warning("left before its end: %s", parting.words)

    def _note_cancelled(self, *, cancelled: bool) -> Steps[None]:
        # Remembered, because the result may then say "completed".
        self._cancelled = bool(self._cancelled) or cancelled
        if cancelled:
            log.info("request %s cancelled", self.request_id)
        ledger = self._service.ledger
        if cancelled and ledger is not None:
            yield from work(lambda: ledger.finished(self.request_id, "cancelled", None, None))

    def _follow(
        self,
        timeout: float | None,
        on_update: Callable[[Status], object] | None,
        *,
        alone: bool,
    ) -> Steps[Result[OutputT]]:
        """Ask until there is an end.

        All in one generator: ten thousand may pause here, or wait for their turn to ask, and each
        further level would be a tenth of what each of them holds.

        Args:
            timeout: Seconds, checked.
            on_update: Told of each new state.
            alone: Whether its caller waits for this job, and not for many.
        """
        service = self._service
        try:
            # Two requests: the status, and at the end the result.
            look = 2 * service.longest
            polls = Polls(service.clock, timeout, longest_look=look, waits=service.waits)
            seen: tuple[str, int | None] | None = None
            while True:
                answer = yield api.ask_status(self.request_id, polls.limit)
                status = yield from attempt(api.read_status(answer, self.request_id))
                if isinstance(status, Status) and (status.state, status.queue_position) != seen:
                    seen = status.state, status.queue_position
                    self._compare(status.raw)
                    yield from self._note_status(status)
                    self._tell(on_update, status)
                found = yield from self._found(status, polls.limit)
                if isinstance(found, Result):
                    return found
                self._check_time(polls, found, seen)
                rest = polls.pause(retry_after(found))
                # Nor is the last answer held: it was a third of all.
                del answer, status, found
                yield rest
                polls.woke()
        except errors.RunComfyError as error:
            error.of_job(self.request_id)
            raise
        except GeneratorExit:
            raise
        # Ctrl-C, a task's cancellation, and what else is no error of the wait's own.
        except BaseException as stop:
            if alone or service.ledger is None:
                yield from self.leave(stop)
            raise

    def _found(
        self, status: Status | errors.RunComfyError, limit: float | None
    ) -> Steps[Result[OutputT] | Status | errors.RunComfyError]:
        """What is known after a question: the result, or why there is none yet."""
        if not isinstance(status, Status):
            return status
        self._over = status.over
        found = (yield from self._ending(status, limit)) if status.over else None
        return status if found is None else found

    def _check_time(
        self,
        polls: Polls,
        found: Status | errors.RunComfyError,
        seen: tuple[str, int | None] | None,
    ) -> None:
        """See that there is time for another question.

        Raises:
            WaitTimeout: There is none.
        """
        if polls.over:
            cause = None if isinstance(found, Status) else found
            last = None if seen is None else seen[0]
            if last is None and cause is not None:
                # What failed last explains a wait that never saw a state.
                last = cause.summary
            raise errors.WaitTimeout(self, polls.waited, last) from cause

    def _tell(self, on_update: Callable[[Status], object] | None, status: Status) -> None:
        """Call the caller's function; what it raises ends the wait, and says what goes on."""
        try:
            if on_update is not None:
                on_update(status)
        except BaseException as error:
            if not interrupts(error):
                error.add_note(
                    f"This came from on_update: request {self.request_id} goes on remotely, and is "
                    f"billed. Pick it up with {errors.pick_up(self.request_id)}."
                )
            raise

    def _note_status(self, status: Status) -> Steps[None]:
        ledger = self._service.ledger
        if ledger is not None and not status.over:
            state = str(status.state)
            yield from work(lambda: ledger.status(self.request_id, state))

    def _ending(
        self, status: Status, limit: float | None
    ) -> Steps[Result[OutputT] | errors.RunComfyError | None]:
        """The result of a job that is over; an error that may pass; None when it isn't over."""
        if status.state == State.CANCELLED:
            # There is no result to ask for.
            yield from self._end("cancelled", None)
            raise errors.JobCancelled(self.request_id, status.raw)
        raw = yield from attempt(api.result(self.request_id, limit))
        if raw is None or isinstance(raw, errors.RunComfyError):
            self._over = raw is not None
            return raw
        self._compare(raw)
        outcome = read_outcome(raw, cancelled=bool(self._cancelled))
        if outcome is Outcome.NOT_OVER:
            self._over = False
            return None
        if outcome is Outcome.FAILED:
            failure = errors.JobFailed(self.request_id, raw.get("error"), raw, self._service.mask)
            yield from self._end("failed", raw, error=str(failure))
            raise failure
        if outcome is Outcome.CANCELLED:
            yield from self._end("cancelled", raw)
            raise errors.JobCancelled(self.request_id, raw)
        return (yield from self._success(raw))

    def _success(self, raw: dict[str, Any]) -> Steps[Result[OutputT]]:
        # The first output of a process imports what reads it.
        output = yield from work(lambda: self._read(raw.get("output")))
        result = Result(self.request_id, output, raw, self._service.saver)
        yield from self._end("completed", raw, cost=result.cost)
        return result

    # Any: JSON that no schema vouches for.
    def _end(
        self,
        ending: Ending,
        raw: dict[str, Any] | None,
        *,
        error: str | None = None,
        cost: float | None = None,
    ) -> Steps[None]:
        """Note that the job is over; the first time it goes to the journal and the log."""
        if not self._reported:
            ledger = self._service.ledger
            if ledger is not None:
                yield from work(lambda: ledger.finished(self.request_id, ending, raw, error))
            elapsed = self._service.clock.monotonic() - self._begin
            price = "" if cost is None else f", {cost:g} USD"
            log.info("request %s %s after %.1f s%s", self.request_id, ending, elapsed, price)
        self._reported = self._over = True


def check_wait(timeout: float | None, on_update: Callable[[Status], object] | None) -> float | None:
    """Check the arguments of a wait, and return the timeout; before a submission, if one is due.

    Raises:
        ConfigurationError: One of them can't be used.
    """
    if on_update is not None and not callable(on_update):
        raise errors.ConfigurationError(f"on_update must be a function, not {shown(on_update)}")
    if inspect.iscoroutinefunction(on_update):
        raise errors.ConfigurationError("on_update must be a plain function: nobody would await it")
    return None if timeout is None else seconds(timeout, "timeout", zero=True)
