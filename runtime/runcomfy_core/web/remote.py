"""One file at the end of a URL, of which parts are read.

Rules:

- A byte is fetched once and kept; at most 1 MiB of a file is.
- Where the server gives ranges, what is needed is asked for in few requests over the kept
  connection. Where it doesn't, its one answer is read on, as far as needed.
- A file that changes while it is read is not put together from two versions.
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

#: Bytes of the first request, and the least that is asked for later.
FIRST: Final = BEGINNING

#: Bytes that are kept of one file, at most.
MOST: Final = 1024 * 1024


@attrs.define
class _Part:
    """Bytes of the file that are here."""

    start: int
    content: bytearray = attrs.field(factory=bytearray)

    @property
    def end(self) -> int:
        return self.start + len(self.content)


class Remote:
    """One file at the end of a URL. Used by one thread at a time.

    Args:
        url: Where the redirects ended.
        about: The file, as a message names it.
        line: The connection to its server, which is closed with this.
        answer: The first answer: the whole file, or its first part.
        hops: How many requests it took to come here.

    Attributes:
        url: Where the redirects ended.
        status: Of the first answer.
        headers: Of the first answer, by lower-case name.
        size: Bytes; None while it is unknown.
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
        self._received = 0  # bytes of the answers before this one
        self._parts = [_Part(0)]
        self._kept = 0  # bytes in the parts
        self._seen = 0  # where the last byte that came stood, and one more
        self._window = FIRST

    @property
    def bytes_read(self) -> int:
        """Bytes of bodies that came so far, as sent."""
        return self._received + (self._answer.received if self._answer else 0)

    @property
    def requests(self) -> int:
        """Requests that were made so far, those that were redirected among them."""
        return self._hops + self._line.requests

    def read(self, offset: int, size: int, /) -> bytes:
        """Return ``size`` bytes from ``offset``, fewer at the end of the file.

        Raises:
            Unreadable: The server doesn't give them.
            OwnNetwork: The connection was lost, and this machine's network doesn't lead back.
            TooMuch: More of the file would have to be read than may be.
        """
        content = bytearray()
        while len(content) < size and (
            piece := self._piece(offset + len(content), size - len(content))
        ):
            content += piece
        return bytes(content)

    def count(self, limit: int, /) -> int:
        """Count the file's bytes where its size is unknown, keeping nothing.

        What was not read before can't be read afterwards, unless the server gives ranges.

        Args:
            limit: How many bytes matter: counting stops when there are more.

        Returns:
            The file's size, or a number above the limit.

        Raises:
            Unreadable: The server doesn't give the bytes.
            OwnNetwork: The connection was lost, and this machine's network doesn't lead back.
        """
        if len(self._parts) > 1:
            self._leave()  # it goes on from another place
            self._seen = self._parts[0].end
        while self.size is None and self._seen <= limit and (answer := self._next()):
            chunk = answer.read(FIRST)
            self._seen += len(chunk)
            if not chunk:
                self._end()
        self._leave()
        return self._seen if self.size is None else self.size

    def close(self) -> None:
        """Give the connection up."""
        self._leave()
        self._line.close()

    def _piece(self, offset: int, size: int) -> bytes:
        """Some of ``size`` bytes from ``offset``; none at the end of the file."""
        while self.size is None or offset < self.size:
            for part in self._parts:
                if part.start <= offset < part.end:
                    begin = offset - part.start
                    return bytes(part.content[begin : begin + size])
            self._load(offset, size if self.size is None else min(size, self.size - offset))
        return b""

    def _load(self, offset: int, size: int) -> None:
        """Get on: read on towards ``offset``, ask for what is there, or find the file's end."""
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
        """Keep up to ``wanted`` more bytes of an answer."""
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
        """Ask for ``size`` bytes from ``offset``, or for more: the next read may want them."""
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
        """Read the rest of an answer, if it is short, so that its connection can be used again."""
        while (answer := self._answer) is not None and answer.span is not None:
            rest = answer.span.end - self._parts[-1].end
            if not 0 < rest <= min(FIRST, MOST - self._kept):
                break
            self._read_on(answer, rest)
        self._leave()

    def _next(self) -> Answer | None:
        """The answer to count on in; None where there is none, or the file is at its end."""
        if self._answer is None and self._ranged:
            self._answer = self._ask(self._seen, "")
        return self._answer

    def _ask(self, first: int, last: str) -> Answer | None:
        """Ask for a range.

        Args:
            first: The offset of its first byte.
            last: The offset of its last byte, or "" for the file's end.

        Returns:
            Its beginning, or None when the file ends before it; the size is known then.
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
        """Whether an answer is the part from ``first`` on of the file as it was."""
        span = answer.span
        # Some servers don't look at If-Range: a part of a file that has one shows its version.
        unsaid = None if self._validator else self._etag
        return (
            span is not None
            and span.first == first
            and (span.total is None or span.total == self.size)
            and answer.fields.get("etag", unsaid) == self._etag
        )

    def _ends_before(self, first: int, answer: Answer) -> bool:
        """Whether an answer says that the file has no byte at ``first``; its size is known then."""
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
        """The fault of a server that gave a part of the file, and now doesn't."""
        if answer.status not in {OK, PARTIAL, UNSATISFIABLE}:
            return refused(answer, self._about)
        return Unreadable(
            f"{self._about} changed while it was read, or its server gives wrong parts of it "
            f"(it answers {answer.phrase}); try again",
            limit=PARTIAL,
            actual=answer.status,
        )

    def _end(self) -> None:
        """Note that the answer is over; one that is no part is the whole file."""
        if not self._ranged:
            self.size = self._seen
        self._leave()

    def _leave(self) -> None:
        """Leave the answer; its connection is kept if the body was read to its end."""
        if self._answer is not None:
            self._received += self._answer.received
            self._answer.close()
            self._answer = None


def _too_much(wanted: int) -> TooMuch:
    return TooMuch(f"{wanted:,} bytes of it would have to be read; a check reads {MOST:,} at most")
