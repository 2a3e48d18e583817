"""Entries, read one at a time.

Rules:

- A result may be long, so entries are not held together: their numbers are, and each is read when
  its turn comes. No lock is held in between.
- A submission whose POST was being sent by a process that is gone is uncertain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .entries import COLUMNS, Row
from .faults import raising

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from .entries import Entry
    from .store import Store, Value

_ROW: Final = f"SELECT {', '.join(COLUMNS)} FROM submission WHERE id = ?"  # noqa: S608 - our names


class Reader:
    """Reads what a store holds."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def each(
        self, states: Collection[str], condition: str = "TRUE", *values: Value
    ) -> Iterator[Entry]:
        """Entries in one of these states that meet a condition, the oldest first.

        Raises:
            JournalError: They can't be read, now or when their turn comes.
        """
        # What is being posted is uncertain when its process is gone.
        stored = {*states, "posting"} if "uncertain" in states else states
        marks = ", ".join("?" for _ in stored)
        with raising(self._store.path):
            numbers = self._numbers(
                f"state IN ({marks}) AND {condition} ORDER BY id", (*stored, *values)
            )
        return self._read(numbers, states)

    def first(self, condition: str, *values: Value) -> Entry | None:
        """The first entry that meets a condition, or None.

        Raises:
            JournalError: It can't be read.
        """
        with raising(self._store.path):
            numbers = self._numbers(f"{condition} LIMIT 1", values)
            return self._entry(numbers[0]) if numbers else None

    def _numbers(self, condition: str, values: Sequence[Value]) -> list[int]:
        # The condition is this package's; what callers pass is in the values.
        rows = self._store.read(
            f"SELECT id FROM submission WHERE {condition}",  # noqa: S608 - see above
            values,
        )
        return [number for (number,) in rows]

    def _read(self, numbers: list[int], states: Collection[str]) -> Iterator[Entry]:
        for number in numbers:
            with raising(self._store.path):
                entry = self._entry(number)
            # It may have changed since its number was read.
            if entry is not None and entry.state in states:
                yield entry

    def _entry(self, number: int) -> Entry | None:
        row = self._row(number)
        if row is None:
            return None
        if row.state != "posting" or self._store.is_alive(row.session):
            return row.entry(orphaned=False)
        # Read again: its process may have written its last between the two looks.
        row = self._row(number) or row
        return row.entry(orphaned=row.state == "posting")

    def _row(self, number: int) -> Row | None:
        rows = self._store.read(_ROW, (number,))
        return Row(*rows[0]) if rows else None
