"""An answer as it comes in: in time, and with an end that is beyond doubt.

Rules:

- The read timeout holds for a whole answer, not for each piece, so that no server can hold a
  thread by a byte a second.
- What precedes an answer (103, early hints) is not the answer, and what follows it is not the next
  one. Where server and client may differ on its end, the connection carries nothing more.
"""

from __future__ import annotations

import http.client
import io
import time
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

#: The least timeout that a socket is given: zero would mean "do not wait".
LEAST: Final = 0.001

#: Statuses as plain numbers, since enumerations are slow to look up and to compare.
_OK: Final = 200
_SWITCHING: Final = 101
#: Those whose answers have no body, whatever they announce: 204 "no content", 304 "not modified".
_WITHOUT_BODY: Final = frozenset({_SWITCHING, 204, 304})


class _InterruptedError(Exception):
    """Stands for an InterruptedError that must get past :class:`io.BufferedReader`."""


class _Bounded(io.RawIOBase):
    """What a socket receives, until the moment when its timeout is over."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, end: float) -> None:
        super().__init__()
        self._raw = raw
        self._sock = sock
        self._end = end
        self._begun = False
        #: Set to have it receive nothing any more.
        self.over = False

    def readable(self) -> bool:
        return True

    # Any, because the type of a writable buffer has no name at run time.
    def readinto(self, buffer: Any, /) -> int | None:
        if self.over:
            return None
        # At first the socket's own timeout is what is left, and setting it is a system call.
        if self._begun:
            left = self._end - time.monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            self._sock.settimeout(max(LEAST, left))
        self._begun = True
        try:
            return self._raw.readinto(buffer)
        # Python's own calls begin again after a signal, so a signal handler raised it. The reader
        # above this one would take it for such a call, and begin again.
        except InterruptedError as error:
            raise _InterruptedError from error

    def close(self) -> None:
        # Through the socket's own reader, which the socket counts before it really closes.
        self._raw.close()
        super().close()


class _Reader(io.BufferedReader):
    """What an answer is read from, a buffer at a time."""

    #: Whether more was in the buffer than the answer; known when it is closed.
    more = False

    def close(self) -> None:
        # Any, because io knows no more of it than that it is raw.
        bounded: Any = self.raw
        # Once: Ctrl-C may leave it half closed.
        if not bounded.over:
            bounded.over = True
            self.more = bool(self.peek())
        super().close()


class _Timed:
    """A socket, for an answer that must be there within the socket's timeout of this moment."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._end = time.monotonic() + (sock.gettimeout() or LEAST)

    def makefile(self, _mode: str) -> _Reader:
        raw = self._sock.makefile("rb", buffering=0)
        return _Reader(_Bounded(raw, self._sock, self._end))


class Response(http.client.HTTPResponse):
    """An answer that must be there in time, all of it, and whose end is beyond doubt."""

    #: What it is read from.
    reader: _Reader
    #: Its headers by lower-case name; of several with one name, the last.
    fields: Mapping[str, str]

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        # Any, because http.client declares a socket, of which it uses this one method.
        timed: Any = _Timed(sock)
        super().__init__(timed, *args, **kwargs)
        self.reader = cast("_Reader", self.fp)

    def begin(self) -> None:
        """Read up to the body."""
        super().begin()
        # http.client passes over 100 alone. Any other of its kind would stand for the answer, and
        # the answer be left to the next request.
        while self.status < _OK and self.status != _SWITCHING:
            # By this it knows that an answer has not begun, though it declares no such thing.
            self.headers = cast("Any", None)
            super().begin()
        items = self.headers.items()
        self.fields = fields = {name.lower(): value for name, value in items}
        length = fields.get("content-length", "")
        # http.client reads the first of several alone, and nothing of "7, 7".
        if not self.chunked and (len(fields) < len(items) or "," in length):
            self._settle_lengths()
        # Where server and client may differ on where it ends, it is the connection's last.
        if self.status in _WITHOUT_BODY or (
            "transfer-encoding" in fields and (length or not self.chunked)
        ):
            self.will_close = True

    def _settle_lengths(self) -> None:
        announced = ",".join(self.headers.get_all("Content-Length", []))
        if "," in announced:
            first, *others = [one.strip() for one in announced.split(",")]
            if not first.isdecimal() or set(others) != {first}:
                raise http.client.HTTPException("the answer announces more than one length")
            self.length = int(first)
