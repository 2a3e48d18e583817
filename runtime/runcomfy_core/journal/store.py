"""One connection to the journal for all threads of a process, and writes in order.

Rules:

- Writes are done in the order in which they were requested. All waiting writes share one
  transaction, so many threads wait for the disk only once.
- A write stays in the queue until it is done or dropped. So if a thread is interrupted while it
  does the writes of other threads, none is lost: the next thread does them. It may do some twice,
  which changes nothing.
- A write that fails is kept, and done before the next one, unless its ``keep`` is False. No write
  overtakes one that is kept, so a later change never comes before the one that it builds on.
- Only a durable write survives a power cut. Any other survives just the end of the process.
- The file's identity is checked before and after each transaction, because SQLite writes to a
  deleted file without an error.
- A closed store does no write but one that is to be kept, for which it opens the file again.
- No connection crosses a fork (forks.py).
- A store that nothing refers to any more is closed when it is garbage-collected.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import weakref
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar

import attrs

from runcomfy_core.errors import JournalError
from runcomfy_core.interrupts import pass_on
from runcomfy_core.threads import Lock

from . import database, forks, privacy, sessions, table
from .faults import DamagedError, warn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")

#: The most characters of a failed write that is kept in memory. A longer one is a result, which the
#: API gives again.
MOST_KEPT: Final = 1024 * 1024

#: Errors that a retry does not mend, because the write itself can't be stored.
_HOPELESS: Final = (
    sqlite3.DataError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    ValueError,
)


@attrs.define(eq=False)
class Write(Generic[T]):
    """A write to the journal.

    Attributes:
        act: Does the write in an open transaction; a second call changes nothing.
        about: What the write records, in words.
        size: How many characters the write holds.
        begins: Whether the write adds a submission.
        durable: Whether the write survives a power cut once it is done.
        keep: Whether the write is retried when it fails.
        state: How far the write has come; only a ``pending`` write is tried.
        found: What *act* returned.
        error: Why the last try failed, or None.
    """

    act: Callable[[sqlite3.Connection], T] = attrs.field(repr=False)
    about: str
    size: int = 0
    begins: bool = False
    durable: bool = True
    keep: bool = True
    state: Literal["pending", "done", "dropped"] = "pending"
    found: T | None = None
    error: Exception | None = None

    def fail(self, error: Exception) -> None:
        """Note that a try failed."""
        self.error = error
        if not self.keep or self.size > MOST_KEPT or isinstance(error, _HOPELESS):
            self.state = "dropped"


class Store:
    """An open journal file.

    Args:
        path: The file's absolute path, with symbolic links resolved. The file is created if it does
            not exist.

    Raises:
        JournalError: The file is not a journal, was made by a later version, or is open to other
            users.
        DamagedError: The file is damaged.
        sqlite3.Error: The file can't be opened.
        OSError: The file can't be created.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._names = tuple(f"{path}{end}" for end in ("", "-wal", "-shm"))
        self._lock = Lock()
        # Any: each write has a type of its own.
        self._queue: deque[Write[Any]] = deque()
        # What the failed writes that are kept are about. This does not hold the writes themselves:
        # their errors refer to frames, and so to this store, which could never be collected then.
        self._kept: list[str] = []
        self._session: sessions.Session | None = None
        self._closed = False
        self._connection: sqlite3.Connection | None = None
        self._files: tuple[tuple[int, int] | None, ...] = ()
        # The guard is held because `create` opens the file beside SQLite (database.py).
        with forks.guard.alone:
            made = database.create(path)
            # This is read before the rows, because every submission known by now must be there.
            known = 0 if made else sessions.latest_known(path)
            self._connect()
            try:
                self._check_latest(known)
                privacy.check_folder(path)
                # A child that is forked during the sweep would share its file locks, so the guard
                # is held for this, too.
                sessions.sweep(path)
            except BaseException:
                self._disconnect()
                raise
            forks.members.add(self)

    # Any: each write has a type of its own.
    def write(self, write: Write[Any]) -> None:
        """Do a write, and all writes that wait before it.

        A write that is to be kept is also done when the store is closed: it may be the request id
        of a job whose submission was under way when another thread closed the client.

        Raises:
            Exception: The write failed, with an error of SQLite or the system, or a JournalError.
                It is retried later if it is still ``pending``.
        """
        try:
            self._queue.append(write)
            with self._lock.alone:
                late = self._closed and write.keep and write.state == "pending"
                if late:
                    self._queue = deque(one for one in self._queue if one is not write)
                # Another thread may have tried the write in its own transaction.
                elif write.state == "pending" and write.error is None:
                    self._flush()
            if late:
                self._write_late(write)
        finally:
            # Even if Ctrl-C ended the wait, a write that is not to be kept must not be done later.
            if write.state == "pending" and not write.keep:
                write.state = "dropped"
        if write.error is not None:
            raise write.error

    # Any: each write has a type of its own.
    def _write_late(self, write: Write[Any]) -> None:
        """Do a write after the store was closed, once."""
        write.error = None
        try:
            with self._lock.alone:
                self._check_files()  # else a journal that was deleted would be created anew
            store = Store(self.path)
            try:
                store.write(write)
            finally:
                store.close()
        finally:
            # Nothing retries it.
            if write.state == "pending":
                write.state = "dropped"

    def look(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """Call *act* in a transaction that reads, and return what it returns.

        Raises:
            JournalError: The store is closed.
            DamagedError: A row that *act* reads is damaged.
            sqlite3.Error: The file can't be read.
        """
        with self._lock.alone:
            connection = self._connected()
            # A thread that was interrupted twice may have left a transaction open.
            database.roll_back(connection)
            try:
                connection.execute("BEGIN")
                return act(connection)
            finally:
                database.roll_back(connection)

    def session(self) -> str:
        """Return the name of this process's session; start the session if there is none.

        Raises:
            JournalError: The store is closed.
            OSError: The session can't be started.
        """
        with self._lock.alone:
            self._connected()
            if self._session is None:
                session = sessions.Session(self.path)
                self._when_forgotten(session.end)
                self._session = session
            return self._session.name

    def is_alive(self, session: str) -> bool:
        """Return whether the process of a session is alive."""
        own = self._session
        return (own is not None and own.name == session) or sessions.is_alive(self.path, session)

    # Any: each write has a type of its own.
    def close(self) -> list[Write[Any]]:
        """Do the writes that wait, and close. A second call does nothing.

        Returns:
            The writes that could not be done.
        """
        with forks.guard.alone:
            forks.members.discard(self)
        with self._lock.alone:
            if not self._closed and self._queue:
                self._flush()
            self._closed = True
            self._disconnect()
            if self._session is not None:
                self._session.end()
                self._session = None
            # A write that was not tried has come since; its own thread waits here, and does it.
            left = [write for write in self._queue if write.state == "pending" and write.error]
            self._queue.clear()
        return left

    def _connected(self) -> sqlite3.Connection:
        if self._closed:
            raise JournalError(self.path, "it is closed: make a new client, or a new journal")
        if self._connection is None:
            self._check_files()
            return self._connect()
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        connection = database.connect(self.path)
        self._synchronous = ""
        self._files = (*self._files[:1], *self._on_disk()[len(self._files[:1]) :])
        self._closing = self._when_forgotten(_close_forgotten, self.path, connection, self._kept)
        # This comes last, so that after an interruption the next call connects anew.
        self._connection = connection
        return connection

    # Any: weakref.finalize is generic in the object that it watches.
    def _when_forgotten(
        self, act: Callable[..., object], *arguments: object
    ) -> weakref.finalize[..., Any]:
        finalizer = weakref.finalize(self, act, *arguments)
        # At the end of the process, threads may still write, so the file must stay open.
        finalizer.atexit = False
        return finalizer

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._closing.detach()
            # The last connection to close moves the -wal file's content into the journal. If that
            # fails, the content stays in the -wal file.
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _check_latest(self, known: int) -> None:
        """Check that the file has every submission that any process saw written.

        Raises:
            DamagedError: The file lacks some submissions.
        """
        if known and (latest := self.look(table.latest)) < known:
            raise DamagedError(
                f"it ends with submission {latest}, and a process wrote {known} down: its -wal "
                "file was removed or damaged, or the file is an older copy (to go on without what "
                f"it lacks, remove the files {self.path}-session-*)"
            )

    def _flush(self) -> None:
        """Do all writes that wait; a write that fails keeps its error."""
        writes = [write for write in self._queue.copy() if write.state == "pending"]
        try:
            self._commit(writes)
        # Each thread handles the error of its own write, and some of them must not raise.
        except Exception as error:  # noqa: BLE001
            pass_on(error)
            for write in writes:
                if write.state == "pending":
                    write.fail(error)
        # The queue is cleared only now, so that an interrupted thread leaves its writes to another.
        for write in self._queue.copy():
            if write.state != "pending":
                self._queue.remove(write)
        self._kept[:] = [write.about for write in writes if write.state == "pending"]

    # Any: each write has a type of its own.
    def _commit(self, writes: list[Write[Any]]) -> None:
        connection = self._connected()
        self._check_files()
        self._synchronise(connection, durable=any(write.durable for write in writes))
        # A write before a POST may wait long. A write about a job must not hold up its caller.
        before = any(write.durable and not write.keep for write in writes)
        patience = database.BUSY if before else database.BUSY_AFTER
        connection.execute(f"PRAGMA busy_timeout = {patience * 1000:.0f}")
        # A thread that was interrupted twice may have left a transaction open.
        database.roll_back(connection)
        try:
            connection.execute("BEGIN IMMEDIATE")
            done = _execute(connection, writes)
            latest = table.latest(connection) if any(write.begins for write in done) else 0
            connection.execute("COMMIT")
        except BaseException:
            database.roll_back(connection)
            raise
        self._check_files()
        for write in done:
            write.state, write.error = "done", None
        if latest and self._session is not None:
            self._session.note(latest)

    def _synchronise(self, connection: sqlite3.Connection, *, durable: bool) -> None:
        """Set whether the next commit waits for the disk."""
        wanted = "FULL" if durable else "NORMAL"
        # Without a write-ahead log, anything less can damage the file when the power fails.
        if not database.is_wal(connection):
            wanted = "EXTRA"
        if wanted != self._synchronous:
            connection.execute(f"PRAGMA synchronous = {wanted}")
            self._synchronous = wanted

    def _check_files(self) -> None:
        """Check that the open files are still the ones at the journal's path.

        Raises:
            JournalError: A file was deleted or replaced.
        """
        files = self._files if self._connection is not None else self._files[:1]
        if self._on_disk()[: len(files)] != files:
            raise JournalError(
                self.path,
                "it, or its -wal or -shm file, was deleted or replaced while in use: put it back, "
                "or make a new client, or a new journal",
            )

    def _on_disk(self) -> tuple[tuple[int, int] | None, ...]:
        """Return the identities of the journal, its -wal file and its -shm file."""
        return tuple(_identity(name) for name in self._names)

    def before_fork(self) -> None:
        """Take the lock, and close the connection."""
        self._lock.alone.acquire()
        self._disconnect()

    def after_fork(self, *, child: bool) -> None:
        """Release the lock. A child also drops the writes and the session of its parent."""
        if child:
            self._queue.clear()
            self._kept.clear()
            if self._session is not None:
                self._session.abandon()
                self._session = None
        self._lock.let_go()


# Any: each write has a type of its own.
def _execute(connection: sqlite3.Connection, writes: list[Write[Any]]) -> list[Write[Any]]:
    """Do writes up to the first that fails and is kept, and return those that were done.

    Each of the others has its error.

    Raises:
        sqlite3.Error: SQLite has rolled the transaction back.
    """
    done: list[Write[Any]] = []
    blocked: Exception | None = None
    for write in writes:
        if blocked is not None:
            write.fail(blocked)
            continue
        try:
            write.found = write.act(connection)
        except (sqlite3.Error, ValueError) as error:
            pass_on(error)
            if not connection.in_transaction:
                raise
            write.fail(error)
            # A write that is dropped does not block the writes after it.
            blocked = error if write.state == "pending" else None
        else:
            done.append(write)
    return done


def _close_forgotten(path: Path, connection: sqlite3.Connection, kept: list[str]) -> None:
    """Close the connection of a store that was garbage-collected."""
    with contextlib.suppress(sqlite3.Error):
        connection.close()
    for about in kept:
        warn(path, f"it was forgotten, and not closed; not recorded: {about}")


def _identity(path: str) -> tuple[int, int] | None:
    """Return device and inode of a file, which no other file shares; None if there is no file."""
    try:
        found = os.stat(path)  # noqa: PTH116 - six calls a transaction, and a Path doubles the time
    except OSError as error:
        pass_on(error)
        return None
    return found.st_dev, found.st_ino
