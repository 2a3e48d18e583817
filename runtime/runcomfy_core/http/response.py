"""HTTP answers, read within a time limit and up to an end that is beyond doubt.

Rules:

- A timeout holds for a whole answer, or a whole part of it, and not for each piece that arrives. So
  no server can hold a thread by sending a byte a second.
- Interim answers (such as 103, early hints) are skipped. Bytes after an answer are not taken for
  the next one. Too many interim answers or header lines are an error.
- The framing of an answer is read to the letter of RFC 9112. Where a server and its clients could
  disagree on where an answer ends, it is read as far as it can be understood, and
  :attr:`Response.doubt` says why. A file in doubt is not saved, and the connection is not reused.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import re
import time
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, Final, cast

from runcomfy_core.text import one_line

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

#: The shortest timeout that a socket gets. Zero would make it non-blocking.
LEAST: Final = 0.001

#: The most interim answers, and the most lines of a header or trailer.
_MOST_INTERIM: Final = 20
_MOST_LINES: Final = 100
#: The most bytes of a header line, and of the line with a chunk's size and extensions.
_LONGEST_LINE: Final = 64 * 1024
_LONGEST_SIZE: Final = 1024

#: Statuses are plain numbers, since enumerations are slow to look up and to compare.
_OK: Final = 200
_CONTINUE: Final = 100
_SWITCHING: Final = 101
#: Statuses whose answers have no body, whatever the header announces: 101 "switching protocols",
#: 204 "no content", 304 "not modified".
_WITHOUT_BODY: Final = frozenset({_SWITCHING, 204, 304})

_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LENGTH: Final = re.compile(r"[0-9]{1,18}")
_SIZE: Final = re.compile(rb"[0-9A-Fa-f]{1,15}")
_WHITE: Final = b" \t\r\n"


class CutOff(HTTPException):
    """The connection was closed before the end of the answer."""

    def __init__(self) -> None:
        super().__init__("the connection was closed before its end")


class _InterruptedError(HTTPException):
    """An InterruptedError in disguise, which :class:`io.BufferedReader` lets through."""


class _Bounded(io.RawIOBase):
    """The bytes that a socket receives before a deadline."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, end: float) -> None:
        super().__init__()
        self._raw = raw
        self._sock = sock
        self._end = end
        self._begun = False
        #: Whether to receive nothing more.
        self.over = False

    def allow(self, seconds: float) -> None:
        """Set the deadline to this many seconds from now."""
        self._end = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    # Any, because the type of a writable buffer has no name at run time.
    def readinto(self, buffer: Any, /) -> int | None:
        if self.over:
            return None
        # For the first read the socket's timeout is right already, and setting it again would cost
        # a system call.
        if self._begun:
            left = self._end - time.monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            self._sock.settimeout(max(LEAST, left))
        self._begun = True
        try:
            return self._raw.readinto(buffer)
        # Python retries system calls that a signal interrupts, so this comes from a signal handler.
        # BufferedReader would take it for an interrupted call and read again.
        except InterruptedError as error:
            raise _InterruptedError from error

    def close(self) -> None:
        # A socket really closes only after the files that makefile() returned are closed.
        self._raw.close()
        super().close()


class _Reader(io.BufferedReader):
    """A buffered reader of an answer."""

    #: Whether bytes were left in the buffer after the answer. It is set by :meth:`close`.
    more = False

    @property
    def bounded(self) -> _Bounded:
        # io's type of it is only RawIOBase.
        return cast("_Bounded", self.raw)

    def close(self) -> None:
        # Look once only: Ctrl-C may leave the reader half closed.
        if not self.bounded.over:
            self.bounded.over = True
            self.more = bool(self.peek())
        super().close()


