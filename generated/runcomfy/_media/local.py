"""Files of this machine, content in memory and ``data:`` URIs, read as a remote file is read.

Rules:

- A check of a file reads its header alone; a submission reads it once, whole, and what is checked
  then is what is sent.
- A file object is read from where it stands, and put back there if it can be, so that an input
  may be used twice.
"""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, BinaryIO, Final, cast

import attrs

from .data import decode
from .sniff import media_type

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

#: Bytes that are read at a time where it isn't known how many there are.
_PIECE: Final = 1024 * 1024

#: Bytes of any file, here or remote, that are looked at first; the header of most is within.
BEGINNING: Final = 64 * 1024

#: Of a content's beginning, what its type is told from.
_HEAD: Final = 4096


class UnreadableFile(Exception):  # noqa: N818 - the name says what happened
    """A local file that can't be read; the words follow its JSON pointer."""


@attrs.frozen
class Content:
    """A file that is in memory.

    Attributes:
        data: All of it.
        start: Where the file object stood from which it was read, in bytes.
    """

    data: bytes = attrs.field(repr=False)
    start: int = 0

    @property
    def type(self) -> str:
        """The media type that it is sent as, told from its content."""
        return media_type(self.data[:_HEAD]) or "application/octet-stream"

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.data)

    @property
    def bytes_read(self) -> int:
        """All of it is there."""
        return len(self.data)

    def read(self, offset: int, size: int) -> bytes:
        """Return *size* bytes from *offset*, fewer at the end."""
        return self.data[offset : offset + size]

    def count(self, limit: int) -> int:  # noqa: ARG002 - as for a remote file
        """Return the size."""
        return self.size

    def close(self) -> None:
        """Do nothing; there is nothing to close."""


class OpenFile:
    """A file on disk, or a file object that can seek, of which parts are read.

    Attributes:
        start: Where it stood, in bytes.
        size: Bytes, from there to its end.
        bytes_read: How many of them were read.
    """

    def __init__(self, file: BinaryIO, *, owned: bool) -> None:
        self._file = file
        self._owned = owned
        self.start = file.tell()
        self.size = max(file.seek(0, io.SEEK_END) - self.start, 0)
        self.bytes_read = 0
        self._beginning = b""

    def read(self, offset: int, size: int) -> bytes:
        """Return *size* bytes from *offset*, fewer at the end.

        Raises:
            UnreadableFile: The system can't read it.
        """
        # What the type was told from is asked for again, to be measured.
        data = self._beginning[offset : offset + size]
        if len(data) < size and offset + len(data) < self.size:
            data += self._read(offset + len(data), size - len(data))
        if offset == 0 and len(self._beginning) < len(data) <= BEGINNING:
            self._beginning = data
        return data

    def _read(self, offset: int, size: int) -> bytes:
        """Return *size* bytes from *offset*, from the file itself."""
        try:
            self._file.seek(self.start + offset)
            data = _binary(self._file.read(size))
        except (OSError, ValueError) as error:
            raise UnreadableFile(_reason(error)) from None
        self.bytes_read += len(data)
        return data

    def count(self, limit: int) -> int:  # noqa: ARG002 - as for a remote file
        """Return the size."""
        return self.size

    def close(self) -> None:
        """Close a file that was opened here; put back one that wasn't."""
        if self._owned:
            self._file.close()
        else:
            self._file.seek(self.start)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def open_local(value: object) -> Content | OpenFile | None:
    """Open what :func:`~.values.is_local` says is a file, or a sound ``data:`` URI, to look at it.

    Returns:
        The file, or None when it can be read only once, which is left to the submission.

    Raises:
        UnreadableFile: There is no such file, or it can't be read.
    """
    if isinstance(value, str):
        return Content(decode(value)[1])
    if isinstance(value, (bytes, bytearray, memoryview)):
        return Content(bytes(cast("bytes", value)))
    try:
        if isinstance(value, os.PathLike):
            return OpenFile(_opened(cast("Path", value)), owned=True)
        file = cast("BinaryIO", value)
        return OpenFile(file, owned=False) if _seekable(file) else None
    except (AttributeError, OSError, ValueError) as error:
        raise UnreadableFile(_reason(error)) from None


def load(value: object, limit: int) -> Content:
    """Read what :func:`~.values.is_local` says is a file into memory.

    Args:
        value: The file.
        limit: Bytes that it may have.

    Raises:
        UnreadableFile: It is larger, or it can't be read.
    """
    if isinstance(value, (bytes, bytearray, memoryview)):
        return Content(_within(cast("bytes", value), limit))
    try:
        if isinstance(value, os.PathLike):
            with _opened(cast("Path", value)) as file:
                return _read(file, limit)
        return _read(cast("BinaryIO", value), limit)
    except (AttributeError, OSError, ValueError) as error:
        raise UnreadableFile(_reason(error)) from None


def _opened(path: os.PathLike[str]) -> BinaryIO:
    return open(path, "rb")  # noqa: PTH123 - any PathLike; the caller closes it


def _seekable(file: BinaryIO) -> bool:
    seekable = getattr(file, "seekable", None)
    return bool(seekable and seekable())


def read_from(start: int) -> str:
    """Say that a file object was read from the middle, and what to do about it."""
    return (
        f"it was read from where it stood, {start:,} bytes behind its beginning: "
        "call seek(0) first to have all of it"
    )


def _read(file: BinaryIO, limit: int) -> Content:
    """Read a file to its end, or as far as shows that it is too large."""
    if _seekable(file):
        with OpenFile(file, owned=False) as opened:
            _check_size(opened.size, limit)
            if opened.start and not opened.size:
                raise UnreadableFile(f"is empty; {read_from(opened.start)}")
            return Content(opened.read(0, opened.size), opened.start)
    data = bytearray()
    while piece := _binary(file.read(_PIECE)):
        data += piece
        _check_size(len(data), limit)
    return Content(bytes(data))


def _binary(data: object) -> bytes:
    if not isinstance(data, (bytes, bytearray)):
        raise UnreadableFile("gives text when it is read; open it in binary")
    return bytes(data)


def _within(data: bytes, limit: int) -> bytes:
    """Return what may be any buffer, if it isn't too large, as bytes."""
    _check_size(memoryview(data).nbytes, limit)
    return bytes(data)


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise UnreadableFile(
            f"is too large to be sent in the request, which may have 64 MiB in all: {size:,} bytes"
            " and more; upload it and pass its URL"
        )


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        # Only a shell knows what it means.
        hint = "; call .expanduser()" if str(error.filename).startswith("~") else ""
        return f"there is no such file: {error.filename}{hint}"
    if isinstance(error, OSError) and error.strerror:
        named = "" if error.filename is None else f" {error.filename}"
        return f"the file{named} can't be read: {error.strerror}"
    return f"the file can't be read: {error}"
