"""A file that grows under a name of its own and takes its final name when it is whole.

Rules:

- It grows beside its final place, as ``.runcomfy-<random>.part``, made new. That name goes when
  the block is left, however it is left; only a killed process leaves it behind.
- It is on disk (fsync) before it takes its name. It never takes another file's name: a symbolic
  link is a file too, even one that leads nowhere.
- An equal file that is there already counts as this one, so that what was interrupted after some
  files can be done again.
- A file of no bytes holds nothing to lose, and is replaced: a crash leaves one, and so did earlier
  versions of this client where a server sent nothing.
- It has the mode that the umask asks for from the start: the kernel applies it without a race.
- Every fault of the file system is a :class:`~.._web.faults.Refused` that says what failed.
"""

from __future__ import annotations

import contextlib
import filecmp
import os
import secrets
import stat
from typing import TYPE_CHECKING, Final, Self

from runcomfy_core.interrupts import pass_on
from runcomfy_core.web.faults import Refused

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path
    from types import TracebackType

_WINDOWS: Final = os.name == "nt"

#: O_BINARY is Windows' own: without it, line ends would be changed.
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_MODE: Final = 0o666

_CLOSED: Final = -1


class PartFile:
    """A file in the making. Use as a context manager; its directory is made if need be.

    Attributes:
        size: Bytes that it has.
    """

    def __init__(self, directory: Path) -> None:
        self.size = 0
        self._directory = directory
        self._path = _part_name(directory)
        self._file = _CLOSED

    def __enter__(self) -> Self:
        with _told(f"the directory {self._directory} can't be made"):
            self._directory.mkdir(parents=True, exist_ok=True)
        with _told(f"no file can be made in {self._directory}"):
            self._file = os.open(self._path, _NEW, _MODE)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # What went wrong before matters more than what goes wrong here.
        with contextlib.suppress(OSError):
            self._close()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def write(self, data: bytes) -> None:
        """Append."""
        rest = memoryview(data)
        with _told(f"it can't be written to {self._directory}"):
            while rest:
                count = os.write(self._file, rest)
                self.size += count
                rest = rest[count:]

    def restart(self) -> None:
        """Make it empty."""
        with _told(f"it can't be written to {self._directory}"):
            os.lseek(self._file, 0, os.SEEK_SET)
            os.ftruncate(self._file, 0)
        self.size = 0

    def head(self, size: int) -> bytes:
        """The first bytes of it."""
        with _told(f"it can't be read in {self._directory}"), self._path.open("rb") as file:
            return file.read(size)

    def place(self, path: Path) -> None:
        """Give it its final name, in the same directory.

        Raises:
            Refused: The name is another file's, or can't be made.
        """
        with _told(f"it can't be written to {self._directory}"):
            os.fsync(self._file)
            self._close()
        with _told(f"it can't be given its name {path.name!r} in {self._directory}"):
            while not self._has_name(path):
                _take_away(path)
        _sync_directory(self._directory)

    def _has_name(self, path: Path) -> bool:
        """Give it a name, unless a file of no bytes has it; an equal file counts as this one.

        Raises:
            Refused: Another file has it.
        """
        try:
            _rename(self._path, path)
        except FileExistsError:
            there = path.lstat()
            if _is_empty(there):
                return False
            if not (stat.S_ISREG(there.st_mode) and filecmp.cmp(self._path, path, shallow=False)):
                raise Refused(_taken(path)) from None
        return True

    def _close(self) -> None:
        file, self._file = self._file, _CLOSED
        if file != _CLOSED:
            os.close(file)


def check_free(path: Path, size: int | None) -> None:
    """See that a file of *size* bytes (None for not known) may still become *path*.

    Raises:
        Refused: Another file is there: better known before a gigabyte was fetched than after.
    """
    with _told(f"{path} can't be looked at"):
        try:
            there = path.lstat()
        except FileNotFoundError:
            return
    fits = stat.S_ISREG(there.st_mode) and size in {None, there.st_size}
    if not fits and not _is_empty(there):
        raise Refused(_taken(path))


def _is_empty(there: os.stat_result) -> bool:
    return stat.S_ISREG(there.st_mode) and not there.st_size


def _take_away(path: Path) -> None:
    """Remove a file of no bytes.

    Raises:
        Refused: It has got some meanwhile.
    """
    # Not unlink, which would take away whatever is there by then: what was moved is looked at.
    aside = _part_name(path.parent)
    path.rename(aside)
    if not _is_empty(aside.lstat()):
        _rename(aside, path)
        aside.unlink(missing_ok=True)
        raise Refused(_taken(path))
    aside.unlink()


def _part_name(directory: Path) -> Path:
    return directory / f".runcomfy-{secrets.token_hex(8)}.part"


def _taken(path: Path) -> str:
    return f"{path} exists already as something else, which is never replaced: choose another name"


def _rename(source: Path, target: Path) -> None:
    """Move a file to a name that is free.

    Raises:
        FileExistsError: It is not.
    """
    if _WINDOWS:
        source.rename(target)  # which refuses there
        return
    try:
        # Not rename, which replaces. The old name goes when the block is left.
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:  # FAT and some network file systems have no hard links
        _rename_by_reserving(source, target)


def _rename_by_reserving(source: Path, target: Path) -> None:
    """The same with an empty file that holds the name until it is replaced.

    Should the process be killed between the two, the empty file stays, for the next download to
    replace. Hence only where there is no better way.
    """
    os.close(os.open(target, _NEW, _MODE))
    try:
        source.replace(target)
    except BaseException:
        target.unlink()
        raise


def _sync_directory(directory: Path) -> None:
    """Have the new name outlast a power cut, where the system can."""
    # Windows opens no directories, some file systems sync none, and one that may be written but
    # not read can't be opened. The file is there, and whole.
    with contextlib.suppress(OSError):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextlib.contextmanager
def _told(what: str) -> Generator[None]:
    """Turn a fault of the file system into a reason."""
    try:
        yield
    except OSError as error:
        pass_on(error)
        reason = f"{what} ({error.strerror or error})"
    else:
        return
    raise Refused(reason)
