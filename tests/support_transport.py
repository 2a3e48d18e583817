"""Transports to the servers of tests, and requests that cost money."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support_client import TOKEN

from runcomfy_core.config import Token
from runcomfy_core.http.transport import Transport
from runcomfy_core.wire.steps import Send

if TYPE_CHECKING:
    from support_server import _Listener

    from runcomfy_core.wire.answer import Answer, NoAnswer
    from runcomfy_core.wire.steps import Steps


def transport_to(server: _Listener, read: float = 5.0) -> Transport:
    """Return a transport, which the caller closes."""
    token = Token(TOKEN, "the argument token")
    base_url = getattr(server, "base_url", f"http://127.0.0.1:{server.port}/v1")
    return Transport(base_url, token, connect_timeout=5.0, read_timeout=read)


def late(_: Answer | NoAnswer) -> Steps[str]:
    yield from ()
    return ""


def paying() -> Send:
    return Send("POST", "/models/a/b", b"{}", late=late)


def asking() -> Send:
    return Send("GET", "/x")
