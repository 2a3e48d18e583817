"""The call that costs money: a submission, sent exactly once (docs/contract.md, "Paying once").

Rules:

- A submission is retried only when the API provably did not take it: not a byte of it left, or the
  server asked to come back later (HTTP 429, or 503 with ``Retry-After``). There are a few retries,
  within a deadline.
- A submission is settled by a request id, or by a refusal that was read whole. Every other outcome
  is :class:`SubmissionUncertain`, and is never retried: the job may exist, and a second submission
  would be a second job.
- From the moment before its first byte may leave until its request id or its refusal is recorded, a
  submission counts as sent. An exception in between (Ctrl-C, an exception of a signal handler or a
  log handler, a lack of memory) gets a note that says so. Only proof makes a submission "not sent".
- An interruption must not hide a job that was paid for. Once the request id is known, it is
  recorded, and the note on the exception names it. An interruption such as Ctrl-C also cancels the
  job, unless the caller will come back for it.
- Where there is a journal, the outcome is recorded before anybody else learns it, and also when
  nobody else will.
"""

from __future__ import annotations

import random
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

import attrs

from runcomfy_core import errors
from runcomfy_core.interrupts import interrupts, pass_on
from runcomfy_core.logs import log
from runcomfy_core.wire.answer import Answer
from runcomfy_core.wire.steps import Send, send, sleep, work

from . import answers
from .parting import interrupted, part

if TYPE_CHECKING:
    from runcomfy_core.wire.answer import NoAnswer
    from runcomfy_core.wire.clock import Ticks
    from runcomfy_core.wire.steps import Payload, Steps

#: Seconds between the first try and the second; each further pause is twice as long.
FIRST_PAUSE: Final = 0.5

#: The largest random share that is added to a pause, so that many submissions that were refused
#: together don't come back together.
JITTER: Final = 0.5

MAY_EXIST: Final = (
    "This came while {model_id} was being submitted: the job may exist and be billed. Look at the "
    "account's request history before submitting again."
)

TAKEN: Final = (
    "This came while {model_id} was being submitted: it was taken as request {request_id}, which "
    "goes on remotely and is billed. Pick it up with {call}."
)

#: How a submission ended: its request id, or the error that says why there is none.
Found: TypeAlias = str | errors.RunComfyError


class Notes(Protocol):
    """A record of one submission. Its methods raise nothing but interruptions."""

    def submitted(self, request_id: str) -> None:
        """Record that the submission became a job."""

    def uncertain(self, error: str, request_id: str | None) -> None:
        """Record that the submission may have become a job."""

    def refused(self, error: str) -> None:
        """Record that the submission provably became no job."""

    def cancelled(self, request_id: str) -> None:
        """Record that the job was cancelled at once."""

    def left(self, error: str, *, sent: bool) -> None:
        """Record that the caller is gone. This never replaces a more definite record."""


@attrs.define(eq=False)
class Submission:
    """A submission: what is sent, how often it may be retried, and how far it has come.

    Attributes:
        model_id: The model.
        body: The input; None before it is encoded, and when it is no longer needed.
        base_url: The server, for messages.
        attempts: How many times the request is sent at most, if the API provably did not take it.
        deadline: Seconds after which the request is not sent again.
        notes: The record of this submission, or None.
        keep: Whether a job whose caller is gone goes on, because somebody will come back for it.
        request: The latest request, whose outcome decides. The API provably did not take any
            earlier one.
        found: How the submission ended, once that is decided.
        told: The note about the job that an interruption got.
    """

    model_id: str
    body: Payload | bytes | None = attrs.field(repr=False)
    base_url: str
    attempts: int = 4
    deadline: float = 60.0
    notes: Notes | None = attrs.field(default=None, repr=False)
    keep: bool = False
    request: Send | None = attrs.field(default=None, init=False, repr=False)
    found: Found | None = attrs.field(default=None, init=False, repr=False)
    told: str | None = attrs.field(default=None, init=False, repr=False)