class _Timed:
    """A socket whose timeout, counted from now, holds for a whole answer."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._end = time.monotonic() + (sock.gettimeout() or LEAST)

    def makefile(self, _mode: str) -> _Reader:
        raw = self._sock.makefile("rb", buffering=0)
        return _Reader(_Bounded(raw, self._sock, self._end))


class Response(http.client.HTTPResponse):
    """An answer. http.client reads its status line, and this class the rest.

    Attributes:
        reader: The reader of the connection.
        fields: The header by lower-case name. Different values under one name are joined with
            commas.
        length: The number of bytes of the body that are still to come, or None if it is unknown.
        doubt: Why a server and its clients may disagree on where the answer ends, in words that
            follow "…:", or None.
        whole: Whether the answer was read to its end.
        connection: The connection that the answer comes on, until it is given back.
        arrived: When the header had arrived, by :func:`~.connections.boot_clock`.
    """

    reader: _Reader
    fields: dict[str, str]
    length: int | None
    doubt: str | None = None
    whole = False
    connection: object = None
    arrived = float("nan")

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        # Any: http.client declares a socket, and uses only its makefile().
        timed: Any = _Timed(sock)
        super().__init__(timed, *args, **kwargs)
        self.reader = cast("_Reader", self.fp)

    @property
    def phrase(self) -> str:
        """The status line, as a message shows it: ``HTTP 404 Not Found``."""
        return f"HTTP {self.status} {one_line(self.reason, 60)}".rstrip()

    def allow(self, seconds: float) -> None:
        """Give all reads from now on this many seconds together."""
        self.reader.bounded.allow(seconds)

    def begin(self) -> None:
        """Read everything before the body.

        Raises:
            HTTPException: It is no valid answer, or is cut off.
        """
        version, status, reason = self._status_line()
        interim = 0
        while _CONTINUE <= status < _OK and status != _SWITCHING:
            interim += 1
            if interim > _MOST_INTERIM:
                raise HTTPException(f"it sent {_MOST_INTERIM} interim answers and more")
            for _ in self._lines():
                pass
            version, status, reason = self._status_line()
        if not version.startswith("HTTP/1.") and version != "HTTP/0.9":
            raise http.client.UnknownProtocol(version)
        self.version = 11 if version.startswith("HTTP/1.") and version != "HTTP/1.0" else 10
        self.code = self.status = status
        self.reason = reason.strip()
        self.fields = self._read_fields()
        self._frame()
        if self.length == 0 and not self.chunked:
            self._end()

    def read1(self, n: int = -1) -> bytes:
        """Return the next bytes of the body, at most *n*, as soon as any arrive; b"" at its end.

        Raises:
            CutOff: The connection was closed before the end.
            HTTPException: The chunks are malformed.
            OSError: The connection failed or timed out.
        """
        if self.whole:
            return b""
        if self.chunked and not self.chunk_left and not self._next_chunk():
            return b""
        left = self.chunk_left if self.chunked else self.length
        data = self.reader.read1(n if left is None else min(left, n if n >= 0 else left))
        if not data:
            if left is not None:
                raise CutOff
            self._end()
        elif self.chunk_left is not None:
            self.chunk_left -= len(data)
        elif self.length is not None:
            self.length -= len(data)
            if not self.length:
                self._end()
        return data

    def _end(self) -> None:
        """Note that the answer was read to its end, and close it."""
        self.whole = True
        self.close()

    # Any: the types of http.client declare no private methods.
    def _status_line(self) -> tuple[str, int, str]:
        read: Any = super()
        version, status, reason = read._read_status()  # noqa: SLF001 - http.client's begin() calls it too
        return version, status, reason

    def _lines(self) -> Iterator[bytes]:
        """Yield the lines of a header or trailer, up to the empty line."""
        for _ in range(_MOST_LINES):
            line = self._line(_LONGEST_LINE)
            if line in {b"\r\n", b"\n"}:
                return
            yield line
        raise HTTPException(f"got more than {_MOST_LINES} headers")

    def _line(self, longest: int) -> bytes:
        """Return the next line, with its line end."""
        line = self.reader.readline(longest)
        if not line.endswith(b"\n"):
            if len(line) < longest:
                raise CutOff
            raise HTTPException(f"got more than {longest} bytes in a line")
        return line

    def _read_fields(self) -> dict[str, str]:
        """Return the header by lower-case name."""
        lines: list[bytes] = []
        for line in self._lines():
            if lines and line[:1] in {b" ", b"\t"}:  # it continues the line before
                lines[-1] = lines[-1].rstrip(_WHITE) + b" " + line.lstrip(_WHITE)
            else:
                lines.append(line)
        fields: dict[str, str] = {}
        for line in lines:
            name, colon, content = line.partition(b":")
            content = content.strip(_WHITE)
            if not colon or not _NAME.fullmatch(name) or b"\r" in content or b"\0" in content:
                shown = one_line(line.decode("latin-1"), 60)
                self.doubt = f"a line of its header can't be read: {shown!r}"
                continue
            key, value = name.decode("ascii").lower(), content.decode("latin-1")
            before = fields.get(key, value)
            fields[key] = value if before == value else f"{before}, {value}"
        return fields

    def _frame(self) -> None:
        """Find out where the body ends (RFC 9112, 6.3)."""
        coding = self.fields.get("transfer-encoding")
        announced = self.fields.get("content-length")
        self.chunked = coding is not None and coding.lower() == "chunked"
        self.chunk_left = None
        self.length = None
        if announced is not None and not self.chunked:
            self.length = self._announced(announced)
        if coding is not None:
            if not self.chunked:
                self.doubt = f"its Transfer-Encoding is {one_line(coding, 40)!r}, not 'chunked'"
            elif announced is not None:
                self.doubt = "it announces both a length and chunks"
            elif self.version == 10:  # noqa: PLR2004 - 10 is http.client's number for HTTP/1.0
                self.doubt = "it announces chunks in HTTP/1.0, which has none"
        if self.status in _WITHOUT_BODY:
            self.chunked = False
            self.length = 0
        self.will_close = (
            self.status in _WITHOUT_BODY
            or self.doubt is not None
            or (self.length is None and not self.chunked)
            or self._says_close()
        )

    def _announced(self, text: str) -> int | None:
        """Return the length in a Content-Length header, which may repeat it."""
        first, *others = [one.strip() for one in text.split(",")]
        if _LENGTH.fullmatch(first) and not others:
            return int(first)
        self.doubt = f"its Content-Length is {one_line(text, 40)!r}"
        if others and (not _LENGTH.fullmatch(first) or set(others) != {first}):
            raise HTTPException("the answer announces more than one length")
        return int(first) if _LENGTH.fullmatch(first) else None

    def _says_close(self) -> bool:
        said = self.fields.get("connection", "").lower()
        return "close" in said if self.version > 10 else "keep-alive" not in said  # noqa: PLR2004

    def _next_chunk(self) -> bool:
        """Read the size of the next chunk. Return False after the last chunk."""
        if self.chunk_left == 0 and self._line(_LONGEST_SIZE) != b"\r\n":
            raise HTTPException("a chunk does not end where it says")
        line = self._line(_LONGEST_SIZE)
        size = line.partition(b";")[0].strip(_WHITE)
        if not _SIZE.fullmatch(size) or not line.endswith(b"\r\n"):
            raise HTTPException(f"a chunk begins with {one_line(line.decode('latin-1'), 40)!r}")
        self.chunk_left = int(size, 16)
        if self.chunk_left:
            return True
        with contextlib.suppress(CutOff):  # the last chunk came, and the trailer does not matter
            for _ in self._lines():
                pass
        self._end()
        return False
