"""The call that costs money: a submission, sent exactly once (docs/contract.md, "Paying once").

Rules:

- A submission is sent again only when it provably was not taken: not a byte of it left, or the
  server refused it in so many words (HTTP 429, or 503 with ``Retry-After``). Both a few times,
  within a deadline.
- Anything else than that, a refusal or a request id is :class:`SubmissionUncertain`, and final:
  the job may exist, and a second submission would be a second job.
- What interrupts a submission on its way must not hide a job that was paid for: it goes on with a
  note, and whoever drives this may still learn the outcome, and cancel the job.
- Where there is a journal, what came of it is written down before anybody else hears of it, and
  also when nobody will.
"""

from __future__ import annotations

import random
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Protocol

import attrs

from .. import errors
from .._logs import log
from .._wire.answer import Answer
from .._wire.steps import Send, send, sleep, work
from . import answers
from .parting import part

if TYPE_CHECKING:
    from .._wire.answer import NoAnswer
    from .._wire.clock import Ticks
    from .._wire.steps import Payload, Steps

#: Seconds after the first try; doubles with each further one.
FIRST_PAUSE: Final = 0.5

#: What a pause may be longer at random, so that many submissions that were refused together don't
#: come back together.
JITTER: Final = 0.5

MAY_EXIST: Final = (
    "This came while {model_id} was being submitted: the job may exist and be billed. Look at the "
    "account's request history before submitting again."
)


class Notes(Protocol):
    """Where it is written down what came of a submission; nothing here raises."""

    def submitted(self, request_id: str) -> None:
        """It became a job."""

    def uncertain(self, error: str, request_id: str | None) -> None:
        """It may have become a job."""

    def refused(self, error: str) -> None:
        """It provably became none."""

    def cancelled(self, request_id: str) -> None:
        """The job that it became was cancelled at once."""

    def interrupted(self, error: str, *, sent: bool) -> None:
        """Whoever submitted is gone; counts only where nothing better is known."""


@attrs.frozen
class Submission:
    """What is submitted, and how patiently.

    Attributes:
        model_id: To what.
        body: The input.
        base_url: Where to, for messages.
        attempts: How often it is sent at most, if it provably was not taken.
        deadline: Seconds after which it is not sent again.
        notes: Where it is written down what came of it, or None.
        keep: Whether a job whose caller is gone goes on, since somebody will come back for it.
        on_its_way: The request whose outcome is not known, if there is one.
    """

    model_id: str
    body: Payload | bytes = attrs.field(repr=False)
    base_url: str
    attempts: int = 4
    deadline: float = 60.0
    notes: Notes | None = attrs.field(default=None, repr=False)
    keep: bool = False
    on_its_way: list[Send] = attrs.field(factory=list, init=False, repr=False)


def submit(submission: Submission, clock: Ticks) -> Steps[str]:
    """Submit a job, and return its request id.

    Raises:
        ConnectionFailed: It provably never left.
        ApiError: The API refused it: no job was made.
        SubmissionUncertain: Anything else: the job may exist, and be billed.
    """
    notes = submission.notes
    if notes is None:
        return (yield from _submit(submission, clock))
    try:
        request_id = yield from _submit(submission, clock)
    except errors.SubmissionUncertain as error:
        uncertain = partial(notes.uncertain, str(error), error.request_id)
        yield from work(uncertain)
        raise
    except errors.RunComfyError as error:
        yield from work(partial(notes.refused, str(error)))
        raise
    except GeneratorExit:  # nobody performs it any more, and so nobody knows
        raise
    except BaseException as stop:
        sent = any(request.left or request.aftermath for request in submission.on_its_way)
        # Here and not as a step: whoever interrupts may do it again.
        notes.interrupted(type(stop).__name__, sent=sent)
        raise
    try:
        yield from work(partial(notes.submitted, request_id))
    except GeneratorExit:
        raise
    except BaseException as stop:
        stop.add_note((yield from _abandoned(submission, request_id)))
        raise
    return request_id


