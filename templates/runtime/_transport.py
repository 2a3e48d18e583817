"""HTTP over one urllib3 pool; the only module that imports urllib3, and so imported last.

Rules:

- A request goes out once. No retry, no redirect: whoever knows what a request costs decides.
- Whether a request *left* is not guessed from the kind of error: our connections note the moment
  when the first byte of it is handed to the socket, after name, connection, proxy and TLS.
- The token goes to the base URL's origin and nowhere else. A proxy sees it only inside TLS.
- urllib3's frames, and http.client's below, hold the Authorization header in plain sight. So none
  of their exceptions leaves here: what is known goes out as a :class:`NoAnswer`, and an exception
  that is not theirs (Ctrl-C) goes on without its traceback and context.
- At most 64 MiB of a body are read, packed or not.
"""

from __future__ import annotations

import logging
import platform
import threading
import time
import urllib.request
import zlib
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3._version import __version__ as urllib3_version
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from ._answers import Answer, NoAnswer
from ._config import is_loopback
from ._text import one_line
from ._version import __version__
from .errors import ConfigurationError

if TYPE_CHECKING:
    from urllib.parse import SplitResult

    from ._config import Token

MAX_BODY: Final = 64 * 1024 * 1024
USER_AGENT: Final = (
    f"runcomfy-models/{__version__} python/{platform.python_version()} urllib3/{urllib3_version}"
)

#: Connections that are kept for later requests; more may be open at a time.
_POOL_SIZE: Final = 64
_CHUNK: Final = 64 * 1024

_log = logging.getLogger("runcomfy")


class _Masked(str):
    """A header value that repr doesn't show, for tracebacks printed with locals."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'[masked]'"


class _Progress(threading.local):
    """How far this thread's request is. A connection does its work in the caller's thread."""

    left = False
    send_timeout = 90.0


_progress = _Progress()


class _HTTPConnection(HTTPConnection):
    """A connection that notes when a request begins to leave.

    It also gives each slice of a body the read timeout: urllib3 sends a whole body under the
    connect timeout, which an upload of some megabytes outlasts.
    """

    _connecting = False

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
        sock.settimeout(_progress.send_timeout)
        view = memoryview(data)
        for begin in range(0, len(view), _CHUNK):
            _progress.left = True
            super().send(view[begin : begin + _CHUNK])


class _HTTPSConnection(_HTTPConnection, HTTPSConnection):
    """The same over TLS: the method resolution order puts HTTPSConnection's connect below ours."""


# Any, because urllib3's own connections don't fit the protocols that it declares for them.
class _HTTPPool(HTTPConnectionPool):
    ConnectionCls: Any = _HTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls: Any = _HTTPSConnection


_POOLS: Final[dict[str, type[HTTPConnectionPool | HTTPSConnectionPool]]] = {
    "http": _HTTPPool,
    "https": _HTTPSPool,
}


class Transport:
    """Requests to one origin, from any number of threads."""

    def __init__(
        self, base_url: str, token: Token, *, connect_timeout: float, read_timeout: float
    ) -> None:
        self.base_url = base_url
        self._token = token
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._closed = False
        self._pool = _pool(base_url)

    def __repr__(self) -> str:
        return f"<transport to {self.base_url}>"

    def close(self) -> None:
        """Close the connections that are idle; those in use close when they are done."""
        self._closed = True
        self._pool.clear()

    def may_have_left(self) -> bool:
        """Whether this thread's last request may have begun to leave."""
        return _progress.left

    def request(
        self, method: str, path: str, *, body: bytes | None = None, limit: float | None = None
    ) -> Answer | NoAnswer:
        """Send a request once and read its answer.

        Args:
            method: ``GET`` or ``POST``.
            path: Below the base URL, with its query.
            body: JSON text, or None.
            limit: Seconds that connecting, and then answering, may take at most, where that is
                less than the client's own limits.

        Raises:
            ConfigurationError: The client is closed.
        """
        _progress.left = False
        if self._closed:
            raise ConfigurationError("the client is closed")
        connect = _least(self._connect_timeout, limit)
        read = _least(self._read_timeout, limit)
        _progress.send_timeout = read
        begin = time.monotonic()
        outcome = self._exchange(method, path, body, connect, read)
        elapsed = round((time.monotonic() - begin) * 1000)
        if isinstance(outcome, Answer):
            _log.debug("%s %s: HTTP %d in %d ms", method, path, outcome.status, elapsed)
            return outcome
        if isinstance(outcome, NoAnswer):
            _log.debug("%s %s: %s, after %d ms", method, path, outcome.reason, elapsed)
            return outcome
        # Not an error of HTTP but something that passes through, such as Ctrl-C. Raised here,
        # outside of any except block and without its past, since that holds the header.
        outcome.__cause__ = outcome.__context__ = None
        raise outcome.with_traceback(None)

    def _exchange(
        self, method: str, path: str, body: bytes | None, connect: float, read: float
    ) -> Answer | NoAnswer | BaseException:
        """The answer, that there is none, or what interrupted: nothing is raised."""
        try:
            response = self._pool.request(
                method,
                self.base_url + path,
                body=body,
                headers=self._headers(body),
                timeout=urllib3.Timeout(connect=connect, read=read),
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
            return self._read(response, read)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            return NoAnswer(self._reason(error), left=_progress.left)
        # Everything, for Ctrl-C comes here too; `request` raises it again.
        except BaseException as error:  # noqa: BLE001
            return error

    def _headers(self, body: bytes | None) -> dict[str, str]:
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": USER_AGENT,
            "Authorization": _Masked(f"Bearer {self._token.reveal()}"),
        }
        if body is not None:
            headers["Content-Type"] = "application/json"
        return headers

    def _read(self, response: urllib3.BaseHTTPResponse, limit: float) -> Answer:
        """The answer, with as much of its body as came."""
        headers = {name.lower(): value for name, value in response.headers.items()}
        body = bytearray()
        fault: str | None = None
        end = time.monotonic() + limit
        try:
            # read1 gives what is there, so that a byte a second doesn't hold us past the limit.
            while chunk := response.read1(_CHUNK):
                body += chunk
                if len(body) > MAX_BODY:
                    fault = "the answer is larger than 64 MiB"
                    break
                if time.monotonic() > end:
                    fault = f"the answer was not all there after {limit:g} s"
                    break
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            fault = f"the answer broke off after {len(body)} bytes ({self._reason(error)})"
        finally:
            if fault is not None:
                response.close()
            response.release_conn()
        content = bytes(body)
        if fault is None:
            content, fault = _unpacked(content, headers.get("content-encoding", ""))
        return Answer(response.status, headers, content, fault, self._token)

    def _reason(self, error: Exception) -> str:
        """An error of urllib3's in words: of its objects nothing is kept."""
        inner = error
        # ProxyError and ProtocolError wrap what happened; the innermost says it best.
        while inner.args and isinstance(inner.args[-1], Exception):
            inner = inner.args[-1]
        text = self._token.mask(str(inner))
        # "HTTPSConnection(host='…', port=443): Failed to …": which host is known without it.
        text = text.partition("): ")[2] or text
        prefix = "the proxy: " if isinstance(error, urllib3.exceptions.ProxyError) else ""
        return prefix + (one_line(text) or type(inner).__name__)


