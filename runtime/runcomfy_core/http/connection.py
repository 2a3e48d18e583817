"""One connection to a server: urllib3 opens it, http.client speaks on it.

Rules:

- urllib3 resolves names, connects, tunnels through proxies and checks certificates. On an open
  connection http.client sends the request and reads the answer. urllib3 would wrap both twice more,
  which took as much processor time as the rest of a request.
- Only this file and ``response.py`` use private parts of urllib3 and http.client.
- Whether a request left is not guessed from the kind of an error. It is noted right before the
  first byte is handed to the socket: after the name was resolved and the connection, the proxy and
  TLS were set up.
- All parts of connecting (each address, the proxy, TLS) share the connect timeout. Sending each
  slice of a body may take the read timeout, and so may receiving the whole answer.
- A recorder (vcrpy), which records the exchanges or plays them back, replaces urllib3's connections
  with its own. Those are used as urllib3 uses them, each for one request.
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
    # A recorder replaces these classes elsewhere, not in this module. So these are urllib3's own,
    # even when this file is imported while it records.
    from urllib3.connectionpool import HTTPConnection, HTTPSConnection

#: The User-Agent header of every request.
USER_AGENT: Final = (
    f"runcomfy-models/{__version__} python/{platform.python_version()} urllib3/{urllib3_version}"
)

_CHUNK: Final = 64 * 1024

#: What sending raises when the server has closed the connection. Over TLS, Python reports an end of
#: the stream.
_CUT: Final = (ConnectionError, ssl.SSLEOFError)


@attrs.frozen
class Call:
    """A request and its time limits.

    Attributes:
        request: The request.
        connect: The connect timeout in seconds.
        read: The timeout in seconds for each slice that is sent, and for the whole answer.
        end: The deadline of the whole exchange, by :func:`time.monotonic`.
    """

    request: Send
    connect: float
    read: float
    end: float = float("inf")

    def remaining(self) -> float:
        """Seconds that the next slice, or the answer, may take."""
        return max(LEAST, min(self.read, self.end - time.monotonic()))

    def reason(self, error: BaseException) -> str:
        """Return what went wrong: maybe several lines, maybe with words of the server's."""
        return reason(error, connect=self.connect, read=self.read, left=self.request.left)


@attrs.frozen(kw_only=True)
class Way:
    """The way to a server.

    Attributes:
        scheme: ``http`` or ``https``.
        host: The server's name, or its IP address without brackets. The certificate must be for it.
        port: The server's port.
        proxy: The proxy to go through, if any.
        addresses: The only IP addresses to connect to, or to ask a proxy for, in this order. When
            empty, the host's name is resolved, by this machine or by the proxy.
        watch: A function that is called with each socket that is opened.
    """

    scheme: str
    host: str
    port: int
    proxy: Proxy | None = None
    addresses: Sequence[str] = ()
    watch: Callable[[socket.socket], None] | None = None

    @property
    def forwards(self) -> bool:
        """Whether a proxy gets the whole URL of each request, as it does for plain http."""
        return self.proxy is not None and self.scheme == "http"


def connect(way: Way, timeout: float) -> Connection | Foreign:
    """Open a connection.

    Raises:
        Unreached: No address accepts the connection, or the proxy does not lead on.
        HTTPError, OSError, ValueError: TLS fails.
    """
    if is_recorded():
        return Foreign(_make(way, way.host, timeout))
    # Through a proxy, each address needs a connection of its own. Without a proxy, or with one that
    # forwards, _new_conn tries the addresses.
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
        # A failure before the tunnel stands is the proxy's.
        if way.proxy is not None and not reached and isinstance(error, FAULTS):
            raise Unreached(getattr(error, "failures", [error]), proxy=True) from None
        raise
    return connection


# Any: the class is ours or a recorder's.
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
            config = ProxyConfig(trusted, False, None, None)  # noqa: FBT003 - False: https is tunnelled
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
    """Return whether a recorder has replaced urllib3's connections with its own."""
    return urllib3.connection.HTTPConnection is not HTTPConnection


def _trusted() -> ssl.SSLContext:
    """Return a context with the trusted certificates that are on disk now."""
    places = ssl.get_default_verify_paths()
    return _loaded(*map(_state, (places.cafile, places.capath)))


def _state(path: str | None) -> tuple[str, int] | None:
    """Return a path and when it was last changed, or None if there is no such file."""
    try:
        return None if path is None else (path, os.stat(path).st_mtime_ns)  # noqa: PTH116 - the path is a str
    except OSError as error:
        pass_on(error)
        return None


@functools.lru_cache(maxsize=4)
def _loaded(_file: tuple[str, int] | None, _directory: tuple[str, int] | None) -> ssl.SSLContext:
    """Return a context with this machine's certificates, from a cache.

    Loading the certificates takes 30 ms, which is longer than a request. The arguments are the
    cache's key: a changed place or time loads them anew.

    Args:
        _file: The file from which OpenSSL takes certificates.
        _directory: The directory from which OpenSSL takes certificates.
    """
    context = create_urllib3_context()
    context.load_default_certs()
    return context


