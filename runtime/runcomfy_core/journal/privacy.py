"""Whether a journal's files are this user's alone.

A file that somebody else made, or may write, says what that person likes: that an input was paid
for, or that it was not. One that others may read shows them what was submitted.

Rules:

- A file that another user made, or that others may write, is refused, and left as it is: its user
  knows whether to trust what is in it, and we don't. A link that another user made is, too.
- A file that others may merely read, as a copy often is, is taken from them.
- All that holds for the files that SQLite keeps beside it, too, and for every user, the superuser
  as well.
- Windows has no such modes.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import stat
import sys
from typing import TYPE_CHECKING, Final

from runcomfy_core.errors import JournalError
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


def check_files(path: Path) -> None:
    """See that nobody else made a journal's file, or one beside it, or may write it.

    Args:
        path: The file, which must be there, without links.

    Raises:
        JournalError: Somebody did, or may.
        OSError: They can't be looked at.
    """
    if sys.platform != "win32":
        for file, found in _files(path):
            _check(path, file, found, _OTHERS_WRITE)


def take_files(path: Path) -> None:
    """The same, and that nobody else may read them, from now on.

    To be called when the file is known to be a journal: those of others are left as they are.

    Raises:
        JournalError: They are not this user's alone, and can't be made so.
        OSError: They can't be looked at, or their mode can't be changed.
    """
    if sys.platform == "win32":
        return
    for file, found in _files(path):
        _check(path, file, found, _OTHERS_WRITE)
        if found.st_mode & _OTHERS:
            _take(path, file)


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


def _files(path: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """The file, and those beside it that are there."""
    yield path, path.lstat()
    for end in _BESIDE:
        beside = path.with_name(path.name + end)
        with contextlib.suppress(FileNotFoundError):
            yield beside, beside.lstat()


def _take(path: Path, file: Path) -> None:
    # One beside the journal goes when another process closes it.
    with contextlib.suppress(FileNotFoundError):
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
