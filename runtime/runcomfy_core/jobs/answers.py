"""What the API's answers mean: pure functions, no I/O (docs/contract.md, "Errors", "States").

Rules:

- Reading is lenient where a job is at stake, and strict where leniency would hide a mistake. An
  unknown status is kept, but an answer that is not a JSON object is always an error.
- The ``error_code`` of an answer decides first, and its HTTP status second, because some refusals
  arrive with status 200.
- A message quotes only a short excerpt of a body, with the token masked, because a server may echo
  it. No frame that raises has a body among its locals, because a traceback may print them.
"""

from __future__ import annotations

import http
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from runcomfy_core import errors
from runcomfy_core.config import BASE_URL_VARIABLE, DEFAULT_BASE_URL
from runcomfy_core.interrupts import pass_on
from runcomfy_core.text import one_line, words
from runcomfy_core.wire.answer import retry_after

from . import states
from .complaints import complaints

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runcomfy_core.wire.answer import Answer

#: The error code of a result that is asked for too early.
NOT_OVER_YET: Final = 400005

#: The path of every base URL: the API's version.
_VERSION: Final = urlsplit(DEFAULT_BASE_URL).path

_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_REQUEST_ID_FIELD = re.compile(rb'"request_id"\s*:\s*"([A-Za-z0-9_-]{1,128})"')

_BY_CODE: Final[Mapping[int, type[errors.ApiError]]] = {
    400001: errors.NotFound,
    400002: errors.InsufficientFunds,
    400004: errors.AuthenticationError,
    403001: errors.PermissionDenied,
    404001: errors.NotFound,
}
_BY_STATUS: Final[Mapping[int, type[errors.ApiError]]] = {
    401: errors.AuthenticationError,
    402: errors.InsufficientFunds,
    403: errors.PermissionDenied,
    404: errors.NotFound,
    429: errors.RateLimited,
}


def read(
    answer: Answer, *, about: str, request_id: str | None = None, whole: bool = True
) -> dict[str, Any]:
    """Return the JSON object of an answer that is no refusal.

    Args:
        answer: The answer.
        about: What the request named, such as ``the request id 'x'``, for "… may be wrong".
        request_id: The job that the request was about, for the errors.
        whole: Whether long texts in the answer are needed whole.

    Raises:
        ApiError: The API refused.
        UnexpectedResponse: The answer is not what the API documents.
    """
    error: errors.RunComfyError | None = refusal(answer, about=about, request_id=request_id)
    if error is None:
        sound = 200 <= answer.status < 300
        body = (answer.document if whole else answer.gist) if sound else None
        if body is not None:
            return body
        error = _unreadable(answer, request_id)
    raise error


def read_submission(answer: Answer, model_id: str) -> str:
    """Return the request id from the answer to a submission.

    Raises:
        ApiError: The API refused: no job was made.
        SubmissionUncertain: The job may exist: the answer has no usable request id and is no
            refusal, or it is a refusal that broke off, or a server error, whatever its body says.
    """
    whole = answer.fault is None
    error: errors.RunComfyError | None = refused_submission(answer, model_id) if whole else None
    if error is None:
        sound = 200 <= answer.status < 300
        request_id = _own_id(answer, request_id_in(answer.gist or {})) if sound else None
        if request_id is not None:
            return request_id
        error = _uncertain(answer, model_id, _why_no_request_id(answer))
    elif isinstance(error, errors.ServerError) or answer.status >= 500 or _tells_of_a_job(answer):
        # Made again without the model, because SubmissionUncertain names the model itself.
        said = refusal(answer, about=f"the model id {model_id!r}")
        error = _uncertain(answer, model_id, str(said))
    raise error


def _tells_of_a_job(answer: Answer) -> bool:
    """Return whether an answer that looks like a refusal names a job and its state all the same."""
    body = answer.gist or {}
    found = states.read_status(body) if answer.status < 300 else None
    return found is not None and found.is_known and request_id_in(body) is not None


def _why_no_request_id(answer: Answer) -> str:
    if answer.status >= 300 or answer.gist is None:
        return str(_unreadable(answer, None))
    return str(unexpected(answer, "the answer has no usable request id", None))


def _uncertain(answer: Answer, model_id: str, reason: str) -> errors.SubmissionUncertain:
    # The body may be cut off, so the request id is searched for in the bytes: it lets the user find
    # the job that may exist.
    match = _REQUEST_ID_FIELD.search(answer.body)
    request_id = _own_id(answer, match[1].decode("ascii") if match else None)
    return errors.SubmissionUncertain(model_id, reason, status=answer.status, request_id=request_id)


def _own_id(answer: Answer, request_id: str | None) -> str | None:
    """Return a request id, or None if it holds the token: it goes into URLs, logs, the journal."""
    return request_id if request_id is not None and answer.mask(request_id) == request_id else None


def refused_submission(answer: Answer, model_id: str) -> errors.ApiError | None:
    """Return the error for a submission that was refused, or None if the answer is no refusal."""
    return refusal(answer, about=f"the model id {model_id!r}", model_id=model_id)


