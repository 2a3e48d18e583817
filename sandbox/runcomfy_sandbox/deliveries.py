"""The ways to send an answer: complete, or in one of the ways in which servers and networks fail.

A delivery is a value that says which part of a body is sent and what follows. `wire` performs it.
"""

from __future__ import annotations

import enum
import itertools
from typing import TYPE_CHECKING, ClassVar

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 16 * 1024


class Ending(enum.Enum):
    """What happens after the last byte that is sent."""

    COMPLETE = enum.auto()
    """The answer ends normally."""
    CLOSED = enum.auto()
    """The connection closes."""
    SILENT = enum.auto()
    """Nothing happens until the caller closes the connection."""


@attrs.frozen
class Delivery:
    """The complete answer, sent at once with its correct length. Subclasses change some of this."""

    begins: ClassVar[bool] = True
    """Whether status and headers are sent."""
    pause: ClassVar[float] = 0.0
    """The pause after each piece of the body, in seconds."""

    @property
    def ending(self) -> Ending:
        """What happens after the last piece."""
        return Ending.COMPLETE

    def length(self, body: bytes) -> int | None:
        """Return the Content-Length, or None to send the body in chunks without one."""
        return len(body)

    def pieces(self, body: bytes) -> Iterator[bytes]:
        """Yield the pieces of the body that are sent."""
        yield body


WHOLE = Delivery()


@attrs.frozen
class Unanswered(Delivery):
    """No byte of an answer.

    Attributes:
        ending: What happens instead.
    """

    begins: ClassVar[bool] = False
    ending: Ending


@attrs.frozen
class Broken(Delivery):
    """The headers and the first bytes of the body.

    Attributes:
        ending: What happens after these bytes.
        offset: How many bytes of the body are sent; None means half of it.
    """

    ending: Ending
    offset: int | None = None

    def pieces(self, body: bytes) -> Iterator[bytes]:
        """See `Delivery.pieces`."""
        yield body[: len(body) // 2 if self.offset is None else self.offset]


@attrs.frozen
class Mismeasured(Delivery):
    """A body whose length doesn't match the original.

    Attributes:
        surplus: How many bytes too many the Content-Length announces; the connection closes after
            the body. If negative, so many bytes at the end of the body are left out, and the
            Content-Length matches the rest.
    """

    surplus: int

    @property
    def ending(self) -> Ending:
        """See `Delivery.ending`."""
        return Ending.CLOSED if self.surplus > 0 else Ending.COMPLETE

    def length(self, body: bytes) -> int:
        """See `Delivery.length`."""
        return max(0, len(body) + self.surplus)

    def pieces(self, body: bytes) -> Iterator[bytes]:
        """See `Delivery.pieces`."""
        yield body[: self.length(body)]


@attrs.frozen
class Chunked(Delivery):
    """The complete body in chunks, so that its length is known only at the end."""

    def length(self, body: bytes) -> None:
        """See `Delivery.length`."""

    def pieces(self, body: bytes) -> Iterator[bytes]:
        """See `Delivery.pieces`."""
        for start in range(0, len(body), _CHUNK):
            yield body[start : start + _CHUNK]


@attrs.frozen
class Dripping(Chunked):
    """A byte every 0.2 seconds; after the body, its last byte is repeated for ever."""

    pause: ClassVar[float] = 0.2

    def pieces(self, body: bytes) -> Iterator[bytes]:
        """See `Delivery.pieces`."""
        for byte in itertools.chain(body, itertools.repeat(body[-1])):
            yield bytes([byte])
