"""What the sandbox answers, before it becomes HTTP.

Everything between the two ends of the wire is a function from a `Call` to an `Answer`: plain
values, so that a fault can rewrite an answer and a test can read it.
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
"""Bytes of the largest body that is taken."""


class Code(enum.IntEnum):
    """The API's error codes. Those of HTTP 408, 413, 421 and 422 are ours: none is documented."""

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
        origin: Scheme, host and port that the caller used, such as ``http://127.0.0.1:8787``.
        url: The whole URL.
        method: The HTTP method.
        authorization: The Authorization header.
        range: The Range header.
        if_range: The If-Range header.
        control: Whether it has the header that no web page can send.
        path: What the path names: ``model_id``, ``request_id`` or ``name``.
        query: The query's parameters.
        body: The body's bytes; of one larger than `LARGEST_BODY`, no more than show that it is.
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
        body: Bytes and text are sent as they are, anything else as JSON.
        headers: Headers beside those that the body needs.
        delivery: How it goes out.
    """

    status: int
    body: object
    headers: Mapping[str, str] = attrs.field(factory=dict)
    delivery: Delivery = WHOLE


class Refusal(Exception):  # noqa: N818 - an answer on its way out, nothing went wrong here
    """A call that ends early.

    Attributes:
        answer: What the caller gets.
    """

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer)
        self.answer = answer


def error(status: int, code: int, message: str, **more: object) -> Answer:
    """An error in the API's usual form.

    Args:
        status: The HTTP status.
        code: The ``error_code``.
        message: The ``error_message``.
        more: Further members of the body.
    """
    return Answer(status, {"error_code": int(code), "error_message": message, **more})


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object that a body holds.

    Raises:
        Refusal: HTTP 413 or 422; the body is too large, not JSON, or not an object.
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
    """Python's parser takes NaN and the infinities; JSON has none."""
    raise ValueError(f"{name} is no JSON value")
