"""A job that was submitted: asking after it, waiting for it, cancelling it.

Rules:

- A job is paid for: nothing but its own end, a refusal that will not change, or the caller's
  deadline ends a wait. Broken connections, HTTP 429 and 5xx, redirects and unreadable answers
  cost time only.
- What is repeated here is free by contract: a GET, and a cancel, which does nothing the second
  time. The POST that submits is in `_api.py` and is not repeated.
- Whatever ends a wait carries the request id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, TypeVar

from . import errors
from ._answers import NOT_OVER_YET
from ._config import seconds
from ._polling import Polls
from ._result import Result
from ._states import Outcome, State, Status, read_outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._api import Api

    #: Turns an answer's ``output`` into a model's own type. It must not raise.
    OutputReader = Callable[[object], "OutputT"]

OutputT = TypeVar("OutputT")
T = TypeVar("T")

#: How often a single call is tried, and the pause after its first failure, which doubles.
TRIES: Final = 4
FIRST_RETRY: Final = 0.5

#: A single call does not wait for longer than this, whatever ``Retry-After`` says: it raises.
LONGEST_RETRY: Final = 10.0

#: Request timeout, and "too early": the API did not look at the request.
_PASSING_STATUSES: Final = frozenset({408, 425})

#: Seconds that Ctrl-C gives a cancel to connect, and again to be answered.
CANCEL_LIMIT: Final = 4.0


class Job(Generic[OutputT]):
    """A submitted job. Made by ``submit`` and ``job``, not by hand.

    Attributes:
        request_id: The API's name for it; with it, another process can pick the job up.
        model_id: What it was submitted to, or None when that was not said.
    """

    def __init__(
        self, api: Api, request_id: str, model_id: str | None, read: OutputReader[OutputT]
    ) -> None:
        self.request_id = request_id
        self.model_id = model_id
        self._api = api
        self._read = read
        self._cancelled = False

    def __repr__(self) -> str:
        model = "" if self.model_id is None else f" of {self.model_id}"
        return f"<job {self.request_id}{model}>"

    def status(self) -> Status:
        """Ask where the job stands (docs/contract.md, "States").

        A failure that may pass is tried again, four times in all.

        Raises:
            ApiError: The API refuses.
            ConnectionFailed: It can't be reached.
            UnexpectedResponse: Its answer is not what it documents.
        """
        return self._retried(lambda: self._api.status(self.request_id))

    def wait(
        self,
        timeout: float | None = 3600.0,
        on_update: Callable[[Status], object] | None = None,
    ) -> Result[OutputT]:
        """Wait until the job is over, and return its result.

        Asks at once, then after 1 s, growing by half up to every 10 s.

        Args:
            timeout: Seconds to wait; 0 looks once; None waits without limit, through any outage.
            on_update: Called with each new state or place in the queue, in this thread.

        Raises:
            JobFailed: The model failed; ``raw`` has the whole answer.
            JobCancelled: The job was cancelled.
            WaitTimeout: The time is up; the job goes on, and can be waited for again.
            ApiError: The API refuses in a way that time will not change: the token, the
                permission, an unknown request.
            ConfigurationError: ``timeout`` is not a number of seconds.
        """
        timeout = check_wait(timeout, on_update)
        polls = Polls(self._api.clock, timeout)
        seen: Status | None = None
        while True:
            status = _attempt(lambda: self._api.status(self.request_id, polls.limit))
            found: Result[OutputT] | errors.RunComfyError | None = None
            pause: float | None = None
            if isinstance(status, Status):
                pause = status.retry_after
                if status != seen:
                    seen = status
                    if on_update is not None:
                        self._tell(on_update, status)
                if status.over:
                    found = self._ending(status, polls.limit)
            else:
                found = status
            if isinstance(found, Result):
                return found
            if found is not None:
                pause = _retry_after(found)
            if polls.over:
                # What failed last explains a wait that never saw a state; None if nothing did.
                last = str(found or "nothing") if seen is None else seen.state
                raise errors.WaitTimeout(self, polls.waited, last) from found
            polls.sleep(pause)

    def cancel(self, timeout: float | None = None) -> bool:
        """Ask to cancel the job; only one that is still in the queue can be.

        Args:
            timeout: Seconds to connect, and again to be answered, for a single try. Left out, it
                is tried again like :meth:`status`, since a second cancel does nothing.

        Returns:
            True only if the API says that it is cancelled, and so costs nothing. After False it
            goes on.

        Raises:
            ApiError: The API refuses.
            ConnectionFailed: It can't be reached.
            UnexpectedResponse: Its answer is not what it documents.
        """
        if timeout is None:
            outcome = self._retried(lambda: self._api.cancel(self.request_id))
        else:
            limit = seconds(timeout, "timeout", zero=False)
            outcome = self._api.cancel(self.request_id, limit)
        # The outcome alone: the status beside it has been seen to disagree. Remembered, because
        # the result may then say "completed".
        self._cancelled = self._cancelled or outcome in {"cancelled", "canceled"}
        return outcome in {"cancelled", "canceled"}

    def _tell(self, on_update: Callable[[Status], object], status: Status) -> None:
        """Call the caller's function; what it raises ends the wait, and says what goes on."""
        try:
            on_update(status)
        except Exception as error:
            error.add_note(
                f"This came from on_update: request {self.request_id} goes on remotely, and is "
                "billed. Pick it up with its model's job(client, request_id)."
            )
            raise

    def _ending(
        self, status: Status, limit: float | None
    ) -> Result[OutputT] | errors.RunComfyError | None:
        """The result of a job that is over; an error that may pass; None when it isn't over."""
        if status.state == State.CANCELLED:
            # There is no result to ask for.
            raise errors.JobCancelled(self.request_id, status.raw)
        raw = _attempt(lambda: self._api.result(self.request_id, limit))
        if raw is None or isinstance(raw, errors.RunComfyError):
            return raw
        outcome = read_outcome(raw, cancelled=self._cancelled)
        if outcome is Outcome.FAILED:
            raise errors.JobFailed(self.request_id, raw.get("error"), raw)
        if outcome is Outcome.CANCELLED:
            raise errors.JobCancelled(self.request_id, raw)
        if outcome is Outcome.NOT_OVER:
            return None
        return Result(self.request_id, self._read(raw.get("output")), raw)

    def _retried(self, call: Callable[[], T]) -> T:
        """A call's outcome, with a few tries."""
        pause = FIRST_RETRY
        for _ in range(TRIES - 1):
            outcome = _attempt(call)
            if not isinstance(outcome, errors.RunComfyError):
                return outcome
            wanted = _retry_after(outcome) or 0.0
            if wanted > LONGEST_RETRY:
                raise outcome
            self._api.clock.sleep(max(pause, wanted))
            pause *= 2
        return call()


