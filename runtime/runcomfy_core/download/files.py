"""Part files: files that are written under temporary names, and get their final names when whole.

Rules:

- A part file is a new file, ``.runcomfy-<random>.part``, in the final file's directory. It is
  removed when the ``with`` block ends, in whatever way. Only a killed process leaves it behind.
- The content is on disk (fsync) before the file gets its final name. An existing file is never
  replaced; a symbolic link counts as a file, even if it leads nowhere.
- If an equal file exists already, it counts as this one. So a download that was interrupted can be
  repeated.
- An existing empty file is replaced, for it holds nothing to lose. Crashes leave empty files, and
  so did earlier versions of this client when a server sent nothing.
- The file's mode follows the umask from the start. The kernel applies it without a race.
- Every error of the file system becomes a :class:`~runcomfy_core.web.faults.Refused` that says what
  failed.
"""

from __future__ import annotations

import contextlib
import filecmp
import os
import secrets
import stat
from typing import TYPE_CHECKING, Final, Self

from runcomfy_core.interrupts import ignoring, pass_on
from runcomfy_core.web.faults import Refused

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path
    from types import TracebackType

_WINDOWS: Final = os.name == "nt"

#: O_BINARY exists only on Windows, where line ends would be changed without it.
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_MODE: Final = 0o666

_CLOSED: Final = -1


class PartFile:
    """A part file. Use it as a context manager. Its directory is made if it doesn't exist.

    Attributes:
        size: The number of bytes that were written.
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
        # An error here matters less than one that was raised in the block.
        with ignoring(OSError):
            self._close()
        with ignoring(OSError):
            self._path.unlink(missing_ok=True)

    def write(self, data: bytes) -> None:
        """Append bytes to the file."""
        rest = memoryview(data)
        with _told(f"it can't be written to {self._directory}"):
            while rest:
                count = os.write(self._file, rest)
                self.size += count
                rest = rest[count:]

    def restart(self) -> None:
        """Make the file empty."""
        with _told(f"it can't be written to {self._directory}"):
            os.lseek(self._file, 0, os.SEEK_SET)
            os.ftruncate(self._file, 0)
        self.size = 0

    def head(self, size: int) -> bytes:
        """Return the first bytes of the file."""
        with _told(f"it can't be read in {self._directory}"), self._path.open("rb") as file:
            return file.read(size)

    def place(self, path: Path) -> None:
        """Give the file its final name, in the same directory.

        Raises:
            Refused: Another file has the name, or the name can't be made.
        """
        with _told(f"it can't be written to {self._directory}"):
            os.fsync(self._file)
            self._close()
        with _told(f"it can't be given its name {path.name!r} in {self._directory}"):
            while not self._has_name(path):
                _take_away(path)
        _sync_directory(self._directory)

    def _has_name(self, path: Path) -> bool:
        """Give the file a name, unless another has it. An equal file counts as this one.

        Returns:
            False if an empty file has the name.

        Raises:
            Refused: Another file that is not empty has the name.
        """
        try:
            _rename(self._path, path)
        except FileExistsError as error:
            pass_on(error)
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
    """Check that a file of *size* bytes can get the name *path*. The size may be unknown (None).

    This check comes before the download, so that no gigabyte is fetched in vain.

    Raises:
        Refused: Another file has the name.
    """
    with _told(f"{path} can't be looked at"):
        try:
            there = path.lstat()
        except FileNotFoundError as error:
            pass_on(error)
            return
    fits = stat.S_ISREG(there.st_mode) and size in {None, there.st_size}
    if not fits and not _is_empty(there):
        raise Refused(_taken(path))


def _is_empty(there: os.stat_result) -> bool:
    return stat.S_ISREG(there.st_mode) and not there.st_size


def _take_away(path: Path) -> None:
    """Remove an empty file.

    Raises:
        Refused: The file is no longer empty.
    """
    # unlink() might remove a file that has just been written. So the file is moved aside first, and
    # moved back if it is not empty.
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
        FileExistsError: The name is not free.
    """
    if _WINDOWS:
        source.rename(target)  # on Windows this never replaces a file
        return
    try:
        # rename() would replace an existing file. The caller removes the old name.
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError as error:  # FAT and some network file systems have no hard links
        pass_on(error)
        _rename_by_reserving(source, target)


def _rename_by_reserving(source: Path, target: Path) -> None:
    """Move a file to a free name, which an empty file reserves until it is replaced.

    If the process is killed in between, the empty file stays, and the next download replaces it. So
    this is used only where hard links don't work.
    """
    os.close(os.open(target, _NEW, _MODE))
    try:
        source.replace(target)
    except BaseException:
        target.unlink()
        raise


def _sync_directory(directory: Path) -> None:
    """Make the new name survive a power cut, if the system can."""
    # Windows can't open directories, some file systems can't sync them, and a directory without
    # read permission can't be opened. The file is saved and whole in any case.
    with ignoring(OSError):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextlib.contextmanager
def _told(what: str) -> Generator[None]:
    """Turn an error of the file system in the block into a Refused."""
    try:
        yield
    except OSError as error:
        pass_on(error)
        reason = f"{what} ({error.strerror or error})"
    else:
        return
    raise Refused(reason)
