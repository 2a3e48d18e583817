"""Files of this machine, content in memory and ``data:`` URIs, read as a remote file is read.

Rules:

- A check of a file reads its header alone; a submission reads it once, whole, and what is checked
  then is what is sent.
- A file object is read from where it stands, and put back there if it can be, so that an input
  may be used twice.
- Whatever a file object raises, or gives in the place of bytes, is an :class:`UnreadableFile`.
- A path is never waited for: one that leads to a pipe or a device is refused.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import stat
from typing import TYPE_CHECKING, BinaryIO, Final, TypeVar, cast

import attrs

from runcomfy_core.text import one_line

from .data import decode
from .sniff import BEGINNING, media_type

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path
    from types import TracebackType
    from typing import Self

T = TypeVar("T")

#: Bytes that are read at a time where it isn't known how many there are.
_PIECE: Final = 1024 * 1024

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

    Raises:
        UnreadableFile: It can't be measured.
    """

    def __init__(self, file: BinaryIO, *, owned: bool) -> None:
        self._file = file
        self._owned = owned
        with _unreadable():
            self.start = _given(file.tell())
            # Not what seek() gives, which for some file objects is nothing.
            _given(file.seek(0, io.SEEK_END))
            self.size = max(_given(file.tell()) - self.start, 0)
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
        data = b""
        with _unreadable():
            _given(self._file.seek(self.start + offset))
            # One read may give less: a file object without a buffer gives what it likes.
            while len(data) < size and (piece := _binary(self._file.read(size - len(data)))):
                data = data + piece if data else piece
        self.bytes_read += len(data)
        return data[:size]

    def count(self, limit: int) -> int:  # noqa: ARG002 - as for a remote file
        """Return the size."""
        return self.size

    def close(self) -> None:
        """Close a file that was opened here; put back one that wasn't."""
        if self._owned:
            self._file.close()
            return
        # What was read is read, whether it can be put back or not.
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
    """Open what :func:`~.values.is_local` says is a file, or a sound ``data:`` URI, to look at it.

    Returns:
        The file, or None when it can be read only once, which is left to the submission.

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
    """Read what :func:`~.values.is_local` says is a file into memory.

    Args:
        value: The file.
        limit: Bytes that it may have.

    Raises:
        UnreadableFile: It is larger, or it can't be read.
    """
    with _unreadable():
        if isinstance(value, (bytes, bytearray, memoryview)):
            return Content(_within(cast("bytes", value), limit))
        if isinstance(value, os.PathLike):
            with _opened(cast("Path", value)) as file:
                return _read(file, limit)
        return _read(cast("BinaryIO", value), limit)


def named(value: object) -> object:
    """Return what a problem has of a file: its path, or of what type it is."""
    return cast("object", value) if isinstance(value, os.PathLike) else type(value).__name__


@contextlib.contextmanager
def _unreadable() -> Generator[None]:
    """Whatever a file raises in the block is an UnreadableFile."""
    try:
        yield
    except UnreadableFile:
        raise
    # Everything: a caller's file object may be of any class, and decompress or fetch what it gives.
    except Exception as error:  # noqa: BLE001
        raise UnreadableFile(_reason(error)) from None


def _opened(path: os.PathLike[str]) -> BinaryIO:
    """Open a regular file; the caller closes it.

    Raises:
        UnreadableFile: It is something else, which may never give a byte, or never end.
    """
    file = open(path, "rb", opener=_without_waiting)  # noqa: SIM115 - any PathLike
    mode = os.fstat(file.fileno()).st_mode
    if stat.S_ISREG(mode):
        return file
    file.close()
    what = "a named pipe" if stat.S_ISFIFO(mode) else "a device"
    raise UnreadableFile(
        f"{one_line(os.fsdecode(path))} is {what} and no file; open it yourself and pass the bytes"
    )


def _without_waiting(path: str, flags: int) -> int:
    """Open a path; a named pipe would wait for whoever writes to it."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _seekable(file: BinaryIO) -> bool:
    seekable = getattr(file, "seekable", None)
    return bool(seekable and _given(seekable()))


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
    while given := _given(file.read(_PIECE)):
        data += _binary(given)
        _check_size(len(data), limit)
    if not data and hasattr(type(file), "data"):  # a response of urllib3's, as a rule
        raise UnreadableFile("is empty: it was read already; pass its .data")
    _binary(given)
    return Content(bytes(data))


def _binary(data: object) -> bytes:
    """Return what a file gave when it was read, if that is bytes."""
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
    """Return what a method of a file object gave, if that is not to be awaited."""
    if inspect.isawaitable(value):
        if inspect.iscoroutine(value):
            value.close()  # or Python warns that nobody awaited it
        raise UnreadableFile("is read by awaiting: await its read() first and pass the bytes")
    return value


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
    """Say why a file can't be read, in a line that can be printed, whatever its path."""
    if isinstance(error, FileNotFoundError) and error.filename is not None:
        # Only a shell knows what it means.
        hint = "; call .expanduser()" if str(error.filename).startswith("~") else ""
        return f"there is no such file: {one_line(str(error.filename))}{hint}"
    if isinstance(error, OSError) and error.strerror:
        named = "" if error.filename is None else f" {one_line(str(error.filename))}"
        return f"the file{named} can't be read: {one_line(str(error.strerror))}"
    kind = type(error).__name__
    # Of ValueError and OSError the words say enough; those of other kinds may be a name alone.
    named = "" if isinstance(error, (OSError, ValueError)) else f"{kind}: "
    try:
        words = one_line(str(error))
    except Exception:  # noqa: BLE001 - a caller's own class
        words = ""
    return f"the file can't be read: {named}{words}" if words else f"the file can't be read: {kind}"