def check_wait(timeout: float | None, on_update: Callable[[Status], object] | None) -> float | None:
    """Check the arguments of a wait, and return the timeout; before a submission, if one is due.

    Raises:
        ConfigurationError: One of them can't be used.
    """
    if on_update is not None and not callable(on_update):
        raise errors.ConfigurationError(f"on_update must be a function, not {on_update!r}")
    return None if timeout is None else seconds(timeout, "timeout", zero=True)


def run_to_end(
    job: Job[OutputT],
    timeout: float | None = 3600.0,
    on_update: Callable[[Status], object] | None = None,
) -> Result[OutputT]:
    """Wait for a job; on Ctrl-C cancel it once, and say in a note what came of that.

    The arguments and errors are those of :meth:`Job.wait`. A second Ctrl-C gives up at once.
    """
    try:
        return job.wait(timeout, on_update)
    except KeyboardInterrupt as stop:
        stop.add_note(_cancelled_or_why_not(job))
        raise


def _cancelled_or_why_not(job: Job[OutputT]) -> str:
    """Cancel a job with one request, bounded in time, and say what came of it."""
    name = f"request {job.request_id}"
    try:
        done = job.cancel(CANCEL_LIMIT)
    except errors.RunComfyError as error:
        return f"Cancelling {name} failed ({error}): it may go on remotely and be billed."
    except KeyboardInterrupt:
        return f"Cancelling {name} was interrupted: it may go on remotely and be billed."
    if done:
        return f"Cancelled {name} before it ran; there is nothing to pay."
    return f"It was too late to cancel {name}: it goes on remotely and will be billed."


def _attempt(call: Callable[[], T]) -> T | errors.RunComfyError:
    """What a call returns, or the error that it raises if that may pass with time."""
    try:
        return call()
    except errors.RunComfyError as error:
        if not _may_pass(error):
            raise
        return error


def _may_pass(error: errors.RunComfyError) -> bool:
    """Whether the same request may succeed later."""
    if isinstance(error, errors.ApiError):
        return (
            isinstance(error, errors.RateLimited | errors.ServerError)
            or error.status in _PASSING_STATUSES
            or error.error_code == NOT_OVER_YET
        )
    return isinstance(error, errors.ConnectionFailed | errors.UnexpectedResponse)


def _retry_after(error: errors.RunComfyError) -> float | None:
    return error.retry_after if isinstance(error, errors.ApiError) else None
