"""What can go wrong with a journal, and what to do about it, in words.

Before a POST a failure is an error, because nothing is paid yet. After a POST it is only a warning,
because a job that was paid for matters more than its record.
"""

from __future__ import annotations

import contextlib
import sqlite3
import warnings
from typing import TYPE_CHECKING, Final

from runcomfy_core.errors import JournalError, JournalWarning
from runcomfy_core.interrupts import pass_on
from runcomfy_core.logs import log

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

_ELSEWHERE: Final = "or keep the journal elsewhere"

#: The reason when there is no usable file at the journal's path.
NO_FILE: Final = (
    "it can't be opened: it must be a file, and it and its folder must be readable and "
    f"writable for this user, {_ELSEWHERE}"
)
_DAMAGED: Final = (
    "it is no SQLite database, or a damaged one ({error}): move it away, with its -wal and -shm "
    'files, and a new one is made; "sqlite3 FILE .recover" reads what is left of the old one, and '
    "the account's request history tells what was submitted"
)

_WHAT_THEN: Final = (
    "put back a sound copy of it, if you have one; else move it away, with its -wal and -shm "
    "files, and look at the account's request history before submitting again, since a new "
    "journal knows of nothing that was submitted"
)


class DamagedError(ValueError):
    """A part of the journal is damaged.

    Args:
        what: The damaged part, in words that follow "it is damaged: ".
    """

    def __init__(self, what: str) -> None:
        super().__init__(f"it is damaged: {what}; {_WHAT_THEN}")


#: Reasons by SQLite's primary result codes (https://www.sqlite.org/rescode.html).
_REASONS: Final = {
    sqlite3.SQLITE_PERM: f"it may not be used by this user: change its mode, {_ELSEWHERE}",
    sqlite3.SQLITE_BUSY: "another process keeps it locked: see what else has it open",
    sqlite3.SQLITE_LOCKED: "another process keeps it locked: see what else has it open",
    sqlite3.SQLITE_READONLY: (
        f"it can't be written: make it and its folder writable for this user, {_ELSEWHERE}"
    ),
    sqlite3.SQLITE_IOERR: f"its disk fails ({{name}}): look at the disk, {_ELSEWHERE}",
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_FULL: f"its disk is full: make room, {_ELSEWHERE}",
    sqlite3.SQLITE_CANTOPEN: NO_FILE,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
}


def why(error: BaseException) -> str:
    """Return what an error of SQLite or the system means, and what to do about it."""
    if isinstance(error, JournalError):
        return error.reason
    if isinstance(error, DamagedError):
        return str(error)
    # An error without SQLite's code is Python's own, about a text that is not UTF-8. Its message
    # would show the text.
    if isinstance(error, sqlite3.OperationalError) and not primary_code(error):
        return str(DamagedError("a text in it can't be read"))
    if isinstance(error, sqlite3.Error):
        words = _REASONS.get(primary_code(error), "{error}")
        return words.format(error=error, name=getattr(error, "sqlite_errorname", error))
    if isinstance(error, OSError) and error.strerror:
        named = "" if error.filename is None else f"{error.filename}: "
        return f"{named}{error.strerror}: mend this, {_ELSEWHERE}"
    return f"{type(error).__name__}: {error}"


def primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code, or 0 for an error of Python's sqlite3 module itself."""
    # The module's own errors don't have this attribute.
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF


@contextlib.contextmanager
def raising(path: Path, outcome: str = "") -> Generator[None]:
    """Turn every error in this block into a JournalError.

    Args:
        path: The journal's file.
        outcome: What the error means for the caller; it follows the reason.
    """
    try:
        yield
    except Exception as error:  # noqa: BLE001 - a caller only needs to know that nothing is written
        pass_on(error)
        raise JournalError(path, why(error) + outcome) from None


@contextlib.contextmanager
def warning(path: Path, about: str) -> Generator[None]:
    """Turn every error in this block into a warning that *about* is not recorded."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - no error here may cost a job that was paid for
        pass_on(error)
        warn(path, f"{why(error)}; not recorded: {about}")


def warn(path: Path, message: str) -> None:
    """Warn, and log the warning. This never raises."""
    text = f"the journal {path}: {message}"
    log.warning("%s", text)
    # Even where warnings are errors, this one must not cost a job that was paid for.
    with contextlib.suppress(JournalWarning):
        warnings.warn(text, JournalWarning, stacklevel=2)
