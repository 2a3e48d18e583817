"""File objects for the libraries that measure files.

There are two adapters. :class:`Reader` is a file object for a source that is read by ranges.
:class:`Tap` stands between a file and a library, and prevents three things:

- The library must not swallow or translate an error of the file. imagesize ignores some errors, and
  PyAV can only print a second one.
- The library must not read a hostile file endlessly.
- The library must not get more bytes than it asked for, because PyAV copies them unchecked into a
  buffer of the size that it asked for.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: The most reads of one file. A valid header takes a few dozen.
_MOST_READS: Final = 65_536


class Source(Protocol):
    """A source that is read by ranges."""

    @property
    def size(self) -> int | None:
        """The number of bytes, or None while it is unknown."""
        ...

    def read(self, offset: int, size: int, /) -> bytes:
        """Return at most *size* bytes from *offset*."""
        ...


class File(Protocol):
    """The part of a binary file object that measuring needs."""

    def read(self, size: int, /) -> bytes:
        """Return at most *size* bytes from the current position."""
        ...

    def seek(self, offset: int, whence: int, /) -> int:
        """Move the position, and return it, counted from the start."""
        ...


class Reader(io.RawIOBase):
    """A file object over a source.

    Args:
        source: The source. Its exceptions pass through.

    Attributes:
        failure: The exception that the source raised, which tells it from the reader's own errors.
    """

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.failure: BaseException | None = None
        self._source = source
        self._position = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position, in bytes from the beginning."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move the position without reading. It may be past the end.

        Returns:
            The position, in bytes from the beginning.

        Raises:
            io.UnsupportedOperation: It is relative to the end, and the size is unknown.
            ValueError: It is before the beginning.
        """
        position = self._origin(whence) + offset
        if position < 0:
            raise ValueError(f"there is no position {position} in a file")
        self._position = position
        return position

    def _origin(self, whence: int) -> int:
        if whence == os.SEEK_SET:
            return 0
        if whence == os.SEEK_CUR:
            return self._position
        if self._source.size is None:
            raise io.UnsupportedOperation("the size of the file is not known")
        return self._source.size

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read bytes into a buffer, and return their number."""
        if self._source.size is not None and self._position >= self._source.size:
            return 0
        view = memoryview(buffer).cast("B")
        try:
            data = self._source.read(self._position, len(view))[: len(view)]
        except BaseException as error:
            self.failure = error
            raise
        view[: len(data)] = data
        self._position += len(data)
        return len(data)


class Tap:
    """A file object for a library, to which any error looks like the end of the file.

    Call :meth:`settle` when the library is done, whether it failed or not.

    Args:
        file: The file.
        most: The most bytes that the library may read in all.

    Attributes:
        spent: Whether the library wanted to read more than it may.
    """

    def __init__(self, file: File, most: int) -> None:
        self.spent = False
        self._file = file
        self._most = most
        self._reads = _MOST_READS
        self._error: BaseException | None = None
        self._position = 0
        self._size = _size(file)

    def settle(self) -> None:
        """Raise the exception that the file raised, if any."""
        if self._error is not None:
            raise self._error

    def seekable(self) -> bool:
        """Return whether the size is known. Without it, PyAV had better read straight through."""
        return self._size is not None

    def tell(self) -> int:
        """Return the position, in bytes from the beginning."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position without reading.

        Returns:
            The position in bytes from the beginning. It is -1, as in C, if it would be before the
            beginning, because an exception can't pass through PyAV here.

        Raises:
            io.UnsupportedOperation: It is relative to the end, and the size is unknown.
        """
        if whence == os.SEEK_CUR:
            offset += self._position
        elif whence == os.SEEK_END:
            if self._size is None:
                raise io.UnsupportedOperation("the size of the file is not known")
            offset += self._size
        if offset < 0:
            return -1
        self._position = offset
        return offset

    def read(self, size: int) -> bytes:
        """Return at most *size* bytes; none after an error or beyond the limits."""
        if self._error is not None or self.spent:
            return b""
        allowed = min(size, self._most) if self._reads else 0
        try:
            data = part(self._file, self._position, allowed)[:allowed]
        # BaseException, so that Ctrl-C is not lost inside a library; `settle` raises it.
        except BaseException as error:  # noqa: BLE001
            self._error = error
            return b""
        self._position += len(data)
        self._most -= len(data)
        self._reads -= 1
        self.spent = len(data) == allowed < size
        return data


def _size(file: File) -> int | None:
    try:
        return file.seek(0, os.SEEK_END)
    except io.UnsupportedOperation:
        return None


def part(file: File, offset: int, size: int) -> bytes:
    """Return *size* bytes from *offset*, fewer at the end of the file."""
    # Only a hostile header leads to an offset above sys.maxsize, for which seek() would raise.
    if size == 0 or offset > sys.maxsize:
        return b""
    file.seek(offset, os.SEEK_SET)
    return file.read(size)
