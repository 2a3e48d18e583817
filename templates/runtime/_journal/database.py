"""The journal's file: made, opened and recognised.

Rules:

- It is readable by its user alone from its first moment; SQLite gives its -wal and -shm files the
  same mode. Folders that are made for it are the user's alone, too.
- A file that is not ours is refused and not written to. We know ours by its application id.
- A file that a later version made is refused, since what it means is not known.
- No file descriptor of a journal's is opened and closed beside SQLite, except that of a file that
  is only just being made: POSIX would drop all locks that this process has on the file
  (https://www.sqlite.org/howtocorrupt.html, 2.2).
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import time
from typing import TYPE_CHECKING, Final

from .._logs import log
from ..errors import JournalError
from .faults import primary_code

if TYPE_CHECKING:
    from pathlib import Path

#: "RCJN" in ASCII.
APPLICATION_ID: Final = 0x52434A4E
VERSION: Final = 1

#: Seconds that a statement waits for another process's transaction.
BUSY: Final = 30.0

#: The same for what is written about a job that is there: it is kept in memory when it can't be.
BUSY_AFTER: Final = 3.0

#: Seconds between two tries where SQLite itself doesn't wait.
_PAUSE: Final = 0.02

# ``id`` counts submissions in their order. Short columns come first: see entries.py.
_SCHEMA: Final = (
    """
    CREATE TABLE submission (
        id INTEGER PRIMARY KEY,
        local_id TEXT NOT NULL UNIQUE,
        session TEXT NOT NULL,
        model_id TEXT NOT NULL,
        origin TEXT NOT NULL,
        digest TEXT NOT NULL,
        key TEXT,
        request_id TEXT,
        state TEXT NOT NULL,
        status TEXT,
        created REAL NOT NULL,
        updated REAL NOT NULL,
        error TEXT,
        input TEXT,
        result TEXT
    )
    """,
    "CREATE INDEX submission_by_request_id ON submission (request_id)",
    "CREATE INDEX submission_by_digest ON submission (digest)",
    "CREATE INDEX submission_by_state ON submission (state)",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {VERSION}",
)

#: Of each connection.
_SETTINGS: Final = (
    # macOS' fsync leaves data in the drive's cache; no other system knows these two.
    "PRAGMA fullfsync = ON",
    "PRAGMA checkpoint_fullfsync = ON",
    # A damaged page is an error, not a wrong answer.
    "PRAGMA cell_size_check = ON",
    # After a large result the -wal file shrinks again.
    f"PRAGMA journal_size_limit = {16 * 1024 * 1024}",
)


def create(path: Path) -> None:
    """Make the file, empty, and its folders, unless they are there.

    Raises:
        OSError: They can't be made.
    """
    _make_folder(path.parent)
    # O_BINARY is Windows' own, and harmless: nothing is written here.
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent)
        # mkdir's own ``parents`` gives the mode to the last one only.
        folder.mkdir(mode=0o700, exist_ok=True)


def connect(path: Path) -> sqlite3.Connection:
    """Open the file, which must be there; an empty one becomes a journal.

    Raises:
        JournalError: It is another application's, or a later version's.
        sqlite3.Error: It can't be opened or read.
        OSError: Likewise.
    """
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode=rw",
        uri=True,
        timeout=BUSY,
        isolation_level=None,  # transactions begin and end where this package says so
        check_same_thread=False,  # a lock keeps threads apart (store.py)
    )
    try:
        _recognise(connection, path)
        _keep_private(path)
        for setting in _SETTINGS:
            connection.execute(setting)
        _use_wal(connection, path)
        _pragma(connection, "user_version")  # a look inside makes the -wal and -shm files
    except BaseException:
        connection.close()
        raise
    return connection


def _recognise(connection: sqlite3.Connection, path: Path) -> None:
    # In this order: a file that has pages has had its application id from the first.
    if _pragma(connection, "page_count") == 0:
        _make_tables(connection)
    if _pragma(connection, "application_id") != APPLICATION_ID:
        raise JournalError(
            path, "it is another application's database; it was left as it is: pass another path"
        )
    version = _pragma(connection, "user_version")
    if version > VERSION:
        raise JournalError(
            path,
            f"it has format {version}, made by a later version of this package, and this one "
            f"knows {VERSION}: update the package, or pass another path",
        )


def _make_tables(connection: sqlite3.Connection) -> None:
    """Turn an empty file into a journal, in one transaction, unless another process just has."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _pragma(connection, "application_id") == 0:
            for statement in _SCHEMA:
                connection.execute(statement)
        connection.execute("COMMIT")
    except BaseException:
        roll_back(connection)
        raise


def _keep_private(path: Path) -> None:
    """Take a journal's file from others, where it is this user's; by name, see the rules."""
    for one in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        with contextlib.suppress(FileNotFoundError, PermissionError):
            if stat.S_IMODE(one.stat().st_mode) & 0o077:
                one.chmod(0o600)


def _use_wal(connection: sqlite3.Connection, path: Path) -> None:
    """Let readers and a writer work at once; a new file is told so once, for good."""
    end = time.monotonic() + BUSY
    while not is_wal(connection):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # Another process has the new file open, and SQLite doesn't wait here on its own.
            if primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(_PAUSE)
            continue
        if not is_wal(connection):
            log.warning(
                "the journal %s: its disk, perhaps a network's, can't be used with SQLite's "
                "write-ahead log; it is used with a rollback journal, which is slower",
                path,
            )
            return


def is_wal(connection: sqlite3.Connection) -> bool:
    """Whether the file is written by way of a write-ahead log."""
    return bool(connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal")


def roll_back(connection: sqlite3.Connection) -> None:
    """Leave a transaction that failed, if SQLite has not left it already."""
    if connection.in_transaction:
        # What it would say is the error that is on its way.
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    value: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value
