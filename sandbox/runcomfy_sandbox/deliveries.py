"""How an answer goes out: whole, or in one of the ways in which servers and networks fail.

A delivery is a value that says what is sent of a body, and what comes after it; `wire` plays it.
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
    """What follows the last byte that is sent."""

    COMPLETE = enum.auto()
    """The end of the answer."""
    CLOSED = enum.auto()
    """The connection closes."""
    SILENT = enum.auto()
    """Nothing, until the caller goes away."""


@attrs.frozen
class Delivery:
    """The whole answer, at once, with its right length. The others change what they must."""

    begins: ClassVar[bool] = True
    """Whether status and headers are sent."""
    pause: ClassVar[float] = 0.0
    """Seconds after each piece of the body."""

    @property
    def ending(self) -> Ending:
        """What follows the last piece."""
        return Ending.COMPLETE

    def length(self, body: bytes) -> int | None:
        """The Content-Length; None sends the body in chunks, without one."""
        return len(body)

    def pieces(self, body: bytes) -> Iterator[bytes]:
        """What is sent of the body."""
        yield body


WHOLE = Delivery()


@attrs.frozen
class Unanswered(Delivery):
    """Not a byte.

    Attributes:
        ending: What happens instead.
    """

    begins: ClassVar[bool] = False
    ending: Ending


@attrs.frozen
class Broken(Delivery):
    """The headers and the first bytes of the body.

    Attributes:
        ending: What happens then.
        offset: How many bytes; None means half of the body.
    """

    ending: Ending
    offset: int | None = None

    def pieces(self, body: bytes) -> Iterator[bytes]:
        """See `Delivery.pieces`."""
        yield body[: len(body) // 2 if self.offset is None else self.offset]


@attrs.frozen
class Mismeasured(Delivery):
    """A Content-Length that is wrong.

    Attributes:
        surplus: How many bytes too many are announced; the connection closes where the body ends.
            If it is negative, the last bytes of the body are left out, and all seems well.
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
    """The whole body in chunks: how long it is shows at its end."""

    def length(self, body: bytes) -> None:
        """See `Delivery.length`."""

    def pieces(self, body: bytes) -> Iterator[bytes]:
        """See `Delivery.pieces`."""
        for start in range(0, len(body), _CHUNK):
            yield body[start : start + _CHUNK]


@attrs.frozen
class Dripping(Chunked):
    """A byte every 0.2 seconds, and after the body its last byte again and again, for ever."""

    pause: ClassVar[float] = 0.2

    def pieces(self, body: bytes) -> Iterator[bytes]:
        """See `Delivery.pieces`."""
        for byte in itertools.chain(body, itertools.repeat(body[-1])):
            yield bytes([byte])
