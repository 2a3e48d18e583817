"""One connection to the journal for all threads of a process; writes, in order.

Rules:

- Writes are done in the order in which they were asked for, all that wait in one transaction:
  many threads share one wait for the disk.
- A write waits in the queue until it is on the disk or given up, so whoever is interrupted while it
  does the writes of others loses none of them. The next thread does them, again if need be: doing
  a write twice comes to the same.
- A write that fails is kept, and done before the next one, unless it was not to be kept. While one
  is kept, no later one passes it, so a later note never overtakes the one that it builds on.
- A write is on the disk when it is done only if it is durable; another survives the end of the
  process, but not a power cut.
- The file is looked at before and after each transaction. SQLite would write to one that was
  deleted, without a word.
- No connection crosses a fork (forks.py).
- A store that is forgotten lets go of what it holds when it is collected.
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
class Write(Generic[T]):
    """Something that is on its way to the disk.

    Attributes:
        act: Does it, in a transaction that is open; doing it again comes to the same.
        about: What it notes, in words.
        size: Characters that it holds.
        begins: Whether it adds a submission.
        durable: Whether it outlasts a power cut once it is done.
        keep: Whether it is tried again when it fails.
        state: What became of it so far; only what is ``pending`` is tried.
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
    """A journal's file, open.

    Args:
        path: The file, absolute and without links. It is made if it isn't there.

    Raises:
        JournalError: It is not one of ours, a later version's, or not this user's alone.
        DamagedError: It is not as it was written.
        sqlite3.Error: It can't be opened.
        OSError: It can't be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._names = tuple(f"{path}{end}" for end in ("", "-wal", "-shm"))
        self._lock = Lock()
        # Any: each write has a type of its own.
        self._queue: deque[Write[Any]] = deque()
        # What those of them are about that failed and are kept. Not the writes themselves: an error
        # leads to the frames that it passed, and so to this store, which is not to be kept for it.
        self._kept: list[str] = []
        self._session: sessions.Session | None = None
        self._closed = False
        self._connection: sqlite3.Connection | None = None
        self._files: tuple[tuple[int, int] | None, ...] = ()
        # Alone, because a file is made by opening it beside SQLite (database.py).
        with forks.guard.alone:
            made = database.create(path)
            # Before the look at the rows: all that were known by now must be there.
            known = 0 if made else sessions.latest_known(path)
            self._connect()
            try:
                self._check_latest(known)
                privacy.check_folder(path)
                # Alone as well: a child that is forked meanwhile would share the locks of the look.
                sessions.sweep(path)
            except BaseException:
                self._disconnect()
                raise
            forks.members.add(self)

    # Any: see the queue.
    def write(self, write: Write[Any]) -> None:
        """Do a write, and those that wait before it.

        Raises:
            Exception: It failed: an error of SQLite's or the system's, or a JournalError. It is
                tried again if it is still ``pending``.
        """
        try:
            self._queue.append(write)
            with self._lock.alone:
                # Another thread may have done it, or failed to, in its own transaction.
                if write.state == "pending" and write.error is None:
                    self._flush()
        finally:
            # Also when Ctrl-C ends the wait: what is not to be kept must not be done later.
            if write.state == "pending" and not write.keep:
                write.state = "dropped"
        if write.error is not None:
            raise write.error

    def look(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """What *act* finds, of one state of the file; no lock is held when it is returned.

        Raises:
            JournalError: The store is closed.
            DamagedError: What is looked for is not as it was written.
            sqlite3.Error: It can't be read.
        """
        with self._lock.alone:
            connection = self._connected()
            # Whoever is interrupted twice leaves one open.
            database.roll_back(connection)
            try:
                connection.execute("BEGIN")
                return act(connection)
            finally:
                database.roll_back(connection)

    def session(self) -> str:
        """The name of this process's session, started if need be.

        Raises:
            JournalError: The store is closed.
            OSError: It can't be started.
        """
        with self._lock.alone:
            self._connected()
            if self._session is None:
                session = sessions.Session(self.path)
                self._when_forgotten(session.end)
                self._session = session
            return self._session.name

    def is_alive(self, session: str) -> bool:
        """Whether the process of a session is."""
        own = self._session
        return (own is not None and own.name == session) or sessions.is_alive(self.path, session)

    # Any: see the queue.
    def close(self) -> list[Write[Any]]:
        """Do what waits, and close. Closing again does nothing.

        Returns:
            What could not be done.
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
            left = [write for write in self._queue if write.state == "pending"]
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
        # Last: what is interrupted before is begun anew.
        self._connection = connection
        return connection

    # Any: the finalizers of several stores are of one type.
    def _when_forgotten(
        self, act: Callable[..., object], *arguments: object
    ) -> weakref.finalize[..., Any]:
        finalizer = weakref.finalize(self, act, *arguments)
        # At the end of the process, threads may still write down what they hear.
        finalizer.atexit = False
        return finalizer

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._closing.detach()
            # The last one to close moves the -wal file's content over; if it can't, it stays there.
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _check_latest(self, known: int) -> None:
        """See that the file has the submissions of which processes that have ended knew.

        Raises:
            DamagedError: It lacks some.
        """
        if known and (latest := self.look(table.latest)) < known:
            raise DamagedError(
                f"it ends with submission {latest}, and a process wrote {known} down: its -wal "
                "file was removed or damaged, or the file is an older copy (to go on without what "
                f"it lacks, remove the files {self.path}-session-*)"
            )

    def _flush(self) -> None:
        """Do all writes that wait; those that fail know why."""
        writes = [write for write in self._queue.copy() if write.state == "pending"]
        try:
            self._commit(writes)
        # Whatever it is: each thread has its own way to tell of it, and some must not raise.
        except Exception as error:  # noqa: BLE001
            pass_on(error)
            for write in writes:
                if write.state == "pending":
                    write.fail(error)
        # Not before: whoever is interrupted leaves them to the next one.
        for write in self._queue.copy():
            if write.state != "pending":
                self._queue.remove(write)
        self._kept[:] = [write.about for write in writes if write.state == "pending"]

    # Any: see the queue.
    def _commit(self, writes: list[Write[Any]]) -> None:
        connection = self._connected()
        self._check_files()
        self._synchronise(connection, durable=any(write.durable for write in writes))
        # What comes before a POST may take its time. A note on a job must not hold up its caller.
        before = any(write.durable and not write.keep for write in writes)
        patience = database.BUSY if before else database.BUSY_AFTER
        connection.execute(f"PRAGMA busy_timeout = {patience * 1000:.0f}")
        # Whoever is interrupted twice leaves one open.
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
        self._lock.alone.acquire()
        self._disconnect()

    def after_fork(self, *, child: bool) -> None:
        """Let go of the lock. A child leaves to its parent what is the parent's."""
        if child:
            self._queue.clear()
            self._kept.clear()
            if self._session is not None:
                self._session.abandon()
                self._session = None
        self._lock.let_go()


# Any: see the queue.
def _execute(connection: sqlite3.Connection, writes: list[Write[Any]]) -> list[Write[Any]]:
    """Do writes as far as they go; the rest know why they don't.

    Raises:
        sqlite3.Error: SQLite gave up the transaction.
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
            # One that is dropped holds up nobody.
            blocked = error if write.state == "pending" else None
        else:
            done.append(write)
    return done


def _close_forgotten(path: Path, connection: sqlite3.Connection, kept: list[str]) -> None:
    """Close what a store that was forgotten has left open."""
    with contextlib.suppress(sqlite3.Error):
        connection.close()
    for about in kept:
        warn(path, f"it was forgotten, and not closed; not written down: {about}")


def _identity(path: str) -> tuple[int, int] | None:
    """What tells a file from any other, whatever its name; None for one that isn't there."""
    try:
        found = os.stat(path)  # noqa: PTH116 - six times a transaction, where a Path takes as long
    except OSError:
        return None
    return found.st_dev, found.st_ino
