"""A file on a server, of which parts are read.

Rules:

- A byte is fetched once and kept. At most 1 MiB of a file is fetched and kept.
- If the server supports ranges, the parts that are needed are fetched in few requests over one
  connection. If not, its one answer is read as far as needed.
- Parts of different versions of a file are never mixed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from runcomfy_core.files.sniff import BEGINNING
from runcomfy_core.http.fields import OK, PARTIAL, UNSATISFIABLE, strong_etag

from .faults import TooMuch, Unreadable
from .pages import refused

if TYPE_CHECKING:
    from .answer import Answer
    from .line import Line

#: The number of bytes that the first request asks for. Later requests ask for no fewer.
FIRST: Final = BEGINNING

#: The most bytes of one file that are kept.
MOST: Final = 1024 * 1024


@attrs.define
class _Part:
    """A part of the file that was fetched."""

    start: int
    content: bytearray = attrs.field(factory=bytearray)

    @property
    def end(self) -> int:
        return self.start + len(self.content)


class Remote:
    """A file on a server. Only one thread may use it at a time.

    Args:
        url: The file's URL, after all redirects.
        about: The file, as a message names it.
        line: The connection to its server. Closing the file closes it.
        answer: The first answer: the whole file, or its first part.
        hops: The number of redirects that led to the file.

    Attributes:
        url: The file's URL, after all redirects.
        status: The HTTP status of the first answer.
        headers: The header of the first answer, by lower-case name.
        size: The file's size in bytes, or None while it is unknown.
        stated_type: The Content-Type without its parameters, in lower case; "" if there is none.
    """

    def __init__(self, url: str, about: str, line: Line, answer: Answer, hops: int) -> None:
        self.url = url
        self.status = answer.status
        self.headers = answer.fields
        self.stated_type = answer.fields.get("content-type", "").partition(";")[0].strip().lower()
        span = answer.span
        self._ranged = span is not None
        self.size = None if answer.packed else answer.length if span is None else span.total
        self._etag = answer.fields.get("etag")
        self._validator = strong_etag(answer.fields)
        self._about = about
        self._line = line
        self._hops = hops
        self._answer: Answer | None = answer
        self._received = 0  # bytes that earlier answers brought
        self._parts = [_Part(0)]
        self._kept = 0  # bytes in the parts
        self._seen = 0  # the offset after the last byte that arrived
        self._window = FIRST

    @property
    def bytes_read(self) -> int:
        """The number of bytes of bodies that arrived so far, as sent."""
        return self._received + (self._answer.received if self._answer else 0)

    @property
    def requests(self) -> int:
        """The number of requests so far, redirected ones included."""
        return self._hops + self._line.requests

    def read(self, offset: int, size: int, /) -> bytes:
        """Return ``size`` bytes from ``offset``, fewer at the end of the file.

        Raises:
            Unreadable: The server doesn't send the bytes.
            OwnNetwork: The connection was lost, and this machine's network can't make a new one.
            TooMuch: More of the file would have to be read than is allowed.
        """
        content = bytearray()
        while len(content) < size and (
            piece := self._piece(offset + len(content), size - len(content))
        ):
            content += piece
        return bytes(content)

    def count(self, limit: int, /) -> int:
        """Return the file's size. If it is unknown, count the bytes, and keep none of them.

        If the server doesn't support ranges, bytes that were not read before can't be read after
        this.

        Args:
            limit: Counting stops when there are more bytes than this.

        Returns:
            The file's size, or a number above the limit.

        Raises:
            Unreadable: The server doesn't send the bytes.
            OwnNetwork: The connection was lost, and this machine's network can't make a new one.
        """
        if len(self._parts) > 1:
            self._leave()  # the count goes on after the first part, and this answer is elsewhere
            self._seen = self._parts[0].end
        while self.size is None and self._seen <= limit and (answer := self._next()):
            chunk = answer.read(FIRST)
            self._seen += len(chunk)
            if not chunk:
                self._end()
        self._leave()
        return self._seen if self.size is None else self.size

    def close(self) -> None:
        """Close the connection."""
        self._leave()
        self._line.close()

    def _piece(self, offset: int, size: int) -> bytes:
        """Return up to ``size`` bytes from ``offset``, at least one; b"" at the file's end."""
        while self.size is None or offset < self.size:
            for part in self._parts:
                if part.start <= offset < part.end:
                    begin = offset - part.start
                    return bytes(part.content[begin : begin + size])
            self._load(offset, size if self.size is None else min(size, self.size - offset))
        return b""

    def _load(self, offset: int, size: int) -> None:
        """Make progress: read towards ``offset``, request bytes there, or find the file's end."""
        answer = self._answer
        if answer is not None and self._leads_to(answer, offset):
            self._read_on(answer, offset + size - self._parts[-1].end)
        elif self._ranged:
            self._jump(offset, size)
        else:
            raise _too_much(offset + size)

    def _leads_to(self, answer: Answer, offset: int) -> bool:
        return self._parts[-1].end <= offset and (answer.span is None or offset < answer.span.end)

    def _read_on(self, answer: Answer, wanted: int) -> None:
        """Read and keep up to ``wanted`` more bytes of an answer."""
        part = self._parts[-1]
        if answer.span is not None:
            wanted = min(wanted, answer.span.end - part.end)
        if self._kept + wanted > MOST:
            raise _too_much(self._kept + wanted)
        chunk = answer.read(min(wanted, FIRST))
        part.content += chunk
        self._kept += len(chunk)
        self._seen = part.end
        if not chunk:
            self._end()

    def _jump(self, offset: int, size: int) -> None:
        """Request ``size`` bytes from ``offset``, or more, which the next read may want."""
        self._finish()
        if self._kept + size > MOST:
            raise _too_much(self._kept + size)
        is_next = offset == self._parts[-1].end
        self._window = 2 * self._window if is_next else FIRST
        wanted = min(max(size, self._window), MOST - self._kept)
        if self.size is not None:
            wanted = min(wanted, self.size - offset)
        self._answer = self._ask(offset, str(offset + wanted - 1))
        if self._answer is not None:
            self._parts.append(_Part(offset))

    def _finish(self) -> None:
        """Read the rest of an answer if it is short, so that its connection can be reused."""
        while (answer := self._answer) is not None and answer.span is not None:
            rest = answer.span.end - self._parts[-1].end
            if not 0 < rest <= min(FIRST, MOST - self._kept):
                break
            self._read_on(answer, rest)
        self._leave()

    def _next(self) -> Answer | None:
        """Return the answer with the next bytes to count, or None at the end of the file."""
        if self._answer is None and self._ranged:
            self._answer = self._ask(self._seen, "")
        return self._answer

    def _ask(self, first: int, last: str) -> Answer | None:
        """Request a range.

        Args:
            first: The offset of the range's first byte.
            last: The offset of its last byte, or "" for the file's end.

        Returns:
            The answer, or None when the file ends before the range; its size is known then.
        """
        headers = {"Range": f"bytes={first}-{last}"}
        if self._validator is not None:
            headers["If-Range"] = self._validator
        answer = self._line.get(headers)
        if self._continues(answer, first):
            return answer
        try:
            if self.size is None and self._ends_before(first, answer):
                return None
            raise self._changed(answer)
        finally:
            answer.close()

    def _continues(self, answer: Answer, first: int) -> bool:
        """Return whether an answer is the part from ``first`` on, of the same version."""
        span = answer.span
        # Some servers ignore If-Range. So if it was sent, the answer must repeat the ETag.
        unsaid = None if self._validator else self._etag
        return (
            span is not None
            and span.first == first
            and (span.total is None or span.total == self.size)
            and answer.fields.get("etag", unsaid) == self._etag
        )

    def _ends_before(self, first: int, answer: Answer) -> bool:
        """Return whether an answer says that the file ends before ``first``, and note its size."""
        if answer.status != UNSATISFIABLE:
            return False
        total = answer.total_alone
        if total is None and first == self._seen:
            total = first
        if total is None or not self._seen <= total <= first:
            return False
        self.size = total
        return True

    def _changed(self, answer: Answer) -> Unreadable:
        """Return the fault of a server that sent a part of the file, but not the next one."""
        if answer.status not in {OK, PARTIAL, UNSATISFIABLE}:
            return refused(answer, self._about)
        return Unreadable(
            f"{self._about} changed while it was read, or its server gives wrong parts of it "
            f"(it answers {answer.phrase}); try again",
            limit=PARTIAL,
            actual=answer.status,
        )

    def _end(self) -> None:
        """Note the end of an answer. Without ranges, it is the end of the file."""
        if not self._ranged:
            self.size = self._seen
        self._leave()

    def _leave(self) -> None:
        """Close the answer. Its connection is kept if the body was read to its end."""
        if self._answer is not None:
            self._received += self._answer.received
            self._answer.close()
            self._answer = None


def _too_much(wanted: int) -> TooMuch:
    return TooMuch(f"{wanted:,} bytes of it would have to be read; a check reads {MOST:,} at most")
