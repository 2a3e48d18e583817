"""The connections to the API: urllib3 opens them, and they know of the request that they carry.

Rules:

- urllib3 resolves, connects, tunnels through proxies and checks certificates; what is said on an
  open connection is said by http.client, below it. On urllib3's own way a request and its answer
  are wrapped twice more, which took as much processor time as all the rest of a request.
- Whether a request left is not guessed from the kind of an error: the moment when its first byte
  is handed to the socket is noted, after name, connection, proxy and TLS.
- A request that costs money goes out on a new connection, or on one that was in use less than
  :data:`FRESH` seconds ago and that nothing has come in on since. Servers and gateways close
  connections that idle, and one that is closed while a request goes out leaves open whether it was
  taken: it is then neither lost nor doubled, but reported as uncertain.
- Each slice of a body may take the read timeout to leave, as all of its answer may to arrive.
- A connection is kept only after a request that was sent to its end, and an answer that was read
  to its own and that nothing followed. What is left over of one answer would be taken for the next
  one: a "try again later" for the request before could have a submission sent, and paid, twice.
- What idles stays with the process that opened it: a forked child would read its parent's answers.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import ssl
import time
import weakref
from collections import deque
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

import attrs
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, NameResolutionError, ProxyError
from urllib3.util.connection import allowed_gai_family

from .._interrupts import pass_on
from .proxies import find_proxy, proxy_pool
from .response import LEAST, Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._wire.steps import Send

#: Seconds since its last use after which a connection is not trusted with money. The shortest
#: idle timeouts of common servers and gateways are 5 s and more.
FRESH: Final = 2.0

#: Connections that are kept for later requests; more may be open at a time.
KEPT: Final = 64

_CHUNK: Final = 64 * 1024

#: How it shows that nobody listens any more; over TLS, Python calls that an end of the stream.
_CUT: Final = (ConnectionError, ssl.SSLEOFError)


@attrs.frozen
class Call:
    """A request under way.

    Attributes:
        request: What is sent.
        connect: Seconds to connect.
        read: Seconds for each slice that is sent, and for the whole answer.
        end: When all must be over, by :func:`time.monotonic`.
    """

    request: Send
    connect: float
    read: float
    end: float = float("inf")

    def remaining(self) -> float:
        """Seconds that the next slice, or the answer, may take."""
        return max(LEAST, min(self.read, self.end - time.monotonic()))


class Connections:
    """The connections to one origin, for any number of threads."""

    def __init__(self, base_url: str) -> None:
        """Find the way there; connect only when something is sent.

        Args:
            base_url: Its scheme, host and port lead there; its path begins every path.

        Raises:
            ConfigurationError: The environment names a proxy that can't be used.
        """
        parts = urlsplit(base_url)
        proxy = find_proxy(parts.scheme, parts.hostname or "", parts.netloc)
        manager = urllib3.PoolManager() if proxy is None else proxy_pool(proxy, maxsize=1)
        manager.pool_classes_by_scheme = _POOLS
        self._pool = cast("_HTTPPool | _HTTPSPool", manager.connection_from_url(base_url))
        # A proxy of plain http forwards: it is told the whole URL, and its password each time.
        self._forwards = proxy is not None and parts.scheme == "http"
        # Not as it was written: http.client knows a whole URL by its "http", in small letters.
        self._prefix = parts.geturl() if self._forwards else parts.path
        self._extra = self._pool.proxy_headers if self._forwards else {}
        self._idle: deque[_HTTPConnection] = deque()
        self._process = os.getpid()
        self._closed = False
        # As urllib3 does it, for whoever forgets to close a client.
        weakref.finalize(self, _close_all, self._idle)

    def close(self) -> None:
        """Close the connections that are idle; those in use close when they are done."""
        self._closed = True
        _close_all(self._idle)

    def take(self, call: Call) -> _HTTPConnection:
        """A connection for a request, which is connected; :meth:`give` it back.

        Raises:
            HTTPError, OSError, ValueError: There is no way to connect.
        """
        if self._process != os.getpid():
            # Closed here, they stay open for the parent.
            _close_all(self._idle)
            self._process = os.getpid()
        with contextlib.suppress(IndexError):
            # The one that was used last: if this one is not fresh, none is.
            connection = self._idle.pop()
            if connection.is_fit(call.request):
                return connection
            connection.close()
        return self._pool.open(call.connect, tunnel=not self._forwards)

    def ask(self, connection: _HTTPConnection, call: Call, headers: Mapping[str, str]) -> Response:
        """Send a request, and return its answer as soon as its headers are there.

        Raises:
            HTTPException, OSError, ValueError: Nothing came that is an answer.
        """
        return connection.ask(call, self._prefix + call.request.path, {**self._extra, **headers})

    def give(self, connection: _HTTPConnection, *, sound: bool) -> None:
        """Take a connection back.

        Args:
            connection: What :meth:`take` returned.
            sound: Whether its answer was read to the end.
        """
        if sound and connection.is_clean and len(self._idle) < KEPT:
            self._idle.append(connection)
        else:
            connection.close()
        if self._closed:
            _close_all(self._idle)


def _close_all(connections: deque[_HTTPConnection]) -> None:
    with contextlib.suppress(IndexError):  # other threads may take the last
        while True:
            connections.pop().close()


def awake_or_not() -> float:
    """Seconds since some fixed moment; time in which the machine slept counts, where it can."""
    # Linux's monotonic clock stands still meanwhile; that of other systems does not.
    boot_time: int | None = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot_time is None else time.clock_gettime(boot_time)


class _HTTPConnection(HTTPConnection):
    """A connection that follows the rules above."""

    response_class = Response
    # Past urllib3's, which looks for a marker that nobody passes here.
    putheader = http.client.HTTPConnection.putheader

    #: What it carries. A proxy is told the way before it carries anything.
    _call: Call | None = None
    #: The beginning of it, which is about to leave.
    _held = b""
    _answer: Response | None = None
    #: Whether the server stopped listening before all of a request was sent.
    _cut = False
    _used = float("-inf")

    @property
    def is_clean(self) -> bool:
        """Whether it may carry another request, if its answer was read to the end."""
        answer = self._answer
        return not (answer is None or answer.reader.more or self._cut or self.is_closed)

    def is_fit(self, request: Send) -> bool:
        """Whether it may carry a request, after others; asked right before."""
        if request.pays and awake_or_not() - self._used > FRESH:
            return False
        return self.is_connected

    def ask(self, call: Call, target: str, headers: Mapping[str, str]) -> Response:
        """Send a request, and return its answer as soon as its headers are there."""
        # http.client's own, past urllib3's: see above.
        plain = http.client.HTTPConnection
        self._call = call
        try:
            plain.request(self, call.request.method, target, call.request.body, headers)
            self._deliver(self._held)
        except _CUT as error:
            pass_on(error)
            if not call.request.left:
                raise
            # Servers refuse what is too large, say, in the middle of it, and close. What they said
            # can still be read: a refusal, and nothing that is uncertain.
            self._cut = True
        finally:
            # They hold a body and the token, and the connection may idle for long.
            self._call = None
            self._held = b""
        self._connected.settimeout(call.remaining())
        self._answer = answer = cast("Response", plain.getresponse(self))
        self._used = awake_or_not()
        return answer

    def _new_conn(self) -> socket.socket:
        """Connect to one address of the host after the other, until one answers.

        urllib3 does so by itself, but takes what a signal handler raises meanwhile for a fault of
        an address, and goes on with the next one.
        """
        name = self._dns_host
        try:
            found = socket.getaddrinfo(name, self.port, allowed_gai_family(), socket.SOCK_STREAM)
        except socket.gaierror as error:
            pass_on(error)
            raise NameResolutionError(self.host, self, error) from error
        try:
            for left, (*_, address) in zip(reversed(range(len(found))), found, strict=True):
                self._dns_host = str(address[0])
                try:
                    return super()._new_conn()
                except (HTTPError, OSError) as error:
                    pass_on(error)
                    if not left:
                        raise
        finally:
            self._dns_host = name
        raise OSError(f"{name} has no address")

    # Any, as in http.client's own signature; headers come first, then the body.
    def send(self, data: Any) -> None:
        """Send, and note it; what is small is held back, so that it leaves with what follows."""
        if self._call is None:
            super().send(data)
        elif len(self._held) + len(data) <= _CHUNK:
            # Headers and a body in one system call: a second one costs a tenth of a submission.
            self._held += data
        else:
            self._deliver(self._held)
            self._held = b""
            # In slices, and not under the connect timeout as urllib3 does it: an upload of some
            # megabytes outlasts that.
            view = memoryview(data)
            for begin in range(0, len(view), _CHUNK):
                self._deliver(view[begin : begin + _CHUNK])

    def _deliver(self, data: bytes | memoryview) -> None:
        """Hand a part of a request to the socket."""
        call = self._call
        if not data or call is None:
            return
        self._connected.settimeout(call.remaining())
        if not call.request.leave():
            raise ConnectionAbortedError("nobody waits for it any more")
        super().send(data)

    @property
    def _connected(self) -> socket.socket:
        # http.client declares a socket that is always there.
        sock = cast("socket.socket | None", self.sock)
        if sock is None:
            raise ConnectionAbortedError("the connection is closed")
        return sock

    def close(self) -> None:
        """Close it, and its answer, which else holds the socket open."""
        if self._answer is not None:
            self._answer.close()
        super().close()


class _HTTPSConnection(_HTTPConnection, HTTPSConnection):
    """The same over TLS: the method resolution order puts HTTPSConnection's connect below ours."""


