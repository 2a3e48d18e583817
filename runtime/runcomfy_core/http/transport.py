"""Requests to the API and their answers. urllib3 is slow to import, so this is imported late.

Rules:

- A request is sent once. There are no retries and no redirects here: the code that knows what a
  request costs decides about them.
- ``connections.py`` chooses the connection, and ``connection.py`` notes whether the request left.
- The token goes to the base URL's origin and nowhere else. A proxy sees it only inside TLS.
- Frames of urllib3 and http.client hold the Authorization header in plain text. So none of their
  exceptions leaves this module; a :class:`NoAnswer` says what is known. Any other exception
  (Ctrl-C, or one that a signal handler raises) is raised again without its context, and with only
  the signal handler's part of its traceback.
- At most 64 MiB of a body are read, compressed or not. An answer with more than a million values is
  rejected, for as Python objects they would take thirty times as much memory as their text.
"""

from __future__ import annotations

import io
import time
import zlib
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from runcomfy_core.errors import ConfigurationError
from runcomfy_core.interrupts import handlers_part, pass_on, raised_by_handler
from runcomfy_core.logs import log
from runcomfy_core.text import one_line
from runcomfy_core.wire.answer import Answer, NoAnswer
from runcomfy_core.wire.steps import Send

from .connection import USER_AGENT, Call, Way
from .connections import Connections
from .faults import FAULTS
from .proxies import find_proxy

if TYPE_CHECKING:
    from runcomfy_core.config import Token
    from runcomfy_core.wire.steps import Payload

    from .response import Response

MAX_BODY: Final = 64 * 1024 * 1024
MAX_VALUES: Final = 1_000_000

_CHUNK: Final = 64 * 1024


