"""The three free calls about a job, one request each (docs/contract.md, "Endpoints").

Rules:

- Nothing is retried here; ``retrying.py`` does that. The call that costs money is in
  ``submission.py``.
- URLs are made here, from a checked id. URLs in an answer are never followed.
- Every failure is raised as one of our errors, without a cause, because the causes hold the
  Authorization header.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeVar

from runcomfy_core import errors
from runcomfy_core.text import one_line, shown
from runcomfy_core.wire.answer import Answer, retry_after
from runcomfy_core.wire.steps import Send, work

from . import answers, states
from .states import State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runcomfy_core.wire.answer import NoAnswer
    from runcomfy_core.wire.steps import Steps

    from .states import Status

T = TypeVar("T")

_SEGMENT: Final = re.compile(r"[A-Za-z0-9._-]+")

#: The most bytes of an answer that are parsed on the spot, even on an event loop; they take about a
#: millisecond.
_SMALL: Final = 64 * 1024


def status(request_id: str, limit: float | None = None) -> Steps[Status]:
    """Ask for the status of a job.

    Args:
        request_id: The job.
        limit: The most seconds that the request may take.
    """
    outcome = yield ask_status(request_id, limit)
    return (yield from read_status(outcome, request_id))


def ask_status(request_id: str, limit: float | None) -> Send:
    """Return the request that asks for the status of a job."""
    return Send("GET", f"/requests/{request_id}/status", None, limit)


def read_status(outcome: Answer | NoAnswer | None, request_id: str) -> Steps[Status]:
    """Return the status from the outcome of :func:`ask_status`."""
    answer = _answer(outcome, request_id)
    return (yield from _apart(answer, lambda: _read_status(answer, request_id)))


def result(request_id: str, limit: float | None = None) -> Steps[dict[str, Any] | None]:
    """Ask for the result of a job; return None when the API says that it is too early."""
    path = f"/requests/{request_id}/result?include_cost=true"
    outcome = yield Send("GET", path, None, limit)
    answer = _answer(outcome, request_id)
    return (yield from _apart(answer, lambda: _read_result(answer, request_id)))


def cancel(request_id: str, limit: float | None = None) -> Steps[dict[str, Any]]:
    """Ask to cancel a job, and return the answer. A second cancel does nothing."""
    outcome = yield Send("POST", f"/requests/{request_id}/cancel", None, limit)
    answer = _answer(outcome, request_id)
    return (yield from _apart(answer, lambda: _read(answer, request_id, whole=False)))


def is_cancelled(body: Mapping[str, Any]) -> bool:
    """Return whether the answer to a cancel says that the job is cancelled.

    Where the answer has an ``outcome``, only that counts: a ``status`` beside it has been seen to
    disagree.
    """
    said: object = body.get("outcome")
    if said is None or (isinstance(said, str) and not said.strip()):
        found = states.read_status(body)
        return found is not None and found.state == State.CANCELLED
    return isinstance(said, str) and one_line(said, 60).lower() in {"cancelled", "canceled"}


def check_model_id(model_id: object) -> str:
    """Check that this is a model id, which is names joined by slashes, and return it.

    The id becomes part of a URL, so nothing else passes.

    Raises:
        ConfigurationError: This is no model id.
    """
    if isinstance(model_id, str):
        names = model_id.split("/")
        if all(_SEGMENT.fullmatch(name) and name not in {".", ".."} for name in names):
            return model_id
    raise errors.ConfigurationError(
        f"{shown(model_id)} is not a model id; one looks like wan-ai/wan-2-6/image-to-image"
    )


def check_request_id(request_id: object) -> str:
    """Check that this is a request id, which becomes part of a URL, and return it.

    Raises:
        ConfigurationError: This is no request id.
    """
    if isinstance(request_id, str) and answers.is_request_id(request_id):
        return request_id
    raise errors.ConfigurationError(
        f"{shown(request_id)} is not a request id: up to 128 of A-Z, a-z, 0-9, _ and -"
    )


def _answer(outcome: Answer | NoAnswer | None, request_id: str) -> Answer:
    """Return the answer to a request about a job.

    Raises:
        ConnectionFailed: No answer came.
    """
    if isinstance(outcome, Answer):
        return outcome
    if outcome is None:
        raise TypeError(f"the driver brought no outcome for request {request_id}")
    raise errors.ConnectionFailed(outcome.reason, request_id=request_id)


def _apart(answer: Answer, read: Callable[[], T]) -> Steps[T]:
    """Read an answer, and return what *read* returns; a large answer is read in a thread."""
    if len(answer.body) <= _SMALL:
        return read()
    return (yield from work(read))


def _read(answer: Answer, request_id: str, *, whole: bool = True) -> dict[str, Any]:
    about = f"the request id {request_id!r}"
    return answers.read(answer, about=about, request_id=request_id, whole=whole)


def _read_status(answer: Answer, request_id: str) -> Status:
    body = _read(answer, request_id)
    found = states.read_status(body, retry_after(answer.headers), answer.mask)
    if found is None:
        del body  # a traceback that shows locals must not show the body
        raise answers.unexpected(answer, "the answer has no status", request_id)
    return found


def _read_result(answer: Answer, request_id: str) -> dict[str, Any] | None:
    try:
        return _read(answer, request_id)
    except errors.ApiError as error:
        if answers.too_early(error):
            return None
        raise
