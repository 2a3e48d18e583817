"""Which of the processes that write a journal are alive.

Rules:

- A session is a random name, and a file beside the journal, ``<journal>-session-<name>``, that its
  process holds locked. The system lets go of the lock when the process ends, however it ends, so
  neither a process id that is used again nor a changed clock can mislead.
- A name is used once: a session that is dead stays dead. A file that is missing is a dead session.
- A lock is shared with a forked child until both let go of it, so a child lets go at once.
- What a killed process left is removed by whoever opens the journal next.
- A file that another user made is no session.
- The file says which submission its process knew to be on the disk, the latest. If the journal
  ends before that, it has lost some: SQLite drops the end of a write-ahead log that is damaged, and
  says nothing.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

_MARK: Final = "-session-"

#: Where in the file the number of the latest submission stands; Windows locks what is before it.
_LATEST: Final = 1
_DIGITS: Final = 19

if sys.platform == "win32":
    import msvcrt

    def _open(path: Path) -> int:
        return os.open(path, os.O_RDWR | os.O_BINARY)

    def _hold(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_LOCK, 1)

    # Windows has no shared lock here: of two that look at the same moment, one finds the file
    # locked by the other, and a dead session counts as alive until the next look.
    def _is_free(file: int) -> bool:
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:
    import fcntl

    # What is no file must not be waited for, and no link be followed.
    def _open(path: Path) -> int:
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)

    def _hold(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX)

    # Shared, so that those who look don't take each other for the owner.
    def _is_free(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class Session:
    """A session of this process.

    Attributes:
        name: What a row says to tell whose it is.
    """

    def __init__(self, journal: Path) -> None:
        """Start one.

        Raises:
            OSError: Its file can't be made or locked.
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
            # Another's sweep may have come between making it and locking it.
            if self._path.exists():
                return
            self.abandon()

    def note(self, latest: int) -> None:
        """Write down the number of the latest submission that is on the disk, if that can be."""
        with contextlib.suppress(OSError):
            os.lseek(self._file, _LATEST, os.SEEK_SET)
            os.write(self._file, b"%*d" % (_DIGITS, latest))

    def end(self) -> None:
        """End it, and remove its file. Ending again does nothing."""
        if self._held:
            self.abandon()
            with contextlib.suppress(OSError):
                self._path.unlink()

    def abandon(self) -> None:
        """Let go of the file; in a forked child, the lock stays its parent's."""
        if self._held:
            self._held = False
            os.close(self._file)


def is_alive(journal: Path, name: str) -> bool:
    """Whether the process of a session is alive. One that can't be told counts as dead."""
    try:
        with _opened(_path(journal, name)) as file:
            return not _is_free(file)
    except OSError:
        return False


def any_alive(journal: Path) -> bool:
    """Whether any session's process is alive.

    Raises:
        OSError: The folder can't be listed.
    """
    start = len(journal.name + _MARK)
    return any(is_alive(journal, path.name[start:]) for path in _all(journal))


def latest_known(journal: Path) -> int:
    """The number of the latest submission of which any session knew, or 0."""
    known = [0]
    for path in _all_there(journal):
        # What is no number was cut off by a power cut.
        with contextlib.suppress(OSError, ValueError), _opened(path) as file:
            os.lseek(file, _LATEST, os.SEEK_SET)
            known.append(int(os.read(file, _DIGITS)))
    return max(known)


def sweep(journal: Path) -> None:
    """Remove the files of dead sessions; those that can't be looked at stay."""
    for path in _all_there(journal):
        with contextlib.suppress(OSError):
            with _opened(path) as file:
                dead = _is_free(file)
                # Locked meanwhile, or one that is only just starting could lock it unseen.
                if dead and sys.platform != "win32":
                    path.unlink()
            # Windows removes no open file; this one's owner would have it open.
            if dead and sys.platform == "win32":
                path.unlink()


def _all(journal: Path) -> list[Path]:
    return [
        journal.with_name(name)
        for name in os.listdir(journal.parent)  # noqa: PTH208 - names; nothing is asked of each
        if name.startswith(journal.name + _MARK)
    ]


def _all_there(journal: Path) -> list[Path]:
    try:
        return _all(journal)
    except OSError:  # a folder that can't be listed
        return []


def _path(journal: Path, name: str) -> Path:
    return journal.with_name(f"{journal.name}{_MARK}{name}")


@contextlib.contextmanager
def _opened(path: Path) -> Generator[int]:
    """A session's file, open.

    Raises:
        OSError: It can't be opened, or is none.
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
