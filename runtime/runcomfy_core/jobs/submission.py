"""The call that costs money: a submission, sent exactly once (docs/contract.md, "Paying once").

Rules:

- A submission is sent again only when it provably was not taken: not a byte of it left, or the
  server refused it in so many words (HTTP 429, or 503 with ``Retry-After``). Both a few times,
  within a deadline.
- Anything else than that, a refusal that was read whole or a request id is
  :class:`SubmissionUncertain`, and final: the job may exist, and a second submission would be a
  second job.
- From before its first byte may leave until the request id, or the refusal, is written down, a
  submission may have been sent. Whatever is raised in between (Ctrl-C, what a signal handler or a
  log handler raises, a lack of memory) says so in a note. Only a proof makes it "not sent".
- What interrupts a submission must not hide a job that was paid for: once its request id is known,
  that is written down, and stands in the note. Ctrl-C and its like cancel the job, too, unless its
  caller will come back for it.
- Where there is a journal, what came of it is written down before anybody else hears of it, and
  also when nobody will.
"""

from __future__ import annotations

import random
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

import attrs

from runcomfy_core import errors
from runcomfy_core.interrupts import interrupts
from runcomfy_core.logs import log
from runcomfy_core.wire.answer import Answer
from runcomfy_core.wire.steps import Send, send, sleep, work

from . import answers
from .parting import interrupted, part

if TYPE_CHECKING:
    from runcomfy_core.wire.answer import NoAnswer
    from runcomfy_core.wire.clock import Ticks
    from runcomfy_core.wire.steps import Payload, Steps

#: Seconds after the first try; doubles with each further one.
FIRST_PAUSE: Final = 0.5

#: What a pause may be longer at random, so that many submissions that were refused together don't
#: come back together.
JITTER: Final = 0.5

MAY_EXIST: Final = (
    "This came while {model_id} was being submitted: the job may exist and be billed. Look at the "
    "account's request history before submitting again."
)

TAKEN: Final = (
    "This came while {model_id} was being submitted: it was taken as request {request_id}, which "
    "goes on remotely and is billed. Pick it up with {call}."
)

#: What became of a submission: its request id, or why there is none.
Found: TypeAlias = str | errors.RunComfyError


class Notes(Protocol):
    """Where it is written down what came of a submission; only what interrupts is raised here."""

    def submitted(self, request_id: str) -> None:
        """It became a job."""

    def uncertain(self, error: str, request_id: str | None) -> None:
        """It may have become a job."""

    def refused(self, error: str) -> None:
        """It provably became none."""

    def cancelled(self, request_id: str) -> None:
        """The job that it became was cancelled at once."""

    def left(self, error: str, *, sent: bool) -> None:
        """Whoever submitted is gone; counts only where nothing better is known."""


@attrs.define(eq=False)
class Submission:
    """What is submitted, how patiently, and how far it is.

    Attributes:
        model_id: To what.
        body: The input; None before it is made, and when it is no longer needed.
        base_url: Where to, for messages.
        attempts: How often it is sent at most, if it provably was not taken.
        deadline: Seconds after which it is not sent again.
        notes: Where it is written down what came of it, or None.
        keep: Whether a job whose caller is gone goes on, since somebody will come back for it.
        request: The request whose outcome decides: the latest one. Those before it were provably
            not taken.
        found: What became of it, once that is decided.
        told: What an interruption was told of its job.
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
        ConnectionFailed: It provably never left.
        ApiError: The API refused it: no job was made.
        SubmissionUncertain: Anything else: the job may exist, and be billed.
    """
    try:
        submission.found = found = yield from _sent(submission, clock)
        # Neither body is held while the job is waited for.
        submission.request = submission.body = None
        if submission.notes is not None:
            yield from work(partial(_note, submission.notes, found))
        if isinstance(found, str):
            log.info("submitted to %s: request %s", submission.model_id, found)
    except GeneratorExit:  # nobody performs it any more, and so nobody knows
        raise
    except BaseException as stop:
        yield from abandon(submission, stop)
        raise
    if isinstance(found, str):
        return found
    raise found