def _least(own: float, limit: float | None) -> float:
    return own if limit is None else min(own, limit)


def _unpacked(body: bytes, encoding: str) -> tuple[bytes, str | None]:
    """A body without its packing, and what is wrong with it; some servers pack unasked."""
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"}:
        return body, None
    if encoding not in {"gzip", "x-gzip"}:
        return b"", f"the answer is packed as {one_line(encoding, 40)!r}, which was not asked for"
    unpacker = zlib.decompressobj(wbits=31)  # 31: gzip's own header
    try:
        content = unpacker.decompress(body, MAX_BODY + 1)
    except zlib.error:
        return b"", "the answer is not the gzip that it claims to be"
    if len(content) > MAX_BODY:
        return b"", "the answer is larger than 64 MiB"
    return content, None if unpacker.eof else "the answer broke off inside its gzip"


def _pool(base_url: str) -> urllib3.PoolManager:
    """The pool for an origin, through the proxy that the environment names for it."""
    parts = urlsplit(base_url)
    proxy = _find_proxy(parts.scheme, parts.hostname or "", parts.netloc)
    if proxy is None:
        pool = urllib3.PoolManager(num_pools=1, maxsize=_POOL_SIZE)
    else:
        pool = _proxy_pool(proxy)
    pool.pool_classes_by_scheme = _POOLS
    return pool


def _find_proxy(scheme: str, host: str, netloc: str) -> SplitResult | None:
    """The proxy that HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, or the system, ask for.

    Raises:
        ConfigurationError: It is none that can be used. Its URL may hold a password: not shown.
    """
    proxies = urllib.request.getproxies()
    name = scheme if proxies.get(scheme) else "all"
    url = proxies.get(name, "")
    if not url or urllib.request.proxy_bypass(netloc) or urllib.request.proxy_bypass(host):
        return None
    source = f"the proxy for {scheme} (the environment variable {name.upper()}_PROXY)"
    proxy = _split(url if "://" in url else f"http://{url}")
    if proxy is None:
        raise ConfigurationError(f"{source} is not a URL with a host")
    if proxy.scheme not in {"http", "https"}:
        raise ConfigurationError(f"{source} must begin with http:// or https://, not others")
    # A plain http origin is on this machine (_config sees to that). Another machine's proxy could
    # not reach it, but would read the token.
    if scheme == "http" and not is_loopback(proxy.hostname or ""):
        return None
    return proxy


def _split(url: str) -> SplitResult | None:
    """A URL's parts, or None when it has no sound host and port."""
    try:
        parts = urlsplit(url)
        sound = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if sound else None


def _proxy_pool(proxy: SplitResult) -> urllib3.PoolManager:
    headers = None
    if proxy.username is not None:
        user, password = unquote(proxy.username), unquote(proxy.password or "")
        headers = urllib3.make_headers(proxy_basic_auth=f"{user}:{password}")
    origin = f"{proxy.scheme}://{proxy.netloc.rpartition('@')[2]}"
    return urllib3.ProxyManager(origin, proxy_headers=headers, num_pools=1, maxsize=_POOL_SIZE)
