"""Reads entries, one at a time.

Rules:

- A result may be long, so only the numbers of the entries are read at once. Each entry is read when
  its turn comes, and no lock is held in between.
- A submission whose process ended while its state was ``posting`` is uncertain.
- A row's values are used only after its checksum was verified. So rows are filtered here, and not
  by SQLite.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from . import table
from .faults import raising

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterator

    from .claims import Claim
    from .entries import Entry, Row
    from .store import Store


class Reader:
    """Reads the entries of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def each(self, states: Collection[str], wanted: Callable[[Row], bool]) -> Iterator[Entry]:
        """Return the entries that are in one of these states and *wanted*, the oldest first.

        Raises:
            JournalError: The entries can't be read, now or when their turn comes.
        """
        # A row that is stored as "posting" is uncertain if its process is gone.
        stored = {*states, "posting"} if "uncertain" in states else states
        with raising(self._store.path):
            numbers = self._store.look(partial(table.numbers, states=stored))
        return self._each(numbers, states, wanted)

    def by_local_id(self, local_id: str) -> Entry | None:
        """Return the entry with a local id, or None.

        Raises:
            JournalError: The entry can't be read.
        """
        with raising(self._store.path):
            return self._entry(partial(table.by_local_id, local_id=local_id))

    def answer(self, claim: Claim) -> Entry | None:
        """Return the entry that answers for an input, or None.

        Raises:
            JournalError: The journal can't be read.
        """
        with raising(self._store.path):
            return self._entry(partial(answer, claim=claim))

    def _each(
        self, numbers: list[int], states: Collection[str], wanted: Callable[[Row], bool]
    ) -> Iterator[Entry]:
        for number in numbers:
            with raising(self._store.path):
                row = self._store.look(partial(table.by_number, number=number))
                entry = self._judged(row) if row is not None and wanted(row) else None
            # The entry may have changed since its number was read.
            if entry is not None and entry.state in states:
                yield entry

    def _entry(self, find: Callable[[sqlite3.Connection], Row | None]) -> Entry | None:
        row = self._store.look(find)
        return None if row is None else self._judged(row)

    def _judged(self, row: Row) -> Entry:
        if row.state != "posting" or self._store.is_alive(row.session):
            return row.entry(orphaned=False)
        # The process may have changed the row just before it ended, so the row is read again.
        row = self._store.look(partial(table.by_number, number=row.number)) or row
        return row.entry(orphaned=row.state == "posting")


def answer(connection: sqlite3.Connection, claim: Claim) -> Row | None:
    """Return the row that answers for an input, or None.

    Raises:
        DamagedError: A row or an index is damaged.
        sqlite3.Error: The file can't be read.
    """
    if claim.earlier:
        return claim.answer(table.alike(connection, claim.digests))
    return claim.answer(table.same(connection, claim.digest, claim.key))
