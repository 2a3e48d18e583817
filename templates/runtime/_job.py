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

from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from . import errors
from ._config import seconds
from ._polling import Polls
from ._result import Result
from ._states import Outcome, State, Status, read_outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._api import Api

    #: Turns an answer's ``output`` into a model's own type. It must not raise.
    OutputReader = Callable[[object], "OutputT"]

#: What may pass: it costs a wait time and nothing else.
_PASSING = (
    errors.ConnectionFailed,
    errors.RateLimited,
    errors.ServerError,
    errors.UnexpectedResponse,
)

OutputT = TypeVar("OutputT")
T = TypeVar("T")

#: How often a single call is tried, and the pause after its first failure, which doubles.
TRIES: Final = 4
FIRST_RETRY: Final = 0.5

#: A single call does not wait for longer than this, whatever ``Retry-After`` says: it raises.
LONGEST_RETRY: Final = 10.0

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
        if timeout is not None:
            timeout = seconds(timeout, "timeout", zero=True)
        polls = Polls(self._api.clock, timeout)
        seen: Status | None = None
        while True:
            trouble: errors.RunComfyError | None = None
            try:
                status = self._api.status(self.request_id, polls.limit)
                if status != seen:
                    seen = status
                    if on_update is not None:
                        on_update(status)
                result = self._ended(status, polls.limit)
                if result is not None:
                    return result
            except _PASSING as error:
                trouble = error
            if polls.over:
                last = seen.state if seen else None
                raise errors.WaitTimeout(self, polls.waited, last) from trouble
            polls.sleep(_retry_after(trouble))

    def cancel(self) -> bool:
        """Ask the API to cancel the job; only a queued one can be.

        Returns:
            True only if the API says that it is cancelled: then there is nothing to pay.

        Raises:
            ApiError: The API refuses.
            ConnectionFailed: It can't be reached.
            UnexpectedResponse: Its answer is not what it documents.
        """
        return self._retried(self._cancel_once)

    def _cancel_once(self, limit: float | None = None) -> bool:
        # The outcome alone: the status beside it has been seen to disagree.
        if self._api.cancel(self.request_id, limit) == "cancelled":
            self._cancelled = True
            return True
        return False

    def _ended(self, status: Status, limit: float | None) -> Result[OutputT] | None:
        """Return the result of a job that is over, or None while it isn't."""
        if status.state == State.CANCELLED:
            raise errors.JobCancelled(self.request_id, status.raw)
        if not status.over:
            return None
        raw = self._api.result(self.request_id, limit)
        if raw is None:
            return None
        outcome = read_outcome(raw, cancelled=self._cancelled)
        if outcome is Outcome.FAILED:
            raise errors.JobFailed(self.request_id, raw.get("error"), raw)
        if outcome is Outcome.CANCELLED:
            raise errors.JobCancelled(self.request_id, raw)
        if outcome is Outcome.NOT_OVER:
            return None
        return Result(self.request_id, self._read(raw.get("output")), raw)

    def _retried(self, call: Callable[[], T]) -> T:
        """Make a call that costs nothing, again after failures that may pass."""
        pause = FIRST_RETRY
        for _ in range(TRIES - 1):
            try:
                return call()
            except _PASSING as error:
                asked = _retry_after(error)
                if asked is not None and asked > LONGEST_RETRY:
                    raise
                delay = pause if asked is None else max(pause, asked)
            self._api.clock.sleep(delay)
            pause *= 2
        return call()


def run_to_end(
    job: Job[OutputT],
    timeout: float | None,
    on_update: Callable[[Status], object] | None,
) -> Result[OutputT]:
    """Wait for *job*; on Ctrl-C cancel it, once, and note on the interrupt what came of that.

    Raises:
        KeyboardInterrupt: With a note of the job's fate. A second Ctrl-C ends the cancelling.
        RunComfyError: What :meth:`Job.wait` raises.
    """
    try:
        return job.wait(timeout, on_update)
    except KeyboardInterrupt as stop:
        stop.add_note(_cancelled_or_why_not(job))
        raise


# Any, because the job's output doesn't matter here.
def _cancelled_or_why_not(job: Job[Any]) -> str:
    """Cancel *job* once, bounded in time, and say in a line what came of it."""
    goes_on = f"request {job.request_id} goes on remotely and will be billed"
    try:
        done = job._cancel_once(CANCEL_LIMIT)  # noqa: SLF001 - of this module
    except errors.RunComfyError as error:
        return f"The job could not be cancelled ({error}): {goes_on}."
    except KeyboardInterrupt:
        return f"The cancelling was interrupted: {goes_on}, unless it was cancelled after all."
    if done:
        return f"Request {job.request_id} was cancelled before it ran; there is nothing to pay."
    return f"The job could no longer be cancelled: {goes_on}."


def _retry_after(error: errors.RunComfyError | None) -> float | None:
    return error.retry_after if isinstance(error, errors.ApiError) else None
