"""Local files, content in memory and ``data:`` URIs, with the same methods as a remote file.

Rules:

- A media check reads only a file's header. A submission reads the whole file once, and sends the
  same bytes that it checks.
- A file object is read from its current position, and put back there if possible, so that an input
  can be used twice.
- If a file object raises, or returns anything other than bytes, that is an :class:`UnreadableFile`.
- Opening a path never blocks: a path to a pipe or a device is refused.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import stat
from typing import TYPE_CHECKING, BinaryIO, Final, TypeVar, cast

import attrs

from runcomfy_core.interrupts import pass_on
from runcomfy_core.text import one_line

from .data import decode
from .sniff import BEGINNING, media_type

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path
    from types import TracebackType
    from typing import Self

T = TypeVar("T")

#: The number of bytes that are read at a time from a file of unknown size.
_PIECE: Final = 1024 * 1024

#: The number of bytes from which a content's type is told.
_HEAD: Final = 4096


class UnreadableFile(Exception):  # noqa: N818 - the name says what happened
    """A local file can't be read. The message follows its JSON pointer."""


@attrs.frozen
class Content:
    """A file that is in memory.

    Attributes:
        data: The whole content.
        start: The position in bytes from which a file object was read.
    """

    data: bytes = attrs.field(repr=False)
    start: int = 0

    @property
    def type(self) -> str:
        """The media type with which the file is sent, told from its content."""
        return media_type(self.data[:_HEAD]) or "application/octet-stream"

    @property
    def size(self) -> int:
        """The number of bytes."""
        return len(self.data)

    @property
    def bytes_read(self) -> int:
        """The number of bytes that were read: all of them."""
        return len(self.data)

    def read(self, offset: int, size: int) -> bytes:
        """Return *size* bytes from *offset*, fewer at the end."""
        return self.data[offset : offset + size]

    def count(self, limit: int) -> int:  # noqa: ARG002 - a remote file needs the limit
        """Return the size."""
        return self.size

    def close(self) -> None:
        """Do nothing, for there is nothing to close."""


class OpenFile:
    """A file on disk, or a file object that can seek, of which parts are read.

    Attributes:
        start: The position in bytes at which the file object was passed.
        size: The number of bytes from there to the end.
        bytes_read: The number of bytes that were read so far.

    Raises:
        UnreadableFile: Its size can't be found out.
    """

    def __init__(self, file: BinaryIO, *, owned: bool) -> None:
        self._file = file
        self._owned = owned
        with _unreadable():
            self.start = _given(file.tell())
            # tell() gives the position, because seek() of some file objects returns None.
            _given(file.seek(0, io.SEEK_END))
            self.size = max(_given(file.tell()) - self.start, 0)
        self.bytes_read = 0
        self._beginning = b""

    def read(self, offset: int, size: int) -> bytes:
        """Return *size* bytes from *offset*, fewer at the end.

        Raises:
            UnreadableFile: The system can't read it.
        """
        # The beginning is kept, because it is read once to tell the type and once to measure.
        data = self._beginning[offset : offset + size]
        if len(data) < size and offset + len(data) < self.size:
            data += self._read(offset + len(data), size - len(data))
        if offset == 0 and len(self._beginning) < len(data) <= BEGINNING:
            self._beginning = data
        return data

    def _read(self, offset: int, size: int) -> bytes:
        """Return *size* bytes from *offset*, read from the file itself."""
        data = b""
        with _unreadable():
            _given(self._file.seek(self.start + offset))
            # One read of an unbuffered file object may return fewer bytes.
            while len(data) < size and (piece := _binary(self._file.read(size - len(data)))):
                data = data + piece if data else piece
        self.bytes_read += len(data)
        return data[:size]

    def count(self, limit: int) -> int:  # noqa: ARG002 - a remote file needs the limit
        """Return the size."""
        return self.size

    def close(self) -> None:
        """Close a file that was opened here, or put a user's file object back where it was."""
        if self._owned:
            self._file.close()
            return
        # The reads succeeded, so it is no error if the file object can't be put back.
        with contextlib.suppress(UnreadableFile), _unreadable():
            _given(self._file.seek(self.start))

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
    """Open a local file (by :func:`~runcomfy_core.media.values.is_local`) or a valid ``data:`` URI.

    Returns:
        The file, or None when it can be read only once, which the submission does.

    Raises:
        UnreadableFile: There is no such file, or it can't be read.
    """
    if isinstance(value, str):
        return Content(decode(value)[1])
    with _unreadable():
        if isinstance(value, (bytes, bytearray, memoryview)):
            return Content(bytes(cast("bytes", value)))
        if isinstance(value, os.PathLike):
            return OpenFile(_opened(cast("Path", value)), owned=True)
        file = cast("BinaryIO", value)
        return OpenFile(file, owned=False) if _seekable(file) else None


def load(value: object, limit: int) -> Content:
    """Read a local file (by :func:`~runcomfy_core.media.values.is_local`) into memory.

    Args:
        value: The file.
        limit: The most bytes that it may have.

    Raises:
        UnreadableFile: It is too large, or it can't be read.
    """
    with _unreadable():
        if isinstance(value, (bytes, bytearray, memoryview)):
            return Content(_within(cast("bytes", value), limit))
        if isinstance(value, os.PathLike):
            with _opened(cast("Path", value)) as file:
                return _read(file, limit)
        return _read(cast("BinaryIO", value), limit)


