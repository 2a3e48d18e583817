"""The conversion of an HTTP request to a `Call`, and of an `Answer` to HTTP."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from starlette.responses import Response

from .answers import Call
from .deliveries import WHOLE, Ending
from .guard import control_header

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from .answers import Answer
    from .bodies import Turn
    from .deliveries import Delivery

HANG_UP = "runcomfy_sandbox.hang_up"
"""The name of the ASGI extension that closes the connection; `server` provides it."""

_BODILESS = (204, 304)


async def read(request: Request, turn: Turn) -> Call:
    """Read a request with its body.

    Raises:
        Refusal: HTTP 408: the caller stopped sending.
    """
    return Call(
        origin=str(request.base_url).rstrip("/"),
        url=str(request.url),
        method=request.method,
        authorization=request.headers.get("authorization"),
        range=request.headers.get("range"),
        if_range=request.headers.get("if-range"),
        control=control_header(request),
        path={name: str(value) for name, value in request.path_params.items()},
        query=dict(request.query_params),
        body=await turn.read(aiter(request.stream())),
    )


def response(answer: Answer) -> Response:
    """Return the HTTP response for an answer."""
    body = answer.body
    if isinstance(body, bytes):
        content, content_type = body, "application/octet-stream"
    elif isinstance(body, str):
        content, content_type = body.encode("utf-8", "replace"), "text/plain; charset=utf-8"
    else:
        # JSON is sent as ASCII, because an error may quote a lone surrogate, which UTF-8 lacks.
        content, content_type = json.dumps(body).encode("ascii"), "application/json"
    headers = {"content-type": content_type, **answer.headers}
    if answer.status in _BODILESS:
        content = b""
    if answer.delivery == WHOLE:
        return Response(content, answer.status, headers)
    return _Delivered(answer.delivery, content, answer.status, headers)


class _Delivered(Response):
    """A response that is sent as its `Delivery` says."""

    def __init__(
        self, delivery: Delivery, content: bytes, status: int, headers: dict[str, str]
    ) -> None:
        super().__init__(content, status, headers)
        self._delivery = delivery
        self._content = content
        length = delivery.length(content)
        if length is None:
            del self.headers["content-length"]
        elif status not in _BODILESS:
            self.headers["content-length"] = str(length)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        ending = self._delivery.ending
        if self._delivery.begins:
            start = {"status": self.status_code, "headers": self.raw_headers}
            await send({"type": "http.response.start", **start})
            if scope["method"] == "HEAD":
                ending = Ending.COMPLETE  # there is no body that could be cut off
            elif await self._send_pieces(receive, send):
                return
        if ending is Ending.COMPLETE:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        if ending is Ending.CLOSED:
            scope["extensions"][HANG_UP]()
        # uvicorn would report an error if this returned while the connection is open.
        await _is_gone(receive)

    async def _send_pieces(self, receive: Receive, send: Send) -> bool:
        """Send the body; return whether the caller went away meanwhile."""
        pause = self._delivery.pause
        for piece in self._delivery.pieces(self._content):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            if pause and await _is_gone(receive, pause):
                return True
        return False


async def _is_gone(receive: Receive, seconds: float | None = None) -> bool:
    """Wait for the caller to go away, for `seconds` or without limit; return whether it did."""
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return False
    return True