class _Masked(str):
    """A header value that ``repr`` masks, for tracebacks that are printed with local variables."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'[masked]'"


#: The message for a request on a client that is closed.
CLOSED: Final = (
    "the client is closed: make a new one. Jobs that it submitted go on remotely; pick one up with "
    "its model's job(client, request_id)"
)


class Transport:
    """A sender of requests to one origin, for any number of threads."""

    def __init__(
        self, base_url: str, token: Token, *, connect_timeout: float, read_timeout: float
    ) -> None:
        self.base_url = base_url
        self._token = token
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._closed = False
        self._connections = _connections_to(base_url)

    def __repr__(self) -> str:
        return f"<transport to {self.base_url}>"

    def close(self) -> None:
        """Close the connections that are idle; those in use close when they are done."""
        self._closed = True
        self._connections.close()

    def check_open(self) -> None:
        """Check that the client is open.

        Raises:
            ConfigurationError: The client is closed.
        """
        if self._closed:
            raise ConfigurationError(CLOSED)

    def mask(self, text: str, limit: int | None = None) -> str:
        """Return ``text`` without the token, cut to ``limit`` characters if a limit is given."""
        return self._token.mask(text, limit)

    def mask_exactly(self, text: str) -> str:
        """Return ``text`` without the token; see :meth:`Token.mask_exactly`."""
        return self._token.mask_exactly(text)

    @property
    def longest(self) -> float:
        """The most seconds for a request without a body: to connect, to send it and to answer it.

        Resolving the name is not counted; the system bounds that.
        """
        return self._connect_timeout + 2 * self._read_timeout

    def request(
        self, method: str, path: str, *, body: bytes | None = None, limit: float | None = None
    ) -> Answer | NoAnswer:
        """Send a request that costs nothing. The arguments are the attributes of :class:`Send`."""
        return self.send(Send(method, path, body, limit))

    def send(self, request: Send, /) -> Answer | NoAnswer:
        """Send a request once and read its answer.

        Raises:
            ConfigurationError: The client is closed.
        """
        self.check_open()
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
        # The outcome is an interruption, such as Ctrl-C, and no error of HTTP. It is raised here,
        # outside any except block and without its traceback, whose frames hold the header. A signal
        # handler's part of the traceback is kept: other code recognizes an interruption by it.
        raise outcome.with_traceback(handlers_part(outcome))

    def _exchange(self, request: Send) -> Answer | NoAnswer | BaseException:
        """Return the answer, a NoAnswer, or the exception that interrupted. Raise nothing."""
        limit = float("inf") if request.limit is None else request.limit
        call = Call(
            request,
            connect=min(self._connect_timeout, limit),
            read=min(self._read_timeout, limit),
            end=time.monotonic() + limit,
        )
        response = None
        try:
            response = self._connections.send(call, self._headers(request.body))
            request.outcome = answer = self._answer(response, *self._read(response, call))
        # BaseException, because Ctrl-C comes here too; `send` raises it again.
        except BaseException as error:  # noqa: BLE001
            stop = raised_by_handler(error)
            if stop is not None:
                stop.__context__ = None
                return stop
            if isinstance(error, FAULTS):
                request.outcome = NoAnswer(self._reason(error, call), left=request.left)
                return request.outcome
            error.__cause__ = error.__context__ = None
            return error
        else:
            return answer
        finally:
            if response is not None:
                self._connections.give(response)

    def _headers(self, body: Payload | bytes | None) -> dict[str, str]:
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": USER_AGENT,
            "Authorization": _Masked(f"Bearer {self._token.reveal()}"),
        }
        if body is not None:
            headers["Content-Type"] = "application/json"
            # Without a length, a body in pieces would be sent chunked, and some gateways refuse
            # that or buffer it first.
            headers["Content-Length"] = str(len(body) if isinstance(body, bytes) else body.length)
        return headers

    def _read(self, response: Response, call: Call) -> tuple[bytes, str | None]:
        """Return as much of the body as arrived, and why it is not whole, or None if it is."""
        # BytesIO gives its content as bytes without a copy; a bytearray would need one.
        body = io.BytesIO()
        announced = response.length
        try:
            while chunk := response.read1(_CHUNK):
                body.write(chunk)
                if body.tell() > MAX_BODY:
                    return body.getvalue(), "the answer is larger than 64 MiB"
        except FAULTS as error:
            pass_on(error)
            came = f"{body.tell()} bytes" + (f" of {announced}" if announced is not None else "")
            reason = f"the answer broke off after {came} ({self._reason(error, call)})"
            return body.getvalue(), reason
        return body.getvalue(), None

    def _answer(self, response: Response, body: bytes, fault: str | None) -> Answer:
        """Return the answer, with its body decompressed."""
        headers = response.fields
        if fault is None:
            # Masked, because the message names an unknown encoding.
            body, fault = _unpacked(body, self.mask(headers.get("content-encoding", "")))
        if fault is None and _values(body) > MAX_VALUES:
            fault = f"the answer has more than {MAX_VALUES:,} values"
        return Answer(response.status, headers, body, fault, self._token, self.base_url)

    def _reason(self, error: BaseException, call: Call) -> str:
        """Return a library's error as text, which keeps no reference to the error."""
        # The token is masked before the text is cut, or half a token could stay.
        return one_line(self._token.mask(call.reason(error)))


def _connections_to(base_url: str) -> Connections:
    """Return the connections to the API.

    Raises:
        ConfigurationError: The environment names a proxy that can't be used.
    """
    parts = urlsplit(base_url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    proxy = find_proxy(parts.scheme, host, parts.netloc)
    port = parts.port or (443 if secure else 80)
    way = Way(scheme=parts.scheme, host=host, port=port, proxy=proxy)
    # A forwarding proxy gets the whole URL. geturl() writes the scheme in lower case, by which
    # http.client recognizes a whole URL.
    return Connections(way, parts.geturl() if way.forwards else parts.path)


def _unpacked(body: bytes, encoding: str) -> tuple[bytes, str | None]:
    """Return a body decompressed, and what is wrong with it, or None.

    Some servers compress although no request asks for it.
    """
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"}:
        return body, None
    if encoding not in {"gzip", "x-gzip"}:
        return b"", f"the answer is packed as {one_line(encoding, 40)!r}, which was not asked for"
    unpacker = zlib.decompressobj(wbits=31)  # 31: a gzip header is expected
    try:
        content = unpacker.decompress(body, MAX_BODY + 1)
    except zlib.error:
        return b"", "the answer is not the gzip that it claims to be"
    if len(content) > MAX_BODY:
        return content, "the answer is larger than 64 MiB"
    return content, None if unpacker.eof else "the answer broke off inside its gzip"


def _values(body: bytes) -> int:
    """Return the number of values in a JSON text, or more: marks inside strings count too."""
    return sum(body.count(mark) for mark in (b",", b"[", b"{"))