class _HTTPPool(HTTPConnectionPool):
    """A pool that is empty: what urllib3 knows of the way to an origin, to connect by."""

    # Any, because urllib3's own connections don't fit the protocols that it declares for them.
    ConnectionCls: Any = _HTTPConnection

    def open(self, timeout: float, *, tunnel: bool) -> _HTTPConnection:
        """A new connection.

        Args:
            timeout: Seconds to connect, once for the origin or its proxy.
            tunnel: Whether to go through the proxy, if there is one, and not up to it only.

        Raises:
            HTTPError, OSError, ValueError: There is no way to connect; a ProxyError if that is
                the proxy's doing.
        """
        connection: Any = self._new_conn()
        connection.timeout = timeout
        try:
            if self.proxy is not None and tunnel:
                self._prepare_proxy(connection)
            if connection.is_closed:
                connection.connect()
        except BaseException as error:
            before = self.proxy is not None and not connection.has_connected_to_proxy
            connection.close()
            if before and isinstance(error, HTTPError | OSError):
                raise ProxyError("can't be reached, or refuses", error) from None
            raise
        return cast("_HTTPConnection", connection)


class _HTTPSPool(_HTTPPool, HTTPSConnectionPool):
    ConnectionCls: Any = _HTTPSConnection


_POOLS: Final[dict[str, type[HTTPConnectionPool]]] = {"http": _HTTPPool, "https": _HTTPSPool}
