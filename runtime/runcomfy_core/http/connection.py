"""One connection to a server: urllib3 opens it, http.client speaks on it.

Rules:

- urllib3 resolves, connects, tunnels through proxies and checks certificates; what is said on an
  open connection is said by http.client, below it. On urllib3's own way a request and its answer
  are wrapped twice more, which took as much processor time as all the rest of a request.
- What urllib3 and http.client keep to themselves is used in this file and in ``response.py``, and
  nowhere else.
- Whether a request left is not guessed from the kind of an error: the moment when its first byte
  is handed to the socket is noted, after name, connection, proxy and TLS.
- All that it takes to connect (each address, the proxy, TLS) shares the time to connect. Each slice
  of a body may take the read timeout to leave, as all of its answer may to arrive.
- A recorder (vcrpy), which writes down what is said or plays it back, puts connections of its own
  in the place of urllib3's. They are used as urllib3 uses its own, and once each.
"""

from __future__ import annotations

import functools
import io
import os
import platform
import socket
import ssl
import time
from typing import TYPE_CHECKING, Any, Final, cast

import attrs
import urllib3.connection
from urllib3._version import __version__ as urllib3_version
from urllib3.connection import ProxyConfig
from urllib3.exceptions import HTTPError, NameResolutionError
from urllib3.util import create_urllib3_context, parse_url
from urllib3.util.connection import allowed_gai_family

from runcomfy_core.interrupts import pass_on
from runcomfy_core.version import __version__

from .faults import FAULTS, Unreached, reason
from .response import LEAST, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from urllib3.connection import HTTPConnection, HTTPSConnection

    from runcomfy_core.wire.steps import Send

    from .proxies import Proxy
else:
    # Here a recorder leaves urllib3's own, also where this is loaded while it records.
    from urllib3.connectionpool import HTTPConnection, HTTPSConnection

#: What every request says of who makes it.
USER_AGENT: Final = (
    f"runcomfy-models/{__version__} python/{platform.python_version()} urllib3/{urllib3_version}"
)

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

    def reason(self, error: BaseException) -> str:
        """Say what went wrong, in words that may be several lines and hold what a server said."""
        return reason(error, connect=self.connect, read=self.read, left=self.request.left)


@attrs.frozen(kw_only=True)
class Way:
    """The way to a server.

    Attributes:
        scheme: ``http`` or ``https``.
        host: Its name, or its address without brackets. The certificate has to be for it.
        port: Where it listens.
        proxy: What leads there, if not the network itself.
        addresses: The only ones that are connected to, one after the other, or that a proxy is
            asked for; without any, the name is looked up by whoever connects.
        watch: Is told of each socket.
    """

    scheme: str
    host: str
    port: int
    proxy: Proxy | None = None
    addresses: Sequence[str] = ()
    watch: Callable[[socket.socket], None] | None = None

    @property
    def forwards(self) -> bool:
        """Whether a proxy is told the whole URL of each request: that of plain http is."""
        return self.proxy is not None and self.scheme == "http"


def connect(way: Way, timeout: float) -> Connection | Foreign:
    """Open a connection.

    Raises:
        Unreached: No address takes it, or the proxy does not lead on.
        HTTPError, OSError, ValueError: It can't be secured.
    """
    if is_recorded():
        return Foreign(_make(way, way.host, timeout))
    # A proxy is asked for one address after the other; without one, _new_conn tries them.
    proxied = way.addresses if way.proxy is not None and not way.forwards else ()
    failures: list[BaseException] = []
    for address, seconds in _shares(proxied or [way.host], timeout):
        try:
            return _open(way, address, seconds)
        except Unreached as error:
            failures += error.failures
    raise Unreached(failures, proxy=way.proxy is not None)