def _submit(submission: Submission, clock: Ticks) -> Steps[str]:
    begin = clock.monotonic()
    pause = FIRST_PAUSE
    tries = 1
    while True:
        outcome = yield from _post(submission)
        if isinstance(outcome, str):
            log.info("submitted to %s: request %s", submission.model_id, outcome)
            return outcome
        waiting = _pause(pause, outcome)
        elapsed = clock.monotonic() - begin
        if tries >= submission.attempts or elapsed + waiting > submission.deadline:
            raise _counted(outcome, tries, elapsed)
        yield from sleep(waiting)
        pause *= 2
        tries += 1


def _post(submission: Submission) -> Steps[str | errors.ApiError | errors.ConnectionFailed]:
    """Send it once: the request id, or why it provably was not taken and may be sent again."""
    request = Send(
        "POST",
        f"/models/{submission.model_id}",
        submission.body,
        late=partial(_late, submission),
    )
    submission.on_its_way.append(request)
    try:
        outcome = yield from send(request)
        submission.on_its_way.clear()
        return _read(submission, outcome)
    except errors.RunComfyError:
        raise
    # Whatever passes through, Ctrl-C above all.
    except BaseException as stop:
        if request.left or request.aftermath:
            stop.add_note(request.aftermath or MAY_EXIST.format(model_id=submission.model_id))
        raise


def _read(
    submission: Submission, outcome: Answer | NoAnswer
) -> str | errors.ApiError | errors.ConnectionFailed:
    """What an outcome means; what is final is raised."""
    model_id = submission.model_id
    if isinstance(outcome, Answer):
        return _comes_back(outcome, model_id) or answers.read_submission(outcome, model_id)
    if outcome.left:
        raise errors.SubmissionUncertain(model_id, f"no answer came: {outcome.reason}")
    return errors.ConnectionFailed(
        f"{model_id}: nothing was sent to {submission.base_url}: {outcome.reason}"
    )


def _comes_back(answer: Answer, model_id: str) -> errors.ApiError | None:
    """The refusal of an answer that only asks to come back later, or None."""
    # One that names a request is none, whatever else it says.
    if b'"request_id"' in answer.body:
        return None
    error = answers.refused_submission(answer, model_id)
    if isinstance(error, errors.RateLimited) and answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return error
    if isinstance(error, errors.ServerError) and answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
        return None if error.retry_after is None else error
    return None


def _pause(least: float, error: errors.ApiError | errors.ConnectionFailed) -> float:
    """Seconds until the next try."""
    asked = error.retry_after if isinstance(error, errors.ApiError) else None
    # Random to spread load, nothing secret: hence no cryptographic source.
    spread = least * random.uniform(0, JITTER)  # noqa: S311
    return max(least, asked or 0.0) + spread


def _counted(
    error: errors.ApiError | errors.ConnectionFailed, tries: int, elapsed: float
) -> errors.ApiError | errors.ConnectionFailed:
    """The error, saying how often it was met."""
    if tries > 1:
        error.addition = f" (tried {tries} times in {elapsed:.3g} s)"
    return error


def _late(submission: Submission, outcome: Answer | NoAnswer) -> Steps[str]:
    """Settle a submission whose caller is gone, and say what is known."""
    found: str | errors.RunComfyError
    try:
        found = _read(submission, outcome)
    except errors.RunComfyError as error:
        found = error
    words = str(found)
    request_id = found if isinstance(found, str) else None
    if isinstance(found, errors.SubmissionUncertain):
        request_id = found.request_id
    if request_id is not None:
        log.info("submitted to %s: request %s", submission.model_id, request_id)
        words = yield from _abandoned(submission, request_id)
        words = f"{submission.model_id} was submitted all the same. {words}"
    elif submission.notes is not None:
        if isinstance(found, errors.SubmissionUncertain):
            submission.notes.uncertain(words, None)
        else:
            submission.notes.refused(words)
    # Whoever would be told may be gone for good.
    log.warning("interrupted while submitting: %s", words)
    return words


def _abandoned(submission: Submission, request_id: str) -> Steps[str]:
    """Cancel a job that its caller will not hear of, unless it is kept; say what came of that."""
    notes = submission.notes
    if notes is not None:
        # Here and not as a step: whoever interrupts may do it again.
        notes.submitted(request_id)
    if submission.keep:
        return f"Request {request_id} goes on remotely, and is in the journal."
    parting = yield from part(request_id)
    if notes is not None and parting.cancelled:
        notes.cancelled(request_id)
    return parting.words
