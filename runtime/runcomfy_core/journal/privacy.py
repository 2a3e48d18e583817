"""Checks that a journal's files belong to this user alone.

Another user who can write a journal can make it claim that an input was paid for, or that it was
not. Another user who can read it sees what was submitted.

Rules:

- A file that another user owns, or that others may write, is refused and left as it is, because
  only the user knows whether to trust its content. A symbolic link that another user made is
  refused, too.
- A file that others may only read, as is common for a copy, loses these permissions.
- The rules also hold for the files that SQLite keeps beside the journal, and for every user,
  including the superuser.
- Nothing is checked on Windows, which has no such modes.
"""

from __future__ import annotations

import os
import shlex
import stat
import sys
from typing import TYPE_CHECKING, Final

from runcomfy_core.errors import JournalError
from runcomfy_core.interrupts import ignoring, pass_on
from runcomfy_core.logs import log

from .faults import NO_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH

#: The files that SQLite keeps beside a database.
_BESIDE: Final = ("-wal", "-shm", "-journal")


def check_link(path: Path) -> None:
    """Check that a path is not a symbolic link that another user made.

    Raises:
        JournalError: Another user made the link.
    """
    if sys.platform == "win32":
        return
    try:
        found = path.lstat()
    except OSError as error:  # creating or opening the file will give the reason
        pass_on(error)
        return
    # A link that the superuser made is trusted.
    if stat.S_ISLNK(found.st_mode) and found.st_uid not in {os.geteuid(), 0}:
        raise JournalError(
            path,
            f"it is a link that user {found.st_uid} made, and this process runs as user "
            f"{os.geteuid()}: pass the path of the file itself, or another",
        )


def check_files(path: Path) -> None:
    """Check that no other user owns, or may write, a journal or a file of SQLite beside it.

    Args:
        path: The journal, which must exist; symbolic links are resolved.

    Raises:
        JournalError: Another user owns a file, or may write it.
        OSError: A file can't be examined.
    """
    if sys.platform != "win32":
        for file, found in _files(path):
            _check(path, file, found, _OTHERS_WRITE)


def take_files(path: Path) -> None:
    """Check that no other user owns, or may write, the files, and forbid others to read them.

    Call this only when the file is known to be a journal, because it changes modes.

    Raises:
        JournalError: A file is open to other users, and that can't be changed.
        OSError: A file can't be examined, or its mode can't be changed.
    """
    if sys.platform == "win32":
        return
    for file, found in _files(path):
        _check(path, file, found, _OTHERS_WRITE)
        if found.st_mode & _OTHERS:
            _take(path, file)


def check_folder(path: Path) -> None:
    """Warn of a directory in which any user may remove or replace the journal."""
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


def _files(path: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield the journal, and the files of SQLite beside it that exist."""
    yield path, path.lstat()
    for end in _BESIDE:
        beside = path.with_name(path.name + end)
        with ignoring(FileNotFoundError):
            yield beside, beside.lstat()


def _take(path: Path, file: Path) -> None:
    # A file beside the journal disappears when another process closes the journal.
    with ignoring(FileNotFoundError):
        file.chmod(0o600)
        _check(path, file, file.lstat(), _OTHERS)
        if file == path:
            log.info("the journal %s: others could read it; its mode is 0600 now", path)


def _check(path: Path, file: Path, found: os.stat_result, others: int) -> None:
    if file == path and not stat.S_ISREG(found.st_mode):
        raise JournalError(path, NO_FILE)
    said = _fault(file, found, others)
    if said is not None:
        named = "it" if file == path else f"its file {file}"
        raise JournalError(path, f"{named} {said}")


def _fault(file: Path, found: os.stat_result, others: int) -> str | None:
    """Return why a file is open to other users, and what to do; None if it is not."""
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