def refusal(
    answer: Answer, *, about: str, request_id: str | None = None, model_id: str | None = None
) -> errors.ApiError | None:
    """Return the error for an answer that is a refusal, or None for any other answer.

    The error is returned and not raised, so that a traceback does not have this frame, with the
    body among its locals.
    """
    body = answer.gist or {}
    code = _error_code(body, answer)
    if answer.status < 300 and (code is None or _speaks_of_a_failed_job(body)):
        return None
    # No final answer has a status below 200, and a redirect is no refusal.
    if answer.status < 200 or 300 <= answer.status < 400:
        return None
    kind = _kind(answer.status, code)
    message = words(body, mask=answer.mask) or _status_words(answer)
    if code == 400001 or (kind is errors.NotFound and request_id is None):
        what = about if code is not None else f"{about}, or the base URL,"
        message = f"{message.rstrip('.')} ({what} may be wrong)"
    if kind is errors.NotFound:
        message += _missing_version(answer.base_url)
    pause = retry_after(answer.headers)
    if model_id is not None and kind is errors.ApiError and _family(answer.status, code) == 422:
        found = complaints(body, message, answer.mask)
        return errors.InputRefused(
            answer.status, code, message, model_id=model_id, retry_after=pause, problems=found
        )
    return kind(answer.status, code, message, request_id, model_id, pause)


def _missing_version(base_url: str) -> str:
    """Return what to add to "not found" if the base URL is likely to be wrong, or ""."""
    if not base_url or urlsplit(base_url).path.endswith(_VERSION):
        return ""
    return (
        f". The base URL {base_url} does not end in {_VERSION}, as {DEFAULT_BASE_URL} does: pass "
        f"another base_url, or set the environment variable {BASE_URL_VARIABLE}"
    )


def too_early(error: errors.ApiError) -> bool:
    """Return whether a refusal says only that the job is not over yet."""
    return error.error_code == NOT_OVER_YET


def request_id_in(body: Mapping[str, Any]) -> str | None:
    """Return the request id in an answer, or None if there is no usable one."""
    value: object = body.get("request_id")
    return value if isinstance(value, str) and _REQUEST_ID.fullmatch(value) else None


def is_request_id(value: object) -> bool:
    """Return whether a value has the form of a request id."""
    return isinstance(value, str) and _REQUEST_ID.fullmatch(value) is not None


def _unreadable(answer: Answer, request_id: str | None) -> errors.UnexpectedResponse:
    """Return the error for an answer that is neither a JSON object nor a refusal."""
    if 300 <= answer.status < 400:
        what = "the API answered with a redirect, which is not followed: check the base URL"
    elif answer.fault is not None:
        what = answer.fault
    elif answer.status < 200:
        what = "that is no status of an answer"
    elif not answer.body or answer.body.isspace():
        what = "the answer is empty"
    else:
        what = f"the answer is not a JSON object: {_excerpt(answer)}"
    return errors.UnexpectedResponse(answer.status, what, request_id=request_id)


def unexpected(answer: Answer, what: str, request_id: str | None) -> errors.UnexpectedResponse:
    """Return the error for an answer that lacks something, as *what* says."""
    return errors.UnexpectedResponse(
        answer.status, f"{what}: {_excerpt(answer)}", request_id=request_id
    )


def _excerpt(answer: Answer) -> str:
    # Far more is masked than is shown, so that no token is cut in two and escapes the mask.
    return one_line(answer.body[:65536].decode("utf-8", "replace"), 120, answer.mask)


def _status_words(answer: Answer) -> str:
    """Return a message for a refusal whose body has none."""
    try:
        phrase = http.HTTPStatus(answer.status).phrase
    except ValueError as error:
        pass_on(error)
        phrase = "refused"
    excerpt = _excerpt(answer)
    return f"{phrase}: {excerpt}" if excerpt else phrase


def _error_code(body: Mapping[str, Any], answer: Answer) -> int | str | None:
    """Return the API's own error code, or None if it is missing, zero or empty."""
    code: object = body.get("error_code")
    if isinstance(code, bool) or not isinstance(code, int | str) or not code:
        return None
    # A code may have thousands of digits, too many for a message.
    text = one_line(code, 60, answer.mask) if isinstance(code, str) else _digits(code, answer)
    return (int(text) or None) if re.fullmatch(r"-?\d{1,18}", text, re.ASCII) else text or None


def _digits(code: int, answer: Answer) -> str:
    return answer.mask(str(code)) if abs(code) < 10**18 else "(too long)"


def _speaks_of_a_failed_job(body: Mapping[str, Any]) -> bool:
    """Return whether an ``error_code`` says why a job failed, not why this request was refused."""
    status: object = body.get("status")
    return (
        isinstance(status, str)
        and status.strip().lower() == "failed"
        and request_id_in(body) is not None
    )


def _kind(status: int, code: int | str | None) -> type[errors.ApiError]:
    """Return the class of an error, by its code if that is known, or else by its family."""
    if isinstance(code, int) and code in _BY_CODE:
        return _BY_CODE[code]
    family = _family(status, code)
    # A status above 599 does not exist. It counts as a server error, which may pass.
    return errors.ServerError if family >= 500 else _BY_STATUS.get(family, errors.ApiError)


def _family(status: int, code: int | str | None) -> int:
    """Return the HTTP status that an error stands for, which its code tells if it came with 200."""
    if status >= 400 or not isinstance(code, int):
        return status
    # A code such as 403001 is an HTTP status and three more digits.
    return code // 1000 if code >= 100_000 else code
