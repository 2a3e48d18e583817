"""Files as the libraries that measure them want them.

Two adapters: :class:`Reader` makes a file object of something that is read by ranges, :class:`Tap`
stands between a file and a library that must be kept from three things. It may not swallow or
translate an error of the file's (imagesize passes over some; PyAV can only print a second one),
it may not read on for ever in a hostile file, and it may not get more bytes than it asked for
(PyAV copies them into a buffer of that size, unchecked).
"""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: Reads of one file. A sound header takes a few dozen; no file is worth more time.
_MOST_READS: Final = 65_536


class Source(Protocol):
    """What is read by ranges.

    Attributes:
        size: Bytes; None while that is unknown.
    """

    @property
    def size(self) -> int | None:
        """Return how many bytes there are, or None where nobody knows."""
        ...

    def read(self, offset: int, size: int, /) -> bytes:
        """Return at most *size* bytes from *offset*."""
        ...


class File(Protocol):
    """The part of a binary file object that measuring needs."""

    def read(self, size: int, /) -> bytes:
        """Return at most *size* bytes from where it stands."""
        ...

    def seek(self, offset: int, whence: int, /) -> int:
        """Go to an offset; return it from the start."""
        ...


class Reader(io.RawIOBase):
    """A file object over a source.

    Args:
        source: What is read. Its exceptions pass through.

    Attributes:
        failure: What the source raised, which is none of whoever reads here.
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
        """Move without reading; past the end is allowed.

        Returns:
            The position.

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
        """Fill the buffer as far as the source gives bytes."""
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
    """A file as a library sees it: whatever goes wrong looks like the file's end.

    Call :meth:`settle` when the library is done, whether it failed or not.

    Args:
        file: What is read.
        most: Bytes that the library may read in all.

    Attributes:
        spent: Whether the library wanted more than it may read.
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
        """Raise what the file raised, if it did, as it was."""
        if self._error is not None:
            raise self._error

    def seekable(self) -> bool:
        """Return whether the size is known; without it PyAV had better read straight on."""
        return self._size is not None

    def tell(self) -> int:
        """Return the position, in bytes from the beginning."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move without reading.

        Returns:
            The position; -1, as C has it, for one before the beginning: PyAV can't raise here.

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
        """Return at most *size* bytes; none once something went wrong."""
        if self._error is not None or self.spent:
            return b""
        allowed = min(size, self._most) if self._reads else 0
        try:
            data = part(self._file, self._position, allowed)[:allowed]
        # Everything, so that Ctrl-C is not lost inside a library either: `settle` raises it.
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
    # Only a hostile header leads to such an offset, and seek() would not take it.
    if size == 0 or offset > sys.maxsize:
        return b""
    file.seek(offset, os.SEEK_SET)
    return file.read(size)
