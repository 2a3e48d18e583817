"""What a job does: operations that ``job.py`` runs in a thread, and ``async_job.py`` on a loop.

Rules:

- A job is paid for, so only four things end a wait: the end of the job, a refusal that will not
  change, the caller's deadline, or an interruption. Broken connections, HTTP 429 and 5xx, redirects
  and unreadable answers only cost time.
- An interruption (Ctrl-C, a task's cancellation) and the end of a ``with`` block cancel a job that
  is not known to be over. There is one request, bounded in time. Only a job in the queue can be
  cancelled, so nothing that was paid for is lost.
- Every error of ours that a call about a job raises has the request id, and says that the job
  exists.
- A job holds its client's connection, so it stays in its process. Its request id can go anywhere.
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

    #: Turns an answer's ``output`` into the model's own type. It must not raise.
    OutputReader = Callable[[object], "OutputT"]

OutputT = TypeVar("OutputT")


@attrs.frozen
class Service:
    """What a job needs of its client.

    Attributes:
        clock: Tells the time.
        longest: The most seconds that a request may take.
        ledger: Where jobs are recorded, or None.
        saver: Saves the files of the job's result.
        waits: Returns how many jobs are waited for at the same time.
        mask: Removes the token from a server's words.
    """

    clock: Ticks
    longest: float
    ledger: Ledger | None = None
    saver: Saver | None = None
    waits: Callable[[], int] = lambda: 1
    mask: Mask | None = None


class BaseJob(Generic[OutputT]):
    """A job that was submitted.

    Attributes:
        request_id: The API's name for the job; with it, another process can pick the job up.
        model_id: The model that the job was submitted to, or None if it is not known.
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

    # This forbids copies, too: one copy would not know that the other has cancelled the job.
    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a job holds a connection and stays in its process: send its request_id, and pick it "
            f"up there with {errors.pick_up(self.request_id)}"
        )

    @property
    def cancelled(self) -> bool | None:
        """Whether this object has cancelled the job, by a call or at the end of a ``with`` block.

        True: the API says that the job is cancelled, and so costs nothing. False: a cancel was
        tried, but the job may go on and be billed. None: no cancel was tried.
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
        """Have every error of ours that is raised in this block say that the job exists."""
        try:
            yield
        except errors.RunComfyError as error:
            error.of_job(self.request_id)
            raise

    def outcome(self, timeout: float | None) -> Steps[Result[OutputT]]:
        """Wait for a job of a map, and return its result.

        If the wait is interrupted, a job that the journal has is left alone, since it can be picked
        up again. Any other job is cancelled, and a note on the exception says how that went.

        Args:
            timeout: Seconds, already checked.
        """
        return self._follow(timeout, None, alone=False)

    # Any: JSON that no schema vouches for.
    def _compare(self, raw: Mapping[str, Any]) -> None:
        """Warn, once, if an answer is about a job of another model."""
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
        # Even where warnings are errors, this one must not end the wait for a paid job.
        with contextlib.suppress(errors.JobWarning):
            warnings.warn(text, errors.JobWarning, stacklevel=2)

    def leave(self, stop: BaseException) -> Steps[None]:
        """Settle a job that is no longer waited for, because *stop* was raised.

        An interruption cancels the job, if it isn't over. An error of ours gets the request id, and
        any other exception gets a note that names the job. A second call does no harm.
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
        """Cancel the job, unless it is over or a cancel was tried; say it in a note on *stop*."""
        if self._over or self._parted or self._cancelled is not None:
            return
        self._parted = True
        try:
            parting = yield from part(self.request_id)
        except GeneratorExit:
            raise
        # A second Ctrl-C or cancellation ends the cancel at once.
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
        # The result of a cancelled job may say "completed", so the cancel is remembered.
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
        """Ask for the status until the job is over, and return its result.

        This is one generator, because ten thousand jobs may pause here or wait for a turn to ask:
        one more nested generator would add a tenth to the memory of each.

        Args:
            timeout: Seconds, already checked.
            on_update: Called with each new status.
            alone: Whether the caller waits for this job only, and not for a map.
        """
        service = self._service
        try:
            # One look may take two requests: one for the status, and one for the result.
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
                # The last answer would be a third of the memory of a paused job.
                del answer, status, found
                yield rest
                polls.woke()
        except errors.RunComfyError as error:
            error.of_job(self.request_id)
            raise
        except GeneratorExit:
            raise
        # This is an interruption, or an exception of `on_update`.
        except BaseException as stop:
            if alone or service.ledger is None:
                yield from self.leave(stop)
            raise

    def _found(
        self, status: Status | errors.RunComfyError, limit: float | None
    ) -> Steps[Result[OutputT] | Status | errors.RunComfyError]:
        """Return the result if the job is over, or else its status, or an error that may pass."""
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
        """Check that there is time to ask again.

        Raises:
            WaitTimeout: The time is up.
        """
        if polls.over:
            cause = None if isinstance(found, Status) else found
            last = None if seen is None else seen[0]
            if last is None and cause is not None:
                # If no status ever came, the last failure explains the timeout.
                last = cause.summary
            raise errors.WaitTimeout(self, polls.waited, last) from cause

    def _tell(self, on_update: Callable[[Status], object] | None, status: Status) -> None:
        """Call the user's function; its exception ends the wait, with a note that names the job."""
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
        """Return the result, an error that may pass, or None if the job isn't over after all.

        Raises:
            JobFailed: The model failed.
            JobCancelled: The job was cancelled.
        """
        if status.state == State.CANCELLED:
            # A cancelled job has no result to ask for.
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
        # This runs in a thread, because reading the first output of a process imports modules.
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
        """Note that the job is over; the first call records it in the journal and the log."""
        if not self._reported:
            ledger = self._service.ledger
            if ledger is not None:
                yield from work(lambda: ledger.finished(self.request_id, ending, raw, error))
            elapsed = self._service.clock.monotonic() - self._begin
            price = "" if cost is None else f", {cost:g} USD"
            log.info("request %s %s after %.1f s%s", self.request_id, ending, elapsed, price)
        self._reported = self._over = True


def check_wait(timeout: float | None, on_update: Callable[[Status], object] | None) -> float | None:
    """Check the arguments of a wait, and return the timeout in seconds.

    This is called before a submission that is to be waited for.

    Raises:
        ConfigurationError: An argument can't be used.
    """
    if on_update is not None and not callable(on_update):
        raise errors.ConfigurationError(f"on_update must be a function, not {shown(on_update)}")
    if inspect.iscoroutinefunction(on_update):
        raise errors.ConfigurationError("on_update must be a plain function: nobody would await it")
    return None if timeout is None else seconds(timeout, "timeout", zero=True)