def _open(way: Way, address: str, timeout: float) -> Connection:
    connection: Connection = _make(way, address, timeout)
    connection.way = way
    try:
        connection.connect()
    except BaseException as error:
        reached = connection.reached
        connection.close()
        pass_on(error)
        # With a proxy, whatever fails before it leads on is its doing.
        if way.proxy is not None and not reached and isinstance(error, FAULTS):
            raise Unreached(getattr(error, "failures", [error]), proxy=True) from None
        raise
    return connection


# Any: it is one of ours, or of a class that a recorder has made.
def _make(way: Way, address: str, timeout: float) -> Any:
    proxy, server = way.proxy, (way.host, way.port)
    options: dict[str, Any] = {"timeout": timeout}
    if way.scheme == "https":
        options |= {"ssl_context": _trusted(), "server_hostname": way.host}
    if proxy is not None:
        url = parse_url(proxy.origin)
        server = (proxy.host, url.port or (443 if url.scheme == "https" else 80))
        options |= {"proxy": url}
        if url.scheme == "https":
            trusted = _trusted()
            config = ProxyConfig(trusted, False, None, None)  # noqa: FBT003 - not to forward https
            options |= {"ssl_context": trusted, "proxy_config": config}
    ours, theirs = Connection, urllib3.connection.HTTPConnection
    if "ssl_context" in options:
        ours, theirs = _SecureConnection, urllib3.connection.HTTPSConnection
    made: Any = (theirs if is_recorded() else ours)(*server, **options)
    if proxy is not None and not way.forwards:
        host = f"[{address}]" if ":" in address else address
        scheme = proxy.origin.partition(":")[0]
        made.set_tunnel(host, way.port, headers=proxy.headers, scheme=scheme)
    return made


def is_recorded() -> bool:
    """Whether a recorder has put connections of its own in the place of urllib3's."""
    return urllib3.connection.HTTPConnection is not HTTPConnection


def _trusted() -> ssl.SSLContext:
    """The certificates that are trusted, as they stand on disk now."""
    places = ssl.get_default_verify_paths()
    return _loaded(*map(_state, (places.cafile, places.capath)))


def _state(path: str | None) -> tuple[str, int] | None:
    """A path and when it was last changed."""
    try:
        return None if path is None else (path, os.stat(path).st_mtime_ns)  # noqa: PTH116 - a text
    except OSError:
        return None


@functools.lru_cache(maxsize=4)
def _loaded(_file: tuple[str, int] | None, _directory: tuple[str, int] | None) -> ssl.SSLContext:
    """The certificates of this machine, kept: to load them takes longer (30 ms) than a request.

    Args:
        _file: Where OpenSSL takes them from; another place or time makes another context.
        _directory: Another such place.
    """
    context = create_urllib3_context()
    context.load_default_certs()
    return context


def _shares(addresses: Sequence[str], seconds: float) -> Iterator[tuple[str, float]]:
    """Each address, and how long it may take: one that is silent leaves time for the next."""
    end = time.monotonic() + seconds
    for done, address in enumerate(addresses):
        yield address, max(LEAST, (end - time.monotonic()) / (len(addresses) - done))


