"""Entries, read one at a time.

Rules:

- A result may be long, so entries are not held together: their numbers are, and each is read when
  its turn comes. No lock is held in between.
- A submission whose POST was being sent by a process that is gone is uncertain.
- What a row says is looked at only when the row is known to be as it was written. So rows are told
  apart here, and not by SQLite.
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
    """Reads what a store holds."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def each(self, states: Collection[str], wanted: Callable[[Row], bool]) -> Iterator[Entry]:
        """Entries in one of these states that are wanted, the oldest first.

        Raises:
            JournalError: They can't be read, now or when their turn comes.
        """
        # What is being posted is uncertain when its process is gone.
        stored = {*states, "posting"} if "uncertain" in states else states
        with raising(self._store.path):
            numbers = self._store.look(partial(table.numbers, states=stored))
        return self._each(numbers, states, wanted)

    def by_local_id(self, local_id: str) -> Entry | None:
        """The entry of a local id, or None.

        Raises:
            JournalError: It can't be read.
        """
        with raising(self._store.path):
            return self._entry(partial(table.by_local_id, local_id=local_id))

    def answer(self, claim: Claim) -> Entry | None:
        """The entry that answers for an input, or None.

        Raises:
            JournalError: It can't be read.
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
            # It may have changed since its number was read.
            if entry is not None and entry.state in states:
                yield entry

    def _entry(self, find: Callable[[sqlite3.Connection], Row | None]) -> Entry | None:
        row = self._store.look(find)
        return None if row is None else self._judged(row)

    def _judged(self, row: Row) -> Entry:
        if row.state != "posting" or self._store.is_alive(row.session):
            return row.entry(orphaned=False)
        # Read again: its process may have written its last between the two looks.
        row = self._store.look(partial(table.by_number, number=row.number)) or row
        return row.entry(orphaned=row.state == "posting")


def answer(connection: sqlite3.Connection, claim: Claim) -> Row | None:
    """The row that answers for an input, or None.

    Raises:
        DamagedError: That can't be told.
        sqlite3.Error: It can't be read.
    """
    if claim.earlier:
        return claim.answer(table.alike(connection, claim.digests))
    return claim.answer(table.same(connection, claim.digest, claim.key))
