"""Creates, opens and recognizes the journal's file.

Rules:

- Only the user can read the file, from the moment of its creation. SQLite gives the -wal and -shm
  files the same mode. Directories that are created for it belong to the user alone, too. A file
  that is open to other users is refused (privacy.py).
- A file that is not a journal is refused, and never written to. A journal has our application id.
- A file that a later version made is refused, because its meaning is unknown. A file of format 1 is
  converted to the present format (upgrade.py).
- The journal is never opened and closed beside SQLite, except when the file is created: on POSIX,
  closing it would drop all locks that this process has on the file
  (https://www.sqlite.org/howtocorrupt.html, 2.2).
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from typing import TYPE_CHECKING, Final

from runcomfy_core.errors import JournalError
from runcomfy_core.interrupts import ignoring
from runcomfy_core.logs import log

from . import privacy, schema, upgrade
from .faults import DamagedError, primary_code

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

#: Seconds that a statement waits for another process's transaction.
BUSY: Final = 30.0

#: Seconds that a write about an existing job waits for another process's transaction. The write is
#: kept in memory if that is not enough.
BUSY_AFTER: Final = 3.0

#: Seconds between two tries where SQLite itself doesn't wait.
_PAUSE: Final = 0.02

#: The settings of each connection.
_SETTINGS: Final = (
    # On macOS, plain fsync leaves data in the drive's cache. Other systems ignore these two.
    "PRAGMA fullfsync = ON",
    "PRAGMA checkpoint_fullfsync = ON",
    # With this check, most damage to a page is an error and not a wrong answer.
    "PRAGMA cell_size_check = ON",
    # With this limit, the -wal file shrinks again after a large result.
    f"PRAGMA journal_size_limit = {16 * 1024 * 1024}",
)


def create(path: Path) -> bool:
    """Create the file, empty, and its directories; return False if the file exists already.

    Raises:
        OSError: The file or a directory can't be created.
    """
    _make_folder(path.parent)
    with ignoring(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        return True
    return False


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent)
        # With ``parents=True``, mkdir would give the mode to the last directory only.
        folder.mkdir(mode=0o700, exist_ok=True)


def connect(path: Path) -> sqlite3.Connection:
    """Open the file, which must exist; an empty file becomes a journal.

    Raises:
        JournalError: The file belongs to another application, was made by a later version, or is
            open to other users.
        DamagedError: The file is damaged.
        sqlite3.Error: The file can't be opened or read.
        OSError: The file can't be examined, or its mode can't be changed.
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
        schema.check(connection)  # reading the schema creates the -wal and -shm files
        privacy.take_files(path)
    except BaseException:
        connection.close()
        raise
    return connection


def _recognise(connection: sqlite3.Connection, path: Path) -> None:
    # The empty file is handled first: a journal with pages has had its application id from the
    # first transaction on.
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
    """Turn an empty file into a journal, unless another process has just done so."""
    with transaction(connection):
        if pragma(connection, "application_id") == 0:
            schema.make(connection)


def _upgrade(connection: sqlite3.Connection, path: Path) -> None:
    """Convert a file of format 1, unless another process has just done so."""
    with transaction(connection):
        version = pragma(connection, "user_version")
        if version == 1:
            log.info("the journal %s: turning format 1 into format %d", path, schema.VERSION)
            upgrade.upgrade(connection, path)
        elif version != schema.VERSION:
            raise DamagedError(f"it says that it has format {version}")


def _use_wal(connection: sqlite3.Connection, path: Path) -> None:
    """Use a write-ahead log, so that readers and a writer can work at once. The file keeps this."""
    end = time.monotonic() + BUSY
    while not is_wal(connection):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # Another process may have the new file open, and here SQLite itself doesn't wait.
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
    """Return whether the file uses a write-ahead log."""
    return bool(connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal")


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Generator[None]:
    """Run a block in a transaction that may write; wait for another writer first.

    Raises:
        sqlite3.Error: The transaction can't begin, or can't be committed.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        roll_back(connection)
        raise


def roll_back(connection: sqlite3.Connection) -> None:
    """Roll a transaction back, unless SQLite has done so already."""
    if connection.in_transaction:
        # An error here would only repeat the one that led here.
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")


def pragma(connection: sqlite3.Connection, name: str) -> int:
    """Return the value of a pragma of the file.

    Raises:
        sqlite3.Error: The file can't be read.
    """
    value: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value
