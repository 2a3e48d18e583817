"""Connections that end in time.

Rules:

- Each wait ends with the deadline at the latest, however few bytes come at a time.
- Any thread can end all of a wire's connections at once.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import threading
from typing import TYPE_CHECKING, Any, Final

from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    from .deadline import Deadline

#: Zero would tell a socket not to wait at all, and urllib3 that its caller is mistaken.
NO_TIME: Final = 0.001


class _Incoming(io.RawIOBase):
    """What comes in on a socket, no later than the deadline.

    A socket's own timeout begins anew with each byte, and http.client reads a header in as many
    steps as the server likes.
    """

    # Any: a socket, or what urllib3 has in its place for TLS inside a proxy's TLS.
    def __init__(self, sock: Any, deadline: Deadline) -> None:
        super().__init__()
        self._sock = sock
        self._stream = sock.makefile("rb", buffering=0)
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    # Any, for the buffer protocol has no type before Python 3.12.
    def readinto(self, buffer: Any, /) -> int | None:
        left = self._deadline.left()
        if not left:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        count: int | None = self._stream.readinto(buffer)
        return count

    def close(self) -> None:
        self._stream.close()
        super().close()


class _Source:
    """As much of a socket as http.client asks of one that it reads an answer from."""

    def __init__(self, sock: Any, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline

    def makefile(self, _mode: str) -> io.BufferedIOBase:
        return io.BufferedReader(_Incoming(self._sock, self._deadline))


class Wire:
    """What the connections of a line share: their deadline, and a way to end them all.

    Attributes:
        deadline: When all has to be over.
        tunnelled: Whether a proxy led on, so that what fails after that is the server's doing.
            urllib3 forgets this when it closes the connection that failed.
    """

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        self.tunnelled = False
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._responses: list[http.client.HTTPResponse] = []

    # Any, as above.
    def response(self, sock: Any, **options: Any) -> http.client.HTTPResponse:
        """An answer that comes in on a socket. Closed in the end, for urllib3 forgets some."""
        source: Any = _Source(sock, self.deadline)
        response = http.client.HTTPResponse(source, **options)
        self._responses.append(response)
        return response

    def watch(self, sock: socket.socket) -> None:
        """Hold on to a socket: by a second handle, for TLS takes the first one over."""
        handle = sock.dup()
        with self._lock:
            self._sockets.append(handle)

    def cut(self) -> None:
        """End the connections, from any thread; whoever waits for one wakes."""
        with self._lock:
            for sock in self._sockets:
                with contextlib.suppress(OSError):  # it is over already
                    sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of all."""
        for response in self._responses:
            response.close()
        with self._lock:
            for sock in self._sockets:
                sock.close()
            self._sockets.clear()


class BoundHTTPConnection(HTTPConnection):
    """A connection that is bound by the deadline, and can be cut."""

    def __init__(self, *args: Any, wire: Wire, **options: Any) -> None:
        super().__init__(*args, **options)
        self._wire = wire
        # Any: http.client wants a class here, and only ever calls it.
        answer_class: Any = wire.response
        self.response_class = answer_class

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        self._wire.watch(sock)
        # Connecting had a share of the time; the TLS handshake may take all that is left.
        sock.settimeout(self._wire.deadline.left() or NO_TIME)
        return sock

    def _tunnel(self) -> None:
        super()._tunnel()
        self._wire.tunnelled = True


class BoundHTTPSConnection(BoundHTTPConnection, HTTPSConnection):
    """The same over TLS."""
