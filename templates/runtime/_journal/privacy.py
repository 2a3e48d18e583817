"""Whether a journal's files are this user's alone.

A file that somebody else made, or may write, says what that person likes: that an input was paid
for, or that it was not. One that others may read shows them what was submitted.

Rules:

- Such a file is refused, and left as it is: its user knows whether to trust it, and we don't.
- That holds for the files that SQLite keeps beside it, too, and for a link that another user made.
- It holds for the superuser as for anybody else.
- An empty file of this user's that others may read, as ``touch`` makes it, is taken from them.
- Windows has no such modes.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import stat
import sys
from typing import TYPE_CHECKING, Final

from .._logs import log
from ..errors import JournalError
from .faults import NO_FILE

if TYPE_CHECKING:
    from pathlib import Path

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH

#: The files that SQLite keeps beside a database.
_BESIDE: Final = ("-wal", "-shm", "-journal")


def check_link(path: Path) -> None:
    """See that a path is no link that another user made.

    Raises:
        JournalError: It is.
    """
    if sys.platform == "win32":
        return
    try:
        found = path.lstat()
    except OSError:  # whoever makes or opens the file says why
        return
    # The system's own links lead where it says.
    if stat.S_ISLNK(found.st_mode) and found.st_uid not in {os.geteuid(), 0}:
        raise JournalError(
            path,
            f"it is a link that user {found.st_uid} made, and this process runs as user "
            f"{os.geteuid()}: pass the path of the file itself, or another",
        )


def check_files(path: Path, *, reading: bool = True) -> None:
    """See that a journal's file, and those beside it, are this user's alone.

    Args:
        path: The file, which must be there, without links.
        reading: Whether others may not read them either. Until it is known to be a journal, it is
            better to say what it is than how to protect it.

    Raises:
        JournalError: One of them is not.
        OSError: They can't be looked at, or the mode of an empty one can't be changed.
    """
    if sys.platform == "win32":
        return
    found = path.lstat()
    new = found.st_size == 0 and found.st_uid == os.geteuid()
    if new and not found.st_mode & _OTHERS_WRITE:
        path.chmod(0o600)
        found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise JournalError(path, NO_FILE)
    _check(path, path, found, reading=reading or new)
    for end in _BESIDE:
        beside = path.with_name(path.name + end)
        with contextlib.suppress(FileNotFoundError):
            _check(path, beside, beside.lstat(), reading=reading)


def check_folder(path: Path) -> None:
    """Warn of a folder in which anybody may remove a journal, or put another in its place."""
    if sys.platform == "win32":
        return
    mode = path.parent.stat().st_mode
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        log.warning(
            "the journal %s: anybody may remove files from its folder, and without the journal "
            "what it knows is paid for again; keep it elsewhere, or run: %s",
            path,
            f"chmod o-w {shlex.quote(str(path.parent))}",
        )


def _check(path: Path, file: Path, found: os.stat_result, *, reading: bool) -> None:
    said = _fault(file, found, _OTHERS if reading else _OTHERS_WRITE)
    if said is not None:
        named = "it" if file == path else f"its file {file}"
        raise JournalError(path, f"{named} {said}")


def _fault(file: Path, found: os.stat_result, others: int) -> str | None:
    """Why a file is not this user's alone, and what to do; None if it is."""
    user = os.geteuid()
    name = shlex.quote(str(file))
    if not stat.S_ISREG(found.st_mode):
        return "is no file: remove it"
    if found.st_uid != user:
        return (
            f"belongs to user {found.st_uid}, and this process runs as user {user}: run it as that "
            f"user, pass another path or, if you trust what is in it, run: chown {user} {name}"
        )
    if found.st_mode & others:
        may = "write" if found.st_mode & _OTHERS_WRITE else "read"
        return (
            f"is not this user's alone, since others may {may} it (its mode is "
            f"{stat.S_IMODE(found.st_mode):04o}): if you trust what is in it, run: chmod 600 "
            f"{name}; if its disk keeps no modes, keep the journal elsewhere"
        )
    return None
