"""The two ends of the wire: from an HTTP request to a `Call`, from an `Answer` to HTTP."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from starlette.responses import Response

from .answers import Call, Delivery

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from .answers import Answer

HANG_UP = "runcomfy_sandbox.hang_up"
"""The name of the ASGI extension that closes the connection; `server` provides it."""

_BODILESS = (204, 304)


async def read(request: Request) -> Call:
    """A request, read whole."""
    return Call(
        origin=str(request.base_url).rstrip("/"),
        url=str(request.url),
        authorization=request.headers.get("authorization"),
        path={name: str(value) for name, value in request.path_params.items()},
        query=dict(request.query_params),
        body=await request.body(),
    )


def response(answer: Answer) -> Response:
    """An answer as a response to send."""
    body = answer.body
    if isinstance(body, bytes):
        content, content_type = body, "application/octet-stream"
    elif isinstance(body, str):
        content, content_type = body.encode("utf-8", "replace"), "text/plain; charset=utf-8"
    else:
        # ASCII only: an error may quote a lone surrogate, which UTF-8 cannot hold.
        content, content_type = json.dumps(body).encode("ascii"), "application/json"
    headers = {"content-type": content_type, **answer.headers}
    if answer.status in _BODILESS:
        content = b""
    if answer.delivery is Delivery.WHOLE:
        return Response(content, answer.status, headers)
    return _Unfinished(answer.delivery, content, answer.status, headers)


class _Unfinished(Response):
    """A response that never ends as it should."""

    def __init__(
        self, delivery: Delivery, content: bytes, status: int, headers: dict[str, str]
    ) -> None:
        super().__init__(content, status, headers)
        self._delivery = delivery

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._delivery is Delivery.CUT:
            start = {"status": self.status_code, "headers": self.raw_headers}
            half = bytes(self.body[: len(self.body) // 2])
            await send({"type": "http.response.start", **start})
            await send({"type": "http.response.body", "body": half, "more_body": True})
        if self._delivery is not Delivery.STALLED:
            scope["extensions"][HANG_UP]()
        # To return before the connection is gone would be an error to the server.
        while (await receive())["type"] != "http.disconnect":
            pass