def submit(submission: Submission, clock: Ticks) -> Steps[str]:
    """Submit a job, and return its request id.

    Raises:
        ConnectionFailed: The request provably never left.
        ApiError: The API refused: no job was made.
        SubmissionUncertain: Anything else happened: the job may exist, and be billed.
    """
    try:
        submission.found = found = yield from _sent(submission, clock)
        noted = submission.request is not None and submission.request.heard
        # The bodies of request and answer would take memory for as long as the job is waited for.
        submission.request = submission.body = None
        if submission.notes is not None and not noted:
            yield from work(partial(_note, submission.notes, found))
        if isinstance(found, str):
            log.info("submitted to %s: request %s", submission.model_id, found)
    except GeneratorExit:  # nothing can be done any more: a closed generator may not yield
        raise
    except BaseException as stop:
        yield from abandon(submission, stop)
        raise
    if isinstance(found, str):
        return found
    raise found


def abandon(submission: Submission, stop: BaseException) -> Steps[None]:
    """Settle a submission whose outcome its caller never gets, because *stop* is raised instead.

    What is known is recorded, and a note on *stop* names a job that exists or may exist. A second
    call does no harm, with the same exception or with one that interrupted the first call.
    """
    if stop is submission.found:
        return
    found, request = submission.found, submission.request
    if submission.told is not None:
        _tell(stop, submission.told)
    elif found is not None:
        yield from _settle(submission, found, stop)
    elif request is None:
        _leave(submission, stop, sent=False)
    elif request.aftermath is not None:
        # The driver that sent the request has already dealt with its outcome.
        _tell(stop, request.aftermath)
        _leave(submission, stop, sent=True)
    elif request.outcome is None and not request.drop():
        _doubt(submission, stop)
    else:
        try:
            found = _judged(submission, request)
        except Exception as error:  # noqa: BLE001 - after any error here, the outcome is unknown
            _doubt(submission, stop)
            pass_on(error)
            return
        if found is None:
            _leave(submission, stop, sent=False)
        else:
            yield from _settle(submission, found, stop)


def _settle(submission: Submission, found: Found, stop: BaseException) -> Steps[None]:
    """Record how a submission ended, and say it on *stop*; cancel the job if *stop* interrupts."""
    request_id = _request_id(found)
    if request_id is not None and interrupts(stop):
        words = interrupted(request_id).words
        try:
            words = yield from _left_behind(submission, request_id)
        finally:
            submission.told = words
            _tell(stop, words)
        return
    if isinstance(found, str):
        submission.told = TAKEN.format(
            model_id=submission.model_id, request_id=found, call=errors.pick_up(found)
        )
    elif isinstance(found, errors.SubmissionUncertain):
        submission.told = MAY_EXIST.format(model_id=submission.model_id)
        submission.told += "" if request_id is None else f" Its request id is {request_id}."
    if submission.told is not None:
        _tell(stop, submission.told)
    if submission.notes is not None:
        _note(submission.notes, found)


def _judged(submission: Submission, request: Send) -> Found | None:
    """Return how the submission ended by its last request; None if the API did not take that."""
    if request.outcome is None:
        return None
    found, passing = _read(submission, request.outcome)
    return None if passing else found


def _doubt(submission: Submission, stop: BaseException) -> None:
    """Say on *stop*, and record, that the job may exist."""
    _tell(stop, MAY_EXIST.format(model_id=submission.model_id))
    _leave(submission, stop, sent=True)


def _leave(submission: Submission, stop: BaseException, *, sent: bool) -> None:
    if submission.notes is not None:
        # This is no step of its own, because a second Ctrl-C would skip the step.
        submission.notes.left(type(stop).__name__, sent=sent)


def _sent(submission: Submission, clock: Ticks) -> Steps[Found]:
    """Send the request, with retries, until the submission is settled."""
    begin = clock.monotonic()
    pause = FIRST_PAUSE
    tries = 1
    while True:
        request = Send(
            "POST",
            f"/models/{submission.model_id}",
            submission.body,
            late=partial(_late, submission),
            hear=partial(_hear, submission),
        )
        submission.request = request
        request.outcome = outcome = yield from send(request)
        found, passing = _read(submission, outcome)
        if not passing:
            return found
        waiting = _pause(pause, found)
        elapsed = clock.monotonic() - begin
        if tries >= submission.attempts or elapsed + waiting > submission.deadline:
            return _counted(found, tries, elapsed)
        yield from sleep(waiting)
        pause *= 2
        tries += 1