def abandon(submission: Submission, stop: BaseException) -> Steps[None]:
    """Settle a submission whose outcome nobody hears of, because *stop* is raised in its place.

    What is known is written down, and a note on *stop* tells of a job that exists or may exist. To
    do it again is harmless, for the same *stop* or for one that came in the midst of it.
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
        # Whoever sent it has seen to it, and knows more.
        _tell(stop, request.aftermath)
        _leave(submission, stop, sent=True)
    elif request.outcome is None and not request.drop():
        _doubt(submission, stop)
    else:
        try:
            found = _judged(submission, request)
        except Exception:  # noqa: BLE001 - whatever it is, the outcome isn't known
            _doubt(submission, stop)
            return
        if found is None:
            _leave(submission, stop, sent=False)
        else:
            yield from _settle(submission, found, stop)


def _settle(submission: Submission, found: Found, stop: BaseException) -> Steps[None]:
    """Deal with what is known of a submission; cancel its job if *stop* interrupts."""
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
    """What came of a request that was answered or never left; None if it was not taken."""
    if request.outcome is None:
        return None
    found, passing = _read(submission, request.outcome)
    return None if passing else found


def _doubt(submission: Submission, stop: BaseException) -> None:
    _tell(stop, MAY_EXIST.format(model_id=submission.model_id))
    _leave(submission, stop, sent=True)


def _leave(submission: Submission, stop: BaseException, *, sent: bool) -> None:
    if submission.notes is not None:
        # Here and not as a step: whoever interrupts may do it again.
        submission.notes.left(type(stop).__name__, sent=sent)


def _sent(submission: Submission, clock: Ticks) -> Steps[Found]:
    """Send it until it is decided what becomes of it."""
    begin = clock.monotonic()
    pause = FIRST_PAUSE
    tries = 1
    while True:
        request = Send(
            "POST",
            f"/models/{submission.model_id}",
            submission.body,
            late=partial(_late, submission),
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
    """What an outcome means; and whether it was provably not taken, and may be sent again."""
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
    """The refusal of an answer that only asks to come back later, or None."""
    # One that names a request is none, whatever else it says; nor is one that broke off.
    if answer.fault is not None or b'"request_id"' in answer.body:
        return None
    error = answers.refused_submission(answer, model_id)
    if isinstance(error, errors.RateLimited) and answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return error
    if isinstance(error, errors.ServerError) and answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
        return None if error.retry_after is None else error
    return None


def _pause(least: float, found: Found) -> float:
    """Seconds until the next try."""
    asked = found.retry_after if isinstance(found, errors.ApiError) else None
    # Random to spread load, nothing secret: hence no cryptographic source.
    spread = least * random.uniform(0, JITTER)  # noqa: S311
    return max(least, asked or 0.0) + spread


def _counted(found: Found, tries: int, elapsed: float) -> Found:
    """The same, saying how often it was met."""
    if tries > 1 and not isinstance(found, str):
        found.addition = f" (tried {tries} times in {elapsed:.3g} s)"
    return found


def _late(submission: Submission, outcome: Answer | NoAnswer) -> Steps[str]:
    """Settle a submission whose caller is gone, and say what is known."""
    found, _ = _read(submission, outcome)
    request_id = _request_id(found)
    words = str(found)
    if request_id is not None:
        words = yield from _left_behind(submission, request_id)
        words = f"{submission.model_id} was submitted all the same. {words}"
    elif submission.notes is not None:
        _note(submission.notes, found)
    # Whoever would be told may be gone for good.
    log.warning("interrupted while submitting: %s", words)
    return words


def _left_behind(submission: Submission, request_id: str) -> Steps[str]:
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


def _request_id(found: Found) -> str | None:
    if isinstance(found, str):
        return found
    return found.request_id if isinstance(found, errors.SubmissionUncertain) else None


def _note(notes: Notes, found: Found) -> None:
    """Write down what became of a submission."""
    if isinstance(found, str):
        notes.submitted(found)
    elif isinstance(found, errors.SubmissionUncertain):
        notes.uncertain(str(found), found.request_id)
    else:
        notes.refused(str(found))


def _tell(stop: BaseException, words: str) -> None:
    if words not in getattr(stop, "__notes__", ()):
        stop.add_note(words)
