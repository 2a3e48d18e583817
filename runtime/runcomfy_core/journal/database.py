"""The journal's file: made, opened and recognised.

Rules:

- It is readable by its user alone from its first moment; SQLite gives its -wal and -shm files the
  same mode. Folders that are made for it are the user's alone, too. A file that is not the user's
  alone is refused (privacy.py).
- A file that is not ours is refused and not written to. We know ours by its application id.
- A file that a later version made is refused, since what it means is not known; one of format 1 is
  turned into the present one (upgrade.py).
- No file descriptor of a journal's is opened and closed beside SQLite, except that of a file that
  is only just being made: POSIX would drop all locks that this process has on the file
  (https://www.sqlite.org/howtocorrupt.html, 2.2).
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from typing import TYPE_CHECKING, Final

from runcomfy_core.errors import JournalError
from runcomfy_core.logs import log

from . import privacy, schema, upgrade
from .faults import DamagedError, primary_code

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

#: Seconds that a statement waits for another process's transaction.
BUSY: Final = 30.0

#: The same for what is written about a job that is there: it is kept in memory when it can't be.
BUSY_AFTER: Final = 3.0

#: Seconds between two tries where SQLite itself doesn't wait.
_PAUSE: Final = 0.02

#: Of each connection.
_SETTINGS: Final = (
    # macOS' fsync leaves data in the drive's cache; no other system knows these two.
    "PRAGMA fullfsync = ON",
    "PRAGMA checkpoint_fullfsync = ON",
    # Most damage to a page is an error, not a wrong answer.
    "PRAGMA cell_size_check = ON",
    # After a large result the -wal file shrinks again.
    f"PRAGMA journal_size_limit = {16 * 1024 * 1024}",
)


def create(path: Path) -> bool:
    """Make the file, empty, and its folders, unless they are there; say whether it was made.

    Raises:
        OSError: They can't be made.
    """
    _make_folder(path.parent)
    # O_BINARY is Windows' own, and harmless: nothing is written here.
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        return True
    return False


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent)
        # mkdir's own ``parents`` gives the mode to the last one only.
        folder.mkdir(mode=0o700, exist_ok=True)


def connect(path: Path) -> sqlite3.Connection:
    """Open the file, which must be there; an empty one becomes a journal.

    Raises:
        JournalError: It is another application's, a later version's, or not this user's alone.
        DamagedError: It is not as it was written.
        sqlite3.Error: It can't be opened or read.
        OSError: Likewise.
    """
    privacy.check_files(path)
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode=rw",
        uri=True,
        timeout=BUSY,
        isolation_level=None,  # transactions begin and end where this package says so
        check_same_thread=False,  # a lock keeps threads apart (store.py)
    )
    try:
        for setting in _SETTINGS:
            connection.execute(setting)
        _recognise(connection, path)
        privacy.take_files(path)
        if pragma(connection, "user_version") < schema.VERSION:
            _upgrade(connection, path)
        _use_wal(connection, path)
        schema.check(connection)  # a look inside makes the -wal and -shm files
        privacy.take_files(path)
    except BaseException:
        connection.close()
        raise
    return connection


def _recognise(connection: sqlite3.Connection, path: Path) -> None:
    # In this order: a file that has pages has had its application id from the first.
    if pragma(connection, "page_count") == 0:
        _make_tables(connection)
    if pragma(connection, "application_id") != schema.APPLICATION_ID:
        raise JournalError(
            path, "it is another application's database; it was left as it is: pass another path"
        )
    version = pragma(connection, "user_version")
    if version > schema.VERSION:
        raise JournalError(
            path,
            f"it has format {version}, made by a later version of this package, and this one "
            f"knows {schema.VERSION}: update the package, or pass another path",
        )


def _make_tables(connection: sqlite3.Connection) -> None:
    """Turn an empty file into a journal, unless another process just has."""
    with transaction(connection):
        if pragma(connection, "application_id") == 0:
            schema.make(connection)


def _upgrade(connection: sqlite3.Connection, path: Path) -> None:
    """Turn a file of format 1 into one of the present format, unless another process just has."""
    with transaction(connection):
        version = pragma(connection, "user_version")
        if version == 1:
            log.info("the journal %s: turning format 1 into format %d", path, schema.VERSION)
            upgrade.upgrade(connection, path)
        elif version != schema.VERSION:
            raise DamagedError(f"it says that it has format {version}")


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


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Generator[None]:
    """A transaction that writes, and waits for others that do.

    Raises:
        sqlite3.Error: It can't begin, or can't be committed.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        roll_back(connection)
        raise


def roll_back(connection: sqlite3.Connection) -> None:
    """Leave a transaction that failed, if SQLite has not left it already."""
    if connection.in_transaction:
        # What it would say is the error that is on its way.
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")


def pragma(connection: sqlite3.Connection, name: str) -> int:
    """What the file says of itself by that name.

    Raises:
        sqlite3.Error: It can't be read.
    """
    value: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value
