"""HTTP over one urllib3 pool; urllib3 is slow to import, so this module is imported last.

Rules:

- A request goes out once. No retry, no redirect: whoever knows what a request costs decides.
- On which connection it goes out, and whether it *left*, is for ``_connections.py`` to say.
- The token goes to the base URL's origin and nowhere else. A proxy sees it only inside TLS.
- urllib3's frames, and http.client's below, hold the Authorization header in plain sight. So none
  of their exceptions leaves here: what is known goes out as a :class:`NoAnswer`, and an exception
  that is not theirs (Ctrl-C) goes on without its traceback and context.
- At most 64 MiB of a body are read, packed or not; and one of more than a million values is no
  answer, for as objects its values would take thirty times the memory that they do as text.
"""

from __future__ import annotations

import platform
import re
import time
import zlib
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import urllib3
from urllib3._version import __version__ as urllib3_version

from ._answers import Answer, NoAnswer
from ._connections import POOLS, Call, thread
from ._logs import log
from ._proxies import find_proxy, proxy_pool
from ._steps import Send
from ._text import one_line
from ._version import __version__
from .errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._config import Token
    from ._steps import Payload

MAX_BODY: Final = 64 * 1024 * 1024
MAX_VALUES: Final = 1_000_000
USER_AGENT: Final = (
    f"runcomfy-models/{__version__} python/{platform.python_version()} urllib3/{urllib3_version}"
)

#: Connections that are kept for later requests; more may be open at a time.
_POOL_SIZE: Final = 64
_CHUNK: Final = 64 * 1024

#: "HTTPSConnection(host='…', port=443): Failed to …", or in older versions "<… object at …>: …":
#: which host is known without it.
_OBJECT: Final = re.compile(r"^(?:<[^<>]+>|\w+\([^()]*\)): ")


class _Masked(str):
    """A header value that repr doesn't show, for tracebacks printed with locals."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'[masked]'"


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

    def mask(self, text: str) -> str:
        """``text`` without the token."""
        return self._token.mask(text)

    @property
    def longest(self) -> float:
        """Seconds that a request without a body may take: to connect, to be sent, to be answered.

        Resolving a name is not counted; the system bounds that.
        """
        return self._connect_timeout + 2 * self._read_timeout

    def request(
        self, method: str, path: str, *, body: bytes | None = None, limit: float | None = None
    ) -> Answer | NoAnswer:
        """Send a request that costs nothing; the arguments are those of :class:`Send`."""
        return self.send(Send(method, path, body, limit))

    def send(self, request: Send, /) -> Answer | NoAnswer:
        """Send a request once and read its answer.

        Raises:
            ConfigurationError: The client is closed.
        """
        if self._closed:
            raise ConfigurationError("the client is closed")
        begin = time.monotonic()
        outcome = self._exchange(request)
        elapsed = round((time.monotonic() - begin) * 1000)
        if isinstance(outcome, Answer):
            log.debug(
                "%s %s: HTTP %d in %d ms", request.method, request.path, outcome.status, elapsed
            )
            return outcome
        if isinstance(outcome, NoAnswer):
            log.debug(
                "%s %s: %s, after %d ms", request.method, request.path, outcome.reason, elapsed
            )
            return outcome
        # Not an error of HTTP but something that passes through, such as Ctrl-C. Raised here,
        # outside of any except block and without its past, since that holds the header.
        outcome.__cause__ = outcome.__context__ = None
        raise outcome.with_traceback(None)

    def _exchange(self, request: Send) -> Answer | NoAnswer | BaseException:
        """The answer, that there is none, or what interrupted: nothing is raised."""
        connect = _least(self._connect_timeout, request.limit)
        read = _least(self._read_timeout, request.limit)
        end = float("inf") if request.limit is None else time.monotonic() + request.limit
        thread.call = Call(request, read, end)
        try:
            response = self._pool.request(
                request.method,
                self.base_url + request.path,
                body=_sendable(request.body),
                headers=self._headers(request.body),
                timeout=urllib3.Timeout(connect=connect, read=read),
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
            return self._read(response)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            return NoAnswer(self._reason(error), left=request.left)
        # Everything, for Ctrl-C comes here too; `send` raises it again.
        except BaseException as error:  # noqa: BLE001
            return error
        finally:
            thread.call = Call()

    def _headers(self, body: Payload | bytes | None) -> dict[str, str]:
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": USER_AGENT,
            "Authorization": _Masked(f"Bearer {self._token.reveal()}"),
        }
        if body is not None:
            headers["Content-Type"] = "application/json"
        if body is not None and not isinstance(body, bytes):
            # Or urllib3 would send it chunked, which gateways refuse or gather first.
            headers["Content-Length"] = str(body.length)
        return headers

    def _read(self, response: urllib3.BaseHTTPResponse) -> Answer:
        """The answer, with as much of its body as came."""
        headers = {name.lower(): value for name, value in response.headers.items()}
        body = bytearray()
        fault: str | None = None
        try:
            while chunk := response.read1(_CHUNK):
                body += chunk
                if len(body) > MAX_BODY:
                    fault = "the answer is larger than 64 MiB"
                    break
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            fault = f"the answer broke off after {len(body)} bytes ({self._reason(error)})"
        finally:
            if fault is not None:
                response.close()
            response.release_conn()
        content = bytes(body)
        if fault is None:
            # Masked, since a packing that is not known is named.
            content, fault = _unpacked(content, self.mask(headers.get("content-encoding", "")))
        if fault is None and _values(content) > MAX_VALUES:
            fault = f"the answer has more than {MAX_VALUES:,} values"
        return Answer(response.status, headers, content, fault, self._token)

    def _reason(self, error: Exception) -> str:
        """An error of urllib3's in words: of its objects nothing is kept."""
        inner = error
        # ProxyError and ProtocolError wrap what happened; the innermost says it best.
        while inner.args and isinstance(inner.args[-1], Exception):
            inner = inner.args[-1]
        text = self._token.mask(str(inner))
        text = _OBJECT.sub("", text)
        prefix = "the proxy: " if isinstance(error, urllib3.exceptions.ProxyError) else ""
        return prefix + (one_line(text) or type(inner).__name__)


def _sendable(body: Payload | bytes | None) -> Iterator[bytes] | bytes | None:
    # An iterator, in which urllib3 looks for nothing else: no file's methods, no buffer.
    return body if body is None or isinstance(body, bytes) else iter(body)


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
        return content, "the answer is larger than 64 MiB"
    return content, None if unpacker.eof else "the answer broke off inside its gzip"


def _values(body: bytes) -> int:
    """How many values a JSON text has, or more: commas and brackets inside texts count too."""
    return sum(body.count(mark) for mark in (b",", b"[", b"{"))


def _pool(base_url: str) -> urllib3.PoolManager:
    """The pool for an origin, through the proxy that the environment names for it."""
    parts = urlsplit(base_url)
    proxy = find_proxy(parts.scheme, parts.hostname or "", parts.netloc)
    if proxy is None:
        pool = urllib3.PoolManager(num_pools=1, maxsize=_POOL_SIZE)
    else:
        pool = proxy_pool(proxy, maxsize=_POOL_SIZE)
    pool.pool_classes_by_scheme = POOLS
    return pool