def named(value: object) -> object:
    """Return what a problem shows of a file: its path, or the name of its Python type."""
    return cast("object", value) if isinstance(value, os.PathLike) else type(value).__name__


@contextlib.contextmanager
def _unreadable() -> Generator[None]:
    """Turn any exception that a file raises in the block into an UnreadableFile."""
    try:
        yield
    except UnreadableFile:
        raise
    # Exception, because a user's file object may be of any class, and may decompress or download.
    except Exception as error:  # noqa: BLE001
        pass_on(error)
        raise UnreadableFile(_reason(error)) from None


def _opened(path: os.PathLike[str]) -> BinaryIO:
    """Open a regular file; the caller closes it.

    Raises:
        UnreadableFile: It is something else, such as a pipe, which may never give a byte or end.
    """
    file = open(path, "rb", opener=_without_waiting)  # noqa: SIM115 - the caller closes it
    mode = os.fstat(file.fileno()).st_mode
    if stat.S_ISREG(mode):
        return file
    file.close()
    what = "a named pipe" if stat.S_ISFIFO(mode) else "a device"
    raise UnreadableFile(
        f"{one_line(os.fsdecode(path))} is {what} and no file; open it yourself and pass the bytes"
    )


def _without_waiting(path: str, flags: int) -> int:
    """Open a path without waiting. Opening a named pipe would wait until something writes to it."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _seekable(file: BinaryIO) -> bool:
    seekable = getattr(file, "seekable", None)
    return bool(seekable and _given(seekable()))


def read_from(start: int) -> str:
    """Return words that a file object was not read from its beginning, and what to do about it."""
    return (
        f"it was read from where it stood, {start:,} bytes behind its beginning: "
        "call seek(0) first to have all of it"
    )


def _read(file: BinaryIO, limit: int) -> Content:
    """Read a file to its end, or until it turns out too large."""
    if _seekable(file):
        with OpenFile(file, owned=False) as opened:
            _check_size(opened.size, limit)
            if opened.start and not opened.size:
                raise UnreadableFile(f"is empty; {read_from(opened.start)}")
            return Content(opened.read(0, opened.size), opened.start)
    data = bytearray()
    while given := _given(file.read(_PIECE)):
        data += _binary(given)
        _check_size(len(data), limit)
    if not data and hasattr(type(file), "data"):  # usually a response of urllib3's
        raise UnreadableFile("is empty: it was read already; pass its .data")
    _binary(given)
    return Content(bytes(data))


def _binary(data: object) -> bytes:
    """Return what a file's read returned, if it is bytes.

    Raises:
        UnreadableFile: It is anything else.
    """
    given = _given(data)
    if isinstance(given, (bytes, bytearray, memoryview)):
        return bytes(cast("bytes", given))
    if isinstance(given, str):
        raise UnreadableFile("gives text when it is read; open it in binary")
    if given is None:
        raise UnreadableFile(
            "gives no bytes yet: it does not wait for them; read it whole and pass the bytes"
        )
    kind = type(given).__name__
    raise UnreadableFile(f"gives a value of type {kind} when it is read, not bytes")


def _given(value: T) -> T:
    """Return what a file object's method returned, if it is not awaitable.

    Raises:
        UnreadableFile: It is awaitable.
    """
    if inspect.isawaitable(value):
        if inspect.iscoroutine(value):
            value.close()  # otherwise Python warns that it was never awaited
        raise UnreadableFile("is read by awaiting: await its read() first and pass the bytes")
    return value


def _within(data: bytes, limit: int) -> bytes:
    """Return any buffer as bytes, if it isn't too large."""
    _check_size(memoryview(data).nbytes, limit)
    return bytes(data)


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise UnreadableFile(
            f"is too large to be sent in the request, which may have 64 MiB in all: {size:,} bytes"
            " and more; upload it and pass its URL"
        )


def _reason(error: Exception) -> str:
    """Return why a file can't be read, in one printable line, whatever its path is."""
    if isinstance(error, FileNotFoundError) and error.filename is not None:
        # Only a shell expands ~.
        hint = "; call .expanduser()" if str(error.filename).startswith("~") else ""
        return f"there is no such file: {one_line(str(error.filename))}{hint}"
    if isinstance(error, OSError) and error.strerror:
        named = "" if error.filename is None else f" {one_line(str(error.filename))}"
        return f"the file{named} can't be read: {one_line(str(error.strerror))}"
    kind = type(error).__name__
    # The message of a ValueError or OSError says enough. That of another class may be a bare name,
    # as with KeyError.
    named = "" if isinstance(error, (OSError, ValueError)) else f"{kind}: "
    try:
        words = one_line(str(error))
    except Exception as fault:  # noqa: BLE001 - a user's class may raise anything
        pass_on(fault)
        words = ""
    return f"the file can't be read: {named}{words}" if words else f"the file can't be read: {kind}"