def _shares(addresses: Sequence[str], seconds: float) -> Iterator[tuple[str, float]]:
    """Yield each address and its timeout, so that a silent one leaves time for the next."""
    end = time.monotonic() + seconds
    for done, address in enumerate(addresses):
        yield address, max(LEAST, (end - time.monotonic()) / (len(addresses) - done))


class Connection(HTTPConnection):
    """A connection that follows this module's rules and knows which request it carries."""

    response_class = Response

    way: Way
    #: Whether the connection leads to the server, through a proxy where there is one.
    reached = False
    #: The request that the connection carries. While a tunnel is set up, there is none.
    _call: Call | None = None
    #: The beginning of the request, held back to be sent together with what follows.
    _held = b""

    def ask(self, call: Call, path: str, headers: Mapping[str, str]) -> Response:
        """Send a request, and return its answer as soon as the header has arrived.

        Raises:
            HTTPException, OSError, ValueError: No valid answer came.
        """
        request, cut = call.request, False
        self._call = call
        try:
            # super(HTTPConnection, self) calls http.client directly, past urllib3's own methods.
            super(HTTPConnection, self).request(request.method, path, request.body, headers)
            self._deliver(self._held)
        except _CUT as error:
            pass_on(error)
            if not request.left:
                raise
            # A server may refuse a body halfway, for instance one that is too large, and close the
            # connection. Its answer can still be read, so the outcome is certain: a refusal.
            cut = True
        finally:
            # Both hold the token or the body, and the connection may idle for a long time.
            self._call = None
            self._held = b""
        self._connected.settimeout(call.remaining())
        response = cast("Response", super(HTTPConnection, self).getresponse())
        response.will_close = response.will_close or cut
        return response

    def putheader(self, header: str | bytes, *values: Any) -> None:  # as http.client declares it
        """Add a header, without urllib3's search for its SKIP_HEADER marker, which is not used."""
        super(HTTPConnection, self).putheader(header, *values)

    # Any, as http.client declares it. It calls this with the headers first, then with the body.
    def send(self, data: Any) -> None:
        """Send a part of a request, or hold a small one back to send it with the next."""
        if self._call is None:
            super().send(data)
        elif len(self._held) + len(data) <= _CHUNK:
            # Headers and body go out in one system call. A second call costs a tenth of the time
            # of a submission.
            self._held += data
        else:
            self._deliver(self._held)
            self._held = b""
            # Each slice gets the read timeout. urllib3 sends the whole body under the connect
            # timeout, which is too short for an upload of some megabytes.
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
        # http.client declares that there always is a socket.
        sock = cast("socket.socket | None", self.sock)
        if sock is None:
            raise ConnectionAbortedError("the connection is closed")
        return sock

    def connect(self) -> None:
        """Connect, through the proxy if there is one, and set up TLS if the scheme asks for it."""
        super().connect()
        self.reached = True

    def _new_conn(self) -> socket.socket:
        """Connect to the first address that accepts the connection."""
        way, seconds = self.way, cast("float", self.timeout)
        host, addresses = way.host, way.addresses
        if way.proxy is not None:
            host, addresses = way.proxy.host, ()
        addresses = addresses or self._look_up(host)
        # The time begins after the name is resolved, since the system bounds that itself.
        end = time.monotonic() + seconds
        failures: list[BaseException] = []
        for address, share in _shares(addresses, seconds):
            self.host, self.timeout = address, share
            try:
                sock = super()._new_conn()
            except (HTTPError, OSError) as error:
                # An exception of a signal handler says nothing about the address.
                pass_on(error)
                failures.append(error)
            else:
                if way.watch is not None:
                    way.watch(sock)
                # The rest of connecting (the proxy, TLS) gets the rest of the time.
                sock.settimeout(max(LEAST, end - time.monotonic()))
                return sock
            finally:
                self.host, self.timeout = host, seconds
        raise Unreached(failures)

    def _look_up(self, host: str) -> list[str]:
        """Return a host's IP addresses. urllib3 would give each of them the whole timeout."""
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
    """A connection over TLS.

    In the method resolution order, HTTPSConnection's ``connect`` comes after :class:`Connection`'s.
    """


class Foreign:
    """A connection of a recorder's.

    Its answer is turned back into the bytes that a server sends, and is read from them.
    """

    # Any: the recorder makes the class at run time.
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
            # Plain str only: a recorder would write a subclass of str down as a Python object.
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
        """Close the connection."""
        self._connection.close()


class _Text:
    """The part of a socket that reading an answer needs. It receives a fixed text."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def gettimeout(self) -> float:
        """Return an endless timeout, for all the content is there already."""
        return float("inf")

    def settimeout(self, _: float) -> None:
        """Ignore the timeout, for all the content is there already."""

    def makefile(self, *_: Any, **__: Any) -> io.BytesIO:
        """Return a file with all the content."""
        return io.BytesIO(self._content)