def _read(submission: Submission, outcome: Answer | NoAnswer) -> tuple[Found, bool]:
    """Return what an outcome means, and whether the API provably did not take the submission."""
    model_id = submission.model_id
    if not isinstance(outcome, Answer):
        if outcome.left:
            reason = f"no answer came: {outcome.reason}"
            return errors.SubmissionUncertain(model_id, reason), False
        words = f"{model_id}: nothing was sent to {submission.base_url}: {outcome.reason}"
        return errors.ConnectionFailed(words), True
    refusal = _comes_back(outcome, model_id)
    if refusal is not None:
        return refusal, True
    try:
        return answers.read_submission(outcome, model_id), False
    except errors.RunComfyError as error:
        return error, False


def _comes_back(answer: Answer, model_id: str) -> errors.ApiError | None:
    """Return the error of an answer that only asks to come back later, or None."""
    # An answer that broke off, or that names a request id, proves no refusal.
    if answer.fault is not None or b'"request_id"' in answer.body:
        return None
    error = answers.refused_submission(answer, model_id)
    if isinstance(error, errors.RateLimited) and answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return error
    if isinstance(error, errors.ServerError) and answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
        return None if error.retry_after is None else error
    return None


def _pause(least: float, found: Found) -> float:
    """Return the seconds until the next try."""
    asked = found.retry_after if isinstance(found, errors.ApiError) else None
    spread = least * random.uniform(0, JITTER)  # noqa: S311 - it spreads load and keeps no secret
    return max(least, asked or 0.0) + spread


def _counted(found: Found, tries: int, elapsed: float) -> Found:
    """Add to an error how often the submission was tried; return *found*."""
    if tries > 1 and not isinstance(found, str):
        found.addition = f" (tried {tries} times in {elapsed:.3g} s)"
    return found


def _hear(submission: Submission, outcome: Answer | NoAnswer) -> bool:
    """Record how a submission ended, if an outcome settles it; return whether it was recorded."""
    found, passing = _read(submission, outcome)
    if submission.notes is None or passing:
        return False
    _note(submission.notes, found)
    return True


def _late(submission: Submission, outcome: Answer | NoAnswer) -> Steps[str]:
    """Settle a submission whose caller is gone, and return in words what is known of it."""
    found, _ = _read(submission, outcome)
    request_id = _request_id(found)
    words = str(found)
    if request_id is not None:
        words = yield from _left_behind(submission, request_id)
        words = f"{submission.model_id} was submitted all the same. {words}"
    elif submission.notes is not None:
        _note(submission.notes, found)
    # Perhaps nobody is left who would read the note.
    log.warning("interrupted while submitting: %s", words)
    return words


def _left_behind(submission: Submission, request_id: str) -> Steps[str]:
    """Cancel a job whose caller is gone, unless it is to be kept; return in words what happened."""
    notes = submission.notes
    if notes is not None:
        # This is no step of its own, because a second Ctrl-C would skip the step.
        notes.submitted(request_id)
    if submission.keep:
        return f"Request {request_id} goes on remotely, and is in the journal."
    parting = yield from part(request_id)
    if notes is not None and parting.cancelled:
        notes.cancelled(request_id)
    return parting.words


def _request_id(found: Found) -> str | None:
    if isinstance(found, str):
        return found
    return found.request_id if isinstance(found, errors.SubmissionUncertain) else None


def _note(notes: Notes, found: Found) -> None:
    """Record how a submission ended."""
    if isinstance(found, str):
        notes.submitted(found)
    elif isinstance(found, errors.SubmissionUncertain):
        notes.uncertain(str(found), found.request_id)
    else:
        notes.refused(str(found))


def _tell(stop: BaseException, words: str) -> None:
    if words not in getattr(stop, "__notes__", ()):
        stop.add_note(words)
