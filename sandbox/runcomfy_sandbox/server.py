"""uvicorn, with what the sandbox needs of it: a bound socket, a count, an end without waiting."""

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
    """A socket that listens, so that a client may connect before the server is up.

    Args:
        host: A name or an address.
        port: The port; 0 takes a free one.

    Raises:
        OSError: The host is not known or not ours, or the port is in use.
    """
    # Naming the protocol matters: asyncio sends small packets at once (TCP_NODELAY) only where it
    # reads IPPROTO_TCP, and every answer would wait 40 ms for an acknowledgement otherwise.
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # elsewhere it would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


class SandboxServer(uvicorn.Server):
    """One server.

    Args:
        app: What it serves.

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
        """Start, and say so."""
        await super().startup(sockets)
        self.listening.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop; whoever is still connected is cut off, for a stalled answer would never end."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await super().shutdown(sockets)


def _protocol(accept: Callable[[], None]) -> type[H11Protocol]:
    """The protocol of uvicorn, which calls `accept` on each connection and can hang up."""

    class Protocol(H11Protocol):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            served = self.app

            async def app(scope: Any, receive: Any, send: Any) -> None:
                scope["extensions"] = {HANG_UP: self.transport.close}
                await served(scope, receive, send)

            self.app = app

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
            accept()
            super().connection_made(transport)

    return Protocol
