"""The sandbox's calls and answers, before an answer becomes HTTP.

Each endpoint is a function from a `Call` to an `Answer`. Both are plain values, so that a fault can
rewrite an answer and a test can read it.
"""

from __future__ import annotations

import enum
import json
from typing import TYPE_CHECKING, Any

import attrs

from .deliveries import WHOLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .deliveries import Delivery

LARGEST_BODY = 64 * 1024 * 1024
"""The largest request body that is accepted, in bytes."""


class Code(enum.IntEnum):
    """The API's error codes. Those for HTTP 408, 413, 421 and 422 are invented here."""

    BAD_ID = 400001
    NO_BALANCE = 400002
    BAD_TOKEN = 400004
    TOO_EARLY = 400005
    FORBIDDEN = 403001
    NOT_FOUND = 404001
    TOO_SLOW = 408001
    TOO_LARGE = 413001
    MISDIRECTED = 421001
    INVALID_INPUT = 422001


@attrs.frozen
class Call:
    """One request.

    Attributes:
        origin: The scheme, host and port that the caller used: ``http://127.0.0.1:8787``.
        url: The whole URL.
        method: The HTTP method.
        authorization: The Authorization header.
        range: The Range header.
        if_range: The If-Range header.
        control: Whether the request has the control header, which no web page can send.
        path: The path parameters: ``model_id``, ``request_id`` or ``name``.
        query: The query parameters.
        body: The body's bytes. A body larger than `LARGEST_BODY` is cut off shortly after that.
    """

    origin: str
    url: str
    method: str = "GET"
    authorization: str | None = None
    range: str | None = None
    if_range: str | None = None
    control: bool = False
    path: Mapping[str, str] = attrs.field(factory=dict)
    query: Mapping[str, str] = attrs.field(factory=dict)
    body: bytes = b""


@attrs.frozen
class Answer:
    """One answer.

    Attributes:
        status: The HTTP status.
        body: The body. Bytes and strings are sent unchanged, anything else as JSON.
        headers: Headers in addition to those that the body needs.
        delivery: The way to send the answer.
    """

    status: int
    body: object
    headers: Mapping[str, str] = attrs.field(factory=dict)
    delivery: Delivery = WHOLE


class Refusal(Exception):  # noqa: N818 - it carries an answer and doesn't mean that the sandbox failed
    """A call is refused.

    Attributes:
        answer: The answer for the caller.
    """

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer)
        self.answer = answer


def error(status: int, code: int, message: str, **more: object) -> Answer:
    """Return an error in the API's usual form.

    Args:
        status: The HTTP status.
        code: The ``error_code``.
        message: The ``error_message``.
        more: Additional members of the body.
    """
    return Answer(status, {"error_code": int(code), "error_message": message, **more})


def read_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object in a body.

    Raises:
        Refusal: HTTP 413 or 422: the body is too large, not JSON, or not an object.
    """
    if len(body) > LARGEST_BODY:
        message = f"The body has more than {LARGEST_BODY} bytes."
        raise Refusal(error(413, Code.TOO_LARGE, message))
    try:
        value = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as exc:
        message = f"The body is not JSON: {exc}"
        raise Refusal(error(422, Code.INVALID_INPUT, message, detail=[message])) from exc
    if not isinstance(value, dict):
        message = "The body is not a JSON object."
        raise Refusal(error(422, Code.INVALID_INPUT, message, detail=[message]))
    return value


def _no_constant(name: str) -> None:
    """Refuse NaN and the infinities, which Python's parser accepts but JSON doesn't have."""
    raise ValueError(f"{name} is no JSON value")
