"""One connection to the journal for all threads of a process; writes, in order.

Rules:

- Writes are done in the order in which they were asked for, all that wait in one transaction:
  many threads share one wait for the disk.
- A write that fails is kept, and done before the next one, unless it was not to be kept. While one
  is kept, no later one passes it, so a later note never overtakes the one that it builds on.
- A write is on the disk when it is done only if it is durable; another survives the end of the
  process, but not a power cut.
- The file is looked at before and after each transaction. SQLite would write to one that was
  deleted, without a word.
- No connection crosses a fork (forks.py).
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import attrs

from ..errors import JournalError
from . import database, forks, sessions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Value: TypeAlias = str | float | None

#: Characters of a write that is kept in memory at most. What is longer is a result, which the API
#: gives again.
MOST_KEPT: Final = 1024 * 1024

#: What trying again doesn't mend: the write itself can't be stored.
_HOPELESS: Final = (
    sqlite3.DataError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    ValueError,
)


@attrs.define(eq=False)
class Write:
    """One statement on its way to the disk.

    Attributes:
        sql: The statement.
        values: Its parameters.
        about: What it notes, in words.
        durable: Whether it outlasts a power cut once it is done.
        keep: Whether it is tried again when it fails.
        state: What became of it so far; only what is ``pending`` is tried.
        changed: How many rows it changed.
        error: Why the last try failed, or None.
    """

    sql: str
    values: Sequence[Value] = attrs.field(repr=False)
    about: str
    durable: bool = True
    keep: bool = True
    state: Literal["pending", "done", "dropped"] = "pending"
    changed: int = 0
    error: Exception | None = None

    def fail(self, error: Exception) -> None:
        """Note that a try failed."""
        self.error = error
        long = sum(len(value) for value in self.values if isinstance(value, str)) > MOST_KEPT
        if not self.keep or long or isinstance(error, _HOPELESS):
            self.state = "dropped"


class Store:
    """A journal's file, open.

    Args:
        path: The file, absolute and without links. It is made if it isn't there.

    Raises:
        JournalError: It is not one of ours, or a later version's.
        sqlite3.Error: It can't be opened.
        OSError: It can't be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._names = tuple(f"{path}{end}" for end in ("", "-wal", "-shm"))
        self._lock = threading.Lock()
        self._queue: deque[Write] = deque()
        self._session: sessions.Session | None = None
        self._closed = False
        # Alone, because a file is made by opening it beside SQLite (database.py).
        with forks.guard:
            database.create(path)
            self._connection: sqlite3.Connection | None = database.connect(path)
            self._synchronous = ""
            self._files = self._on_disk()
            # Alone as well: a child that is forked meanwhile would share the locks of the look.
            sessions.sweep(path)
            forks.members.add(self)

    def write(self, write: Write) -> None:
        """Do a write, and those that wait before it.

        Raises:
            Exception: It failed: an error of SQLite's or the system's, or a JournalError. It is
                tried again if it is still ``pending``.
        """
        self._queue.append(write)
        try:
            with self._lock:
                # Another thread may have done it, or failed to, in its own transaction.
                if write.state == "pending" and write.error is None:
                    self._flush()
        finally:
            # Also when Ctrl-C ends the wait: what is not to be kept must not be done later.
            if write.state == "pending" and not write.keep:
                write.state = "dropped"
        if write.error is not None:
            raise write.error

    # Any: a row's values are of the types that its columns have.
    def read(self, sql: str, values: Sequence[Value] = ()) -> list[Any]:
        """The rows that a query finds; no lock is held when they are returned.

        Raises:
            JournalError: The store is closed.
            sqlite3.Error: They can't be read.
        """
        with self._lock:
            return self._connected().execute(sql, values).fetchall()

    def session(self) -> str:
        """The name of this process's session, started if need be.

        Raises:
            JournalError: The store is closed.
            OSError: It can't be started.
        """
        with self._lock:
            self._connected()
            if self._session is None:
                self._session = sessions.Session(self.path)
            return self._session.name

    def is_alive(self, session: str) -> bool:
        """Whether the process of a session is."""
        own = self._session
        return (own is not None and own.name == session) or sessions.is_alive(self.path, session)

    def close(self) -> list[Write]:
        """Do what waits, and close. Closing again does nothing.

        Returns:
            What could not be done.
        """
        with forks.guard:
            forks.members.discard(self)
        with self._lock:
            if not self._closed and self._queue:
                self._flush()
            self._closed = True
            self._disconnect()
            if self._session is not None:
                self._session.end()
                self._session = None
            left = [write for write in self._queue if write.state == "pending"]
            self._queue.clear()
        return left

    def _connected(self) -> sqlite3.Connection:
        if self._closed:
            raise JournalError(self.path, "it is closed: make a new client, or a new journal")
        if self._connection is None:
            self._check_files()
            self._connection = database.connect(self.path)
            self._synchronous = ""
            self._files = (self._files[0], *self._on_disk()[1:])
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            # The last one to close moves the -wal file's content over; if it can't, it stays there.
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _flush(self) -> None:
        """Do all writes that wait; those that fail know why."""
        writes = self._take()
        try:
            self._commit(writes)
        # Whatever it is: each thread has its own way to tell of it, and some must not raise.
        except Exception as error:  # noqa: BLE001
            for write in writes:
                if write.state == "pending":
                    write.fail(error)
        finally:
            self._queue.extendleft(write for write in reversed(writes) if write.state == "pending")

    def _take(self) -> list[Write]:
        writes: list[Write] = []
        while self._queue:
            write = self._queue.popleft()
            if write.state == "pending":
                writes.append(write)
        return writes

    def _commit(self, writes: list[Write]) -> None:
        connection = self._connected()
        self._check_files()
        self._synchronise(connection, durable=any(write.durable for write in writes))
        # What comes before a POST may take its time. A note on a job must not hold up its caller.
        before = any(write.durable and not write.keep for write in writes)
        patience = database.BUSY if before else database.BUSY_AFTER
        connection.execute(f"PRAGMA busy_timeout = {patience * 1000:.0f}")
        try:
            connection.execute("BEGIN IMMEDIATE")
            done = _execute(connection, writes)
            connection.execute("COMMIT")
        except BaseException:
            database.roll_back(connection)
            raise
        self._check_files()
        for write in done:
            write.state, write.error = "done", None

    def _synchronise(self, connection: sqlite3.Connection, *, durable: bool) -> None:
        """Say how long the next commit waits for the disk."""
        wanted = "FULL" if durable else "NORMAL"
        # Without a write-ahead log, anything less can damage the file when the power fails.
        if not database.is_wal(connection):
            wanted = "EXTRA"
        if wanted != self._synchronous:
            connection.execute(f"PRAGMA synchronous = {wanted}")
            self._synchronous = wanted

    def _check_files(self) -> None:
        """See that what is open is what stands under the journal's name.

        Raises:
            JournalError: It is not.
        """
        files = self._files if self._connection is not None else self._files[:1]
        if self._on_disk()[: len(files)] != files:
            raise JournalError(
                self.path,
                "it, or its -wal or -shm file, was deleted or replaced while in use: put it back, "
                "or make a new client, or a new journal",
            )

    def _on_disk(self) -> tuple[tuple[int, int] | None, ...]:
        """The file, its -wal and its -shm."""
        return tuple(_identity(name) for name in self._names)

    def before_fork(self) -> None:
        """Take the lock, and let go of SQLite."""
        self._lock.acquire()
        self._disconnect()

    def after_fork(self, *, child: bool) -> None:
        """Let go of the lock. A child leaves to its parent what is the parent's."""
        if child:
            self._queue.clear()
            if self._session is not None:
                self._session.abandon()
                self._session = None
        self._lock.release()


def _execute(connection: sqlite3.Connection, writes: list[Write]) -> list[Write]:
    """Execute writes as far as they go; the rest know why they don't.

    Raises:
        sqlite3.Error: SQLite gave up the transaction.
    """
    done: list[Write] = []
    blocked: Exception | None = None
    for write in writes:
        if blocked is not None:
            write.fail(blocked)
            continue
        try:
            write.changed = connection.execute(write.sql, write.values).rowcount
        except (sqlite3.Error, ValueError) as error:
            if not connection.in_transaction:
                raise
            write.fail(error)
            # One that is dropped holds up nobody.
            blocked = error if write.state == "pending" else None
        else:
            done.append(write)
    return done


def _identity(path: str) -> tuple[int, int] | None:
    """What tells a file from any other, whatever its name; None for one that isn't there."""
    try:
        found = os.stat(path)  # noqa: PTH116 - six times a transaction, where a Path takes as long
    except OSError:
        return None
    return found.st_dev, found.st_ino
