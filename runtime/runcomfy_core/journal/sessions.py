"""Which of the processes that write a journal are alive.

Rules:

- A session is a random name, and a file beside the journal, ``<journal>-session-<name>``, that its
  process keeps locked. The system releases the lock when the process ends, however it ends, so
  neither a reused process id nor a changed clock can mislead.
- A name is used once, so a dead session stays dead. A session whose file is missing is dead.
- A forked child shares the lock until both processes release it, so a child releases it at once.
- The file of a killed process is removed when the journal is opened next.
- A file that another user made is no session.
- The file holds the number of the latest submission that its process saw written to the disk. If
  the journal ends before that number, it has lost submissions: SQLite drops the damaged end of a
  write-ahead log without an error.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import sys
from typing import TYPE_CHECKING, Final

from runcomfy_core.interrupts import ignoring, pass_on

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

_MARK: Final = "-session-"

#: Where the number of the latest submission stands in the file; Windows locks the byte before it.
_LATEST: Final = 1
_DIGITS: Final = 19

if sys.platform == "win32":
    import msvcrt

    def _open(path: Path) -> int:
        return os.open(path, os.O_RDWR | os.O_BINARY)

    def _hold(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_LOCK, 1)

    # msvcrt has no shared locks. If two processes look at the same moment, one finds the file
    # locked by the other, and a dead session counts as alive until the next look.
    def _is_free(file: int) -> bool:
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            pass_on(error)
            return False
        return True

else:
    import fcntl

    # The flags keep a named pipe from blocking the call, and a symbolic link from being followed.
    def _open(path: Path) -> int:
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)

    def _hold(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX)

    # The lock is shared, so that two processes that look don't take each other for the owner.
    def _is_free(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError as error:
            pass_on(error)
            return False
        return True


class Session:
    """A session of this process.

    Attributes:
        name: The session's name, which its rows hold.
    """

    def __init__(self, journal: Path) -> None:
        """Start a session.

        Raises:
            OSError: The session's file can't be created or locked.
        """
        while True:
            self.name = secrets.token_hex(8)
            self._path = _path(journal, self.name)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            self._held = True
            try:
                _hold(self._file)
            except BaseException:
                self.end()
                raise
            # Another process may have swept the file away before it was locked.
            if self._path.exists():
                return
            self.abandon()

    def note(self, latest: int) -> None:
        """Write the number of the latest submission that is on the disk; ignore a failure."""
        with ignoring(OSError):
            os.lseek(self._file, _LATEST, os.SEEK_SET)
            os.write(self._file, b"%*d" % (_DIGITS, latest))

    def end(self) -> None:
        """End the session, and remove its file. A second call does nothing."""
        if self._held:
            self.abandon()
            with ignoring(OSError):
                self._path.unlink()

    def abandon(self) -> None:
        """Close the file. If a forked child does this, its parent keeps the lock."""
        if self._held:
            self._held = False
            os.close(self._file)


def is_alive(journal: Path, name: str) -> bool:
    """Return whether the process of a session is alive; a file that can't be opened means dead."""
    try:
        with _opened(_path(journal, name)) as file:
            return not _is_free(file)
    except OSError as error:
        pass_on(error)
        return False


def any_alive(journal: Path) -> bool:
    """Return whether the process of any session is alive.

    Raises:
        OSError: The directory can't be listed.
    """
    start = len(journal.name + _MARK)
    return any(is_alive(journal, path.name[start:]) for path in _all(journal))


def latest_known(journal: Path) -> int:
    """Return the number of the latest submission that any session saw written, or 0."""
    known = [0]
    for path in _all_there(journal):
        # A power cut may have left a file without a number.
        with ignoring(OSError, ValueError), _opened(path) as file:
            os.lseek(file, _LATEST, os.SEEK_SET)
            known.append(int(os.read(file, _DIGITS)))
    return max(known)


def sweep(journal: Path) -> None:
    """Remove the files of dead sessions. A file that can't be opened stays."""
    for path in _all_there(journal):
        with ignoring(OSError):
            with _opened(path) as file:
                dead = _is_free(file)
                # The file is removed while it is locked here, so that a session that is just
                # starting can't lock it in between.
                if dead and sys.platform != "win32":
                    path.unlink()
            # Windows can't remove an open file. If the session is just starting, its process has
            # the file open, and the removal fails.
            if dead and sys.platform == "win32":
                path.unlink()


def _all(journal: Path) -> list[Path]:
    return [
        journal.with_name(name)
        for name in os.listdir(journal.parent)  # noqa: PTH208 - only the names are needed
        if name.startswith(journal.name + _MARK)
    ]


def _all_there(journal: Path) -> list[Path]:
    try:
        return _all(journal)
    except OSError as error:  # the directory can't be listed
        pass_on(error)
        return []


def _path(journal: Path, name: str) -> Path:
    return journal.with_name(f"{journal.name}{_MARK}{name}")


@contextlib.contextmanager
def _opened(path: Path) -> Generator[int]:
    """Open a session's file.

    Raises:
        OSError: The file can't be opened, or is not a regular file of this user.
    """
    file = _open(path)
    try:
        if sys.platform != "win32":
            found = os.fstat(file)
            if found.st_uid != os.geteuid() or not stat.S_ISREG(found.st_mode):
                raise PermissionError(errno.EPERM, "it is not a file of this user's", str(path))
        yield file
    finally:
        os.close(file)
