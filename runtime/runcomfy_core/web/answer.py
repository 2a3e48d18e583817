"""An answer of a file's server: the header, and the body, which is read on demand.

Rules:

- Nothing is read from the socket before the caller asks for it.
- A compressed body is decompressed in steps of bounded size, for a few bytes may expand to a huge
  content.
- A body that ends before its announced length is an error; a short body is not.
"""

from __future__ import annotations

import functools
import zlib
from typing import TYPE_CHECKING, Final

from runcomfy_core.http.faults import FAULTS, root
from runcomfy_core.http.fields import PARTIAL, packing, span, total_alone
from runcomfy_core.interrupts import pass_on
from runcomfy_core.text import one_line

from .faults import Unreadable, late

if TYPE_CHECKING:
    from runcomfy_core.http.connections import Connections
    from runcomfy_core.http.deadline import Deadline
    from runcomfy_core.http.fields import Span
    from runcomfy_core.http.response import Response

_CHUNK: Final = 16 * 1024

#: A compressed body may be longer than twice its decompressed content by this many bytes.
#: Compression adds next to nothing, so a longer body that holds nothing is an attack.
_PADDING: Final = 64 * 1024


class Answer:
    """An answer whose body has not been read yet.

    Attributes:
        status: The HTTP status.
        phrase: Its status line, as a message shows it: ``HTTP 404 Not Found``.
        fields: Its header, by lower-case name.
        packed: Whether the body is compressed.
        length: The length of the body in bytes, as sent, or None if it is unknown.
        received: The number of bytes of the body that arrived so far, as sent.
    """

    def __init__(
        self, response: Response, connections: Connections, about: str, deadline: Deadline
    ) -> None:
        self.status = response.status
        self.phrase = response.phrase
        self.fields = response.fields
        self.length = response.length
        self.received = 0
        self._response = response
        self._connections = connections
        self._about = about
        self._deadline = deadline
        self._encoding = packing(response.fields)
        self.packed = bool(self._encoding)
        # 47: the header may be zlib's or gzip's.
        self._unpacker = zlib.decompressobj(wbits=47)
        self._unpacked = 0

    @functools.cached_property
    def span(self) -> Span | None:
        """The part of the file that the body is, or None if the header names none that fits."""
        return span(self.fields, self.length) if self.status == PARTIAL else None

    @property
    def total_alone(self) -> int | None:
        """The file's size, in an answer that says that the range lies beyond the file's end."""
        return total_alone(self.fields)

    def read(self, size: int) -> bytes:
        """Return the next bytes of the body, at most ``size``, as soon as any arrive; b"" at end.

        Raises:
            Unreadable: The body breaks off, is late or can't be decompressed.
        """
        return self._unpack(size) if self.packed else self._receive(size)

    def close(self) -> None:
        """Give the connection back. It is kept only if the body was read to its end."""
        self._connections.give(self._response)

    def _unpack(self, size: int) -> bytes:
        if self._encoding not in {"gzip", "x-gzip", "deflate"}:
            raise self._ill_packed(f"is packed as {one_line(self._encoding, 40)!r}")
        while not self._unpacker.eof:
            packed = self._unpacker.unconsumed_tail or self._receive(_CHUNK)
            if not packed:
                raise self._broken_off(None)
            if self.received > _PADDING + 2 * self._unpacked:
                raise self._ill_packed(f"is packed as {self._encoding}, with nothing in it")
            try:
                content = self._unpacker.decompress(packed, size)
            except zlib.error:
                words = f"is not the {self._encoding} that it claims to be"
                raise self._ill_packed(words) from None
            self._unpacked += len(content)
            if content:
                return content
        return b""

    def _receive(self, size: int) -> bytes:
        if self._response.doubt is not None:
            raise Unreadable(
                f"{self._about} can't be read: {self._response.doubt}",
                limit="an answer",
                actual="none",
            )
        try:
            chunk = self._response.read1(size)
        except FAULTS as error:
            pass_on(error)
            raise self._broken(root(error)) from None
        self.received += len(chunk)
        if not chunk and self.span is not None and self.received < self.span.length:
            raise self._broken_off(self.span.length)
        return chunk

    def _broken(self, cause: BaseException) -> Unreadable:
        if isinstance(cause, TimeoutError) or not self._deadline.left():
            came = f"{self.received:,} bytes of its content came"
            return late(self._about, self._deadline, came=came, received=self.received)
        return self._broken_off(self.length)

    def _broken_off(self, expected: int | None) -> Unreadable:
        of = "" if expected is None else f" of {expected:,}"
        return Unreadable(
            f"{self._about} breaks off after {self.received:,}{of} bytes",
            rule="complete",
            limit="all of it" if expected is None else expected,
            actual=self.received,
        )

    def _ill_packed(self, words: str) -> Unreadable:
        return Unreadable(
            f"{self._about} can't be read: its body {words}, and was asked for as it is",
            limit="identity",
            actual=self._encoding,
        )
