"""The connections under the pool: urllib3's own, and what they know of the request they carry.

Rules:

- Whether a request left is not guessed from the kind of an error: the moment when its first byte
  is handed to the socket is noted, after name, connection, proxy and TLS.
- A request that costs money goes out on a new connection, or on one that was in use less than
  :data:`FRESH` seconds ago and that nothing has come in on since. Servers and gateways close
  connections that idle, and one that is closed while a request goes out leaves open whether it was
  taken: it is then neither lost nor doubled, but reported as uncertain.
- The read timeout holds for a whole answer, not for each piece, so that no server can hold a
  thread by a byte a second. Each slice of a body that is sent may take as long.
- Which request a connection carries is known from the thread: a connection does its work in the
  thread of whoever asked.
"""

from __future__ import annotations

import http.client
import io
import threading
import time
from typing import TYPE_CHECKING, Any, Final

import attrs
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from ._steps import Send

if TYPE_CHECKING:
    import socket

    from urllib3.response import HTTPResponse

#: Seconds since its last use after which a connection is not trusted with money. The shortest
#: idle timeouts of common servers and gateways are 5 s and more.
FRESH: Final = 2.0

_CHUNK: Final = 64 * 1024

#: The least timeout that a socket is given: zero would mean "do not wait".
_LEAST: Final = 0.001


@attrs.frozen
class Call:
    """A request that a thread is performing.

    Attributes:
        request: What is sent.
        timeout: Seconds for each slice that is sent, and for the whole answer.
        end: When all must be over, by :func:`time.monotonic`.
    """

    request: Send = attrs.field(factory=lambda: Send("GET", ""))
    timeout: float = 90.0
    end: float = float("inf")

    def remaining(self) -> float:
        """Seconds that the next slice may take."""
        return max(_LEAST, min(self.timeout, self.end - time.monotonic()))


class _Thread(threading.local):
    call = Call()


#: What this thread is performing; whoever asks sets it first.
thread: Final = _Thread()


def awake_or_not() -> float:
    """Seconds since some fixed moment; time in which the machine slept counts, where it can."""
    # Linux's monotonic clock stands still meanwhile; that of other systems does not.
    boot_time: int | None = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot_time is None else time.clock_gettime(boot_time)


class _Bounded(io.RawIOBase):
    """What a socket receives, until a moment."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, end: float) -> None:
        super().__init__()
        self._raw = raw
        self._sock = sock
        self._end = end

    def readable(self) -> bool:
        return True

    # Any, because the type of a writable buffer has no name at run time.
    def readinto(self, buffer: Any, /) -> int | None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(max(_LEAST, left))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        # Through the socket's own reader, which the socket counts before it really closes.
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """An answer that must be there, all of it, within what is allowed for one read of it."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        now = time.monotonic()
        end = min(now + (sock.gettimeout() or thread.call.timeout), thread.call.end)
        raw = self.fp.detach()
        self.fp = io.BufferedReader(_Bounded(raw, sock, end))

    def begin(self) -> None:
        """Read the headers, and forget the lines among them that are none.

        urllib3 would log these word for word, as a warning, which by default goes to the terminal;
        they are a server's words, and may hold the token.
        """
        super().begin()
        self.msg.defects.clear()
        self.msg.set_payload("")


class _HTTPConnection(HTTPConnection):
    """A connection that follows the rules above."""

    response_class = _Response

    _connecting = False
    _used = float("-inf")

    @property
    def is_connected(self) -> bool:
        """Whether the pool may reuse it; asked right before."""
        if thread.call.request.pays and awake_or_not() - self._used > FRESH:
            return False
        return super().is_connected

    def connect(self) -> None:
        """Connect; what a proxy is told on the way is not the request."""
        self._connecting = True
        try:
            super().connect()
        finally:
            self._connecting = False

    # Any, as in http.client's own signature; urllib3 passes bytes, headers first.
    def send(self, data: Any) -> None:
        """Send, and note it."""
        if self._connecting:
            super().send(data)
            return
        if self.sock is None:
            self.connect()
        # Any, because to a type checker connect() need not have made one.
        sock: Any = self.sock
        request = thread.call.request
        if request.dropped and not request.left:
            raise ConnectionAbortedError("nobody waits for it any more")
        # In slices, and not under the connect timeout as urllib3 does it: an upload of some
        # megabytes outlasts that.
        view = memoryview(data)
        for begin in range(0, len(view), _CHUNK):
            sock.settimeout(thread.call.remaining())
            request.left = True
            super().send(view[begin : begin + _CHUNK])

    # As in urllib3, whose answers are not http.client's.
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        """The answer, and the time at which its headers were there."""
        response = super().getresponse()
        self._used = awake_or_not()
        return response


class _HTTPSConnection(_HTTPConnection, HTTPSConnection):
    """The same over TLS: the method resolution order puts HTTPSConnection's connect below ours."""


# Any, because urllib3's own connections don't fit the protocols that it declares for them.
class _HTTPPool(HTTPConnectionPool):
    ConnectionCls: Any = _HTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls: Any = _HTTPSConnection


POOLS: Final[dict[str, type[HTTPConnectionPool | HTTPSConnectionPool]]] = {
    "http": _HTTPPool,
    "https": _HTTPSPool,
}
