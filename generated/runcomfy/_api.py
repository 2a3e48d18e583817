"""The four calls of a job's life, one request each (docs/contract.md, "Endpoints").

Rules:

- Nothing here is sent twice; `_job.py` repeats the calls that cost nothing.
- URLs are made here, of the base URL and a checked id. Those in an answer are never followed.
- What went wrong comes out as one of our errors, without a chain of causes: the causes hold the
  Authorization header.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from . import _answers, errors
from ._states import read_status
from ._text import one_line

if TYPE_CHECKING:
    from ._answers import Answer, NoAnswer
    from ._polling import Clock
    from ._states import Status
    from ._transport import Transport

_SEGMENT: Final = re.compile(r"[A-Za-z0-9._-]+")


class Api:
    """One account at one server."""

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self.transport = transport
        self.clock = clock

    def submit(self, model_id: str, body: bytes) -> str:
        """Submit a job, and return its request id. The POST is sent exactly once.

        Raises:
            ConnectionFailed: It provably never left.
            ApiError: The API refused it: no job was made.
            SubmissionUncertain: Anything else: the job may exist, and be billed.
        """
        try:
            answer = self.transport.request("POST", f"/models/{model_id}", body=body)
        # Whatever passes through, Ctrl-C above all, must not hide a job that was paid for.
        except BaseException as stop:
            if self.transport.may_have_left():
                stop.add_note(
                    f"This came while {model_id} was being submitted: the job may exist and be "
                    "billed. Look at the account's request history before submitting again."
                )
            raise
        if not isinstance(answer, _answers.Answer):
            if not answer.left:
                raise errors.ConnectionFailed(
                    f"{model_id}: nothing was sent to {self.transport.base_url}: {answer.reason}"
                )
            raise errors.SubmissionUncertain(model_id, f"no answer came: {answer.reason}")
        return _answers.read_submission(answer, model_id)

    def status(self, request_id: str, limit: float | None = None) -> Status:
        """Where a job stands."""
        answer = self._get(request_id, "status", limit)
        body = _answers.read(answer, about=_named(request_id), request_id=request_id)
        status = read_status(body, _answers.retry_after(answer.headers))
        if status is None:
            del body  # not in this frame's locals when the error leaves it
            raise _answers.unexpected(answer, "the answer has no status", request_id)
        return status

    def result(self, request_id: str, limit: float | None = None) -> dict[str, Any] | None:
        """A job's result as the API gives it, or None when it says that this is too early."""
        answer = self._get(request_id, "result?include_cost=true", limit)
        try:
            return _answers.read(answer, about=_named(request_id), request_id=request_id)
        except errors.ApiError as error:
            if _answers.too_early(error):
                return None
            raise

    def cancel(self, request_id: str, limit: float | None = None) -> str | None:
        """Ask to cancel a job, and return the ``outcome``. Harmless to send again."""
        answer = self.transport.request("POST", f"/requests/{request_id}/cancel", limit=limit)
        body = _answers.read(
            _came(answer, request_id), about=_named(request_id), request_id=request_id
        )
        outcome: object = body.get("outcome")
        return one_line(outcome, 60).lower() if isinstance(outcome, str) else None

    def _get(self, request_id: str, what: str, limit: float | None) -> Answer:
        answer = self.transport.request("GET", f"/requests/{request_id}/{what}", limit=limit)
        return _came(answer, request_id)


def check_model_id(model_id: object) -> str:
    """A model id, checked: names joined by slashes, as the catalog has them.

    Raises:
        ConfigurationError: It is none. It becomes part of a URL, so nothing else passes.
    """
    if isinstance(model_id, str):
        names = model_id.split("/")
        if all(_SEGMENT.fullmatch(name) and name not in {".", ".."} for name in names):
            return model_id
    raise errors.ConfigurationError(
        f"{model_id!r} is not a model id; one looks like wan-ai/wan-2-6/image-to-image"
    )


def check_request_id(request_id: object) -> str:
    """A request id, checked for the same reason.

    Raises:
        ConfigurationError: It is none.
    """
    if isinstance(request_id, str) and _answers.is_request_id(request_id):
        return request_id
    raise errors.ConfigurationError(
        f"{request_id!r} is not a request id: up to 128 of A-Z, a-z, 0-9, _ and -"
    )


def _came(answer: Answer | NoAnswer, request_id: str) -> Answer:
    if isinstance(answer, _answers.Answer):
        return answer
    raise errors.ConnectionFailed(answer.reason, request_id=request_id)


def _named(request_id: str) -> str:
    return f"the request id {request_id!r}"
