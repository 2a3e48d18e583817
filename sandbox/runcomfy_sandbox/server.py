"""The uvicorn server, with a socket bound early, a count of connections, and an immediate stop."""

from __future__ import annotations

import os
import socket
import threading
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from .wire import HANG_UP

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from starlette.types import ASGIApp

_KEEP_ALIVE_SECONDS = 60


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket, to which clients can connect before the server is up.

    Args:
        host: A name or an address.
        port: The port; 0 takes a free one.

    Raises:
        OSError: The host is unknown or not on this machine, or the port is in use.
    """
    # The protocol must be given: asyncio sets TCP_NODELAY only on sockets with IPPROTO_TCP. Without
    # it, every answer would wait 40 ms for an acknowledgement.
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # on Windows it would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


class SandboxServer(uvicorn.Server):
    """A server.

    Args:
        app: The application that it serves.

    Attributes:
        accepted: How many TCP connections were accepted.
        listening: Set once connections are accepted.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.accepted = 0
        self.listening = threading.Event()
        config = uvicorn.Config(
            app,
            http=_protocol(self._accept),
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        )
        super().__init__(config)

    def _accept(self) -> None:
        self.accepted += 1

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and set `listening`."""
        await super().startup(sockets)
        self.listening.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop, and close all open connections, because a stalled answer would never end."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await super().shutdown(sockets)


def _protocol(accept: Callable[[], None]) -> type[H11Protocol]:
    """Return uvicorn's protocol, extended to call `accept` on each connection and to hang up."""

    class Protocol(H11Protocol):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            served = self.app

            async def app(scope: Any, receive: Any, send: Any) -> None:
                scope["extensions"] = {HANG_UP: self.transport.close}
                await served(scope, receive, send)

            self.app = app

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # uvicorn's own method has this signature
            accept()
            super().connection_made(transport)

    return Protocol