class Connection(HTTPConnection):
    """A connection that follows the rules above, and knows of the request that it carries."""

    response_class = Response

    way: Way
    #: Whether it leads to the server, through a proxy where there is one.
    reached = False
    #: What it carries. A proxy is told the way before it carries anything.
    _call: Call | None = None
    #: The beginning of it, which is about to leave.
    _held = b""

    def ask(self, call: Call, path: str, headers: Mapping[str, str]) -> Response:
        """Send a request, and return its answer as soon as its header is there.

        Raises:
            HTTPException, OSError, ValueError: Nothing came that is an answer.
        """
        request, cut = call.request, False
        self._call = call
        try:
            # Here and below, http.client's own, past urllib3's: see the rules.
            super(HTTPConnection, self).request(request.method, path, request.body, headers)
            self._deliver(self._held)
        except _CUT as error:
            pass_on(error)
            if not request.left:
                raise
            # Servers refuse what is too large, say, in the middle of it, and close. What they said
            # can still be read: a refusal, and nothing that is uncertain.
            cut = True
        finally:
            # They hold a body and the token, and the connection may idle for long.
            self._call = None
            self._held = b""
        self._connected.settimeout(call.remaining())
        response = cast("Response", super(HTTPConnection, self).getresponse())
        response.will_close = response.will_close or cut
        return response

    def putheader(self, header: str | bytes, *values: Any) -> None:  # as http.client declares it
        """Add a header, without urllib3's look for a marker that nobody passes here."""
        super(HTTPConnection, self).putheader(header, *values)

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

    def connect(self) -> None:
        """Connect, by way of a proxy where there is one, and secure it."""
        super().connect()
        self.reached = True

    def _new_conn(self) -> socket.socket:
        """Connect to the first address that takes it."""
        way, seconds = self.way, cast("float", self.timeout)
        host, addresses = way.host, way.addresses
        if way.proxy is not None:
            host, addresses = way.proxy.host, ()
        addresses = addresses or self._look_up(host)
        # Not before: the system bounds how long a look-up takes.
        end = time.monotonic() + seconds
        failures: list[BaseException] = []
        for address, share in _shares(addresses, seconds):
            self.host, self.timeout = address, share
            try:
                sock = super()._new_conn()
            except (HTTPError, OSError) as error:
                # What a signal handler raises meanwhile is no fault of an address.
                pass_on(error)
                failures.append(error)
            else:
                if way.watch is not None:
                    way.watch(sock)
                # What comes before the first request (a proxy, TLS) has the rest of the time.
                sock.settimeout(max(LEAST, end - time.monotonic()))
                return sock
            finally:
                self.host, self.timeout = host, seconds
        raise Unreached(failures)

    def _look_up(self, host: str) -> list[str]:
        """The addresses of a host. urllib3 would try each for the whole time."""
        try:
            found = socket.getaddrinfo(host, self.port, allowed_gai_family(), socket.SOCK_STREAM)
        except socket.gaierror as error:
            pass_on(error)
            raise Unreached([NameResolutionError(host, self, error)]) from error
        if not found:
            raise Unreached([OSError(f"{host} has no address")])
        return list(dict.fromkeys(str(place[0]) for *_, place in found))

    def _tunnel(self) -> None:
        super()._tunnel()
        self.reached = True


class _SecureConnection(Connection, HTTPSConnection):
    """The same over TLS: the method resolution order puts HTTPSConnection's connect below ours."""


class Foreign:
    """A recorder's connection; what it answers is written as a server sends it, and read so."""

    # Any: it is of a class that is made at run time.
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def ask(self, call: Call, path: str, headers: Mapping[str, str]) -> Response:
        """Send a request, and return its answer."""
        body = call.request.body
        if not call.request.leave():
            raise ConnectionAbortedError("nobody waits for it any more")
        self._connection.timeout = call.remaining()
        self._connection.request(
            call.request.method,
            path,
            body=body if isinstance(body, bytes | None) else b"".join(body),
            # Exactly texts: what is no plain one, a recorder would write down as an object.
            headers={name: str(value) for name, value in headers.items()},
        )
        answer = self._connection.getresponse()
        content = answer.data
        lines = [f"HTTP/1.1 {answer.status} {answer.reason}", f"Content-Length: {len(content)}"]
        lines += [
            f"{name}: {value}"
            for name, value in answer.headers.items()
            if name.lower() not in {"content-length", "transfer-encoding"}
        ]
        header = "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
        # Any: http.client declares a socket.
        text: Any = _Text(header + content)
        response = Response(text)
        response.begin()
        return response

    def close(self) -> None:
        """Close it."""
        self._connection.close()


class _Text:
    """As much of a socket as an answer is read from, and all that it will receive."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def gettimeout(self) -> float:
        """Time does not matter."""
        return float("inf")

    def settimeout(self, _: float) -> None:
        """Time does not matter."""

    def makefile(self, *_: Any, **__: Any) -> io.BytesIO:
        """Return what is received."""
        return io.BytesIO(self._content)
