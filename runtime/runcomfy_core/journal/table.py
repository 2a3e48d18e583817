"""Finds, adds, changes and removes rows of the journal's table. All SQL about entries is here.

Rules:

- A damaged row, which its checksum reveals, is never used, changed or removed. Input and result
  have a checksum of their own, because even without them a row says what was paid for.
- A lookup that decides whether to submit, or that lists entries, is made in two ways. If the
  answers differ, a part of the file is damaged.
- The caller has opened a transaction, so that all statements see the same state of the file.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, Final

import attrs

from runcomfy_core.logs import log

from .entries import COLUMNS, EARLIER, Row
from .faults import DamagedError, primary_code
from .schema import CLAIM_INDEXES

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

# The statements are made of this package's own names; a caller's values are bound as parameters.
# ruff: noqa: S608

_FIELDS: Final = ", ".join(COLUMNS)
_SELECT: Final = f"SELECT checksum, texts_checksum, id, {_FIELDS} FROM submission"
_INSERT: Final = (
    f"INSERT INTO submission (checksum, texts_checksum, id, {_FIELDS}) "
    f"VALUES (?, ?, ?, {', '.join('?' for _ in COLUMNS)}) ON CONFLICT (local_id) DO NOTHING"
)


def same(connection: sqlite3.Connection, digest: str, key: str | None) -> list[Row]:
    """Return the rows with a digest and a key, the oldest first.

    Raises:
        DamagedError: A row or an index is damaged.
        sqlite3.Error: The file can't be read.
    """
    rows = _named(connection, "digest = ? AND key IS ?", (digest, key))
    _check(rows, {digest})
    return rows


def alike(connection: sqlite3.Connection, digests: Sequence[str]) -> list[Row]:
    """Return the rows with one of several digests, whatever their keys, the oldest first.

    Raises:
        DamagedError: A row or an index is damaged.
        sqlite3.Error: The file can't be read.
    """
    rows = _named(connection, f"digest IN ({_marks(digests)})", digests)
    _check(rows, digests)
    return rows


def has_earlier(connection: sqlite3.Connection) -> bool:
    """Return whether any row has a digest of format 1.

    Raises:
        sqlite3.Error: The file can't be read.
    """
    ways = [
        connection.execute(
            f"SELECT 1 FROM submission INDEXED BY {index} WHERE digest >= ? AND digest < ? LIMIT 1",
            (EARLIER, EARLIER + "~"),
        ).fetchone()
        for index in CLAIM_INDEXES
    ]
    return any(ways)


def numbers(connection: sqlite3.Connection, states: Collection[str]) -> list[int]:
    """Return the numbers of the rows in one of these states, the oldest first.

    Raises:
        DamagedError: The table or an index is damaged.
        sqlite3.Error: The file can't be read.
    """
    condition = f"state IN ({_marks(states)})"
    return _twice(
        connection, condition, tuple(states), ("INDEXED BY submission_by_state", "NOT INDEXED")
    )


def by_number(connection: sqlite3.Connection, number: int) -> Row | None:
    """Return the row with a number, or None.

    Raises:
        DamagedError: The row is damaged.
        sqlite3.Error: The file can't be read.
    """
    rows = _read(connection, "id = ?", (number,))
    return rows[0] if rows else None


def by_local_id(connection: sqlite3.Connection, local_id: str) -> Row | None:
    """Return the row with a local id, or None.

    Raises:
        DamagedError: The row is damaged.
        sqlite3.Error: The file can't be read.
    """
    rows = _read(connection, "local_id = ?", (local_id,))
    return rows[0] if rows else None


def by_request_id(connection: sqlite3.Connection, request_id: str) -> list[Row]:
    """Return the rows with a request id, which may belong to several servers, the oldest first.

    Raises:
        DamagedError: A row is damaged.
        sqlite3.Error: The file can't be read.
    """
    return _read(connection, "request_id = ? ORDER BY id", (request_id,))


def latest(connection: sqlite3.Connection) -> int:
    """Return the highest number of a row, or 0.

    Raises:
        sqlite3.Error: The file can't be read.
    """
    found: int = connection.execute("SELECT COALESCE(MAX(id), 0) FROM submission").fetchone()[0]
    return found


def older(
    connection: sqlite3.Connection,
    first: int,
    end: int,
    before: float,
    states: Collection[str],
) -> list[int]:
    """Return the numbers, from *first* up to *end*, of old rows in one of these states.

    Args:
        connection: The journal.
        first: The first number.
        end: The number after the last one.
        before: Return only rows that last changed before this time, in seconds since 1970.
        states: The states.

    Raises:
        sqlite3.Error: The file can't be read.
    """
    rows = connection.execute(
        "SELECT id FROM submission "
        f"WHERE id >= ? AND id < ? AND updated < ? AND state IN ({_marks(states)})",
        (first, end, before, *states),
    )
    return [number for (number,) in rows]


def insert(connection: sqlite3.Connection, row: Row) -> None:
    """Add a row, unless an earlier call has added it, which its local id tells.

    Raises:
        sqlite3.Error: The row can't be written.
    """
    sums = (row.checksum(), row.texts_checksum())
    connection.execute(_INSERT, (*sums, row.number or None, *row.values()))


def change(connection: sqlite3.Connection, row: Row, new: Row) -> bool:
    """Change a stored row into *new*; return whether the two differ.

    Raises:
        sqlite3.Error: The row can't be written.
    """
    pairs = zip(COLUMNS, row.values(), new.values(), strict=True)
    changed = {name: value for name, was, value in pairs if value != was}
    if not changed:
        return False
    changed["checksum"] = new.checksum()
    if row.torn or not changed.keys().isdisjoint(("input", "result")):
        # The two are written together, because a damaged text must not stay beside a new checksum.
        changed |= {
            "input": new.input,
            "result": new.result,
            "texts_checksum": new.texts_checksum(),
        }
    fields = ", ".join(f"{name} = ?" for name in changed)
    connection.execute(
        f"UPDATE submission SET {fields} WHERE id = ?", (*changed.values(), row.number)
    )
    return True


def delete(connection: sqlite3.Connection, row: Row) -> None:
    """Remove a row.

    Raises:
        sqlite3.Error: The file can't be written.
    """
    connection.execute("DELETE FROM submission WHERE id = ?", (row.number,))


def _named(
    connection: sqlite3.Connection, condition: str, values: Sequence[str | None]
) -> list[Row]:
    """Return the rows that match a condition on digest and key, by both indexes of these."""
    ways = [f"INDEXED BY {index}" for index in CLAIM_INDEXES]
    found: list[Row] = []
    for number in _twice(connection, condition, values, ways):
        row = by_number(connection, number)
        if row is None:
            raise DamagedError(f"row {number} is missing")
        found.append(row)
    return found


def _check(rows: Sequence[Row], digests: Collection[str]) -> None:
    for row in rows:
        if row.digest not in digests:
            raise DamagedError(f"its indexes name row {row.number} where they should not")


def _twice(
    connection: sqlite3.Connection,
    condition: str,
    values: Sequence[str | None],
    ways: Sequence[str],
) -> list[int]:
    """Return the numbers of the rows that match a condition, if both ways find the same.

    Raises:
        DamagedError: The two ways find different rows.
    """
    found: list[list[int]] = []
    for way in ways:
        rows = connection.execute(
            f"SELECT id FROM submission {way} WHERE {condition} ORDER BY id", values
        )
        found.append([number for (number,) in rows])
    first, second = map(set, found)
    if differing := sorted(first ^ second):
        raise DamagedError(f"its table and its indexes differ about {_rows(differing)}")
    return found[0]


# Any: a row's values are of the types that its columns have.
def _read(connection: sqlite3.Connection, condition: str, values: Sequence[Any]) -> list[Row]:
    try:
        found = connection.execute(f"{_SELECT} WHERE {condition}", values).fetchall()
    except sqlite3.OperationalError as error:
        # An error without SQLite's code is Python's own, about a text that is not UTF-8.
        if primary_code(error):
            raise
        numbers = connection.execute(f"SELECT id FROM submission WHERE {condition}", values)
        named = _rows([number for (number,) in numbers])
        raise DamagedError(f"{named} holds a text that can't be read") from None
    return [_checked(*columns) for columns in found]


# Any: a row's values are of the types that its columns have.
def _checked(checksum: str, texts_checksum: str, *values: Any) -> Row:
    row = Row(*values)
    if row.checksum() != checksum:
        raise DamagedError(f"row {row.number} is not as it was written")
    if row.texts_checksum() != texts_checksum:
        log.warning(
            "row %d of a journal has lost its input and result; the API gives the result again",
            row.number,
        )
        return attrs.evolve(row, input=None, result=None, torn=True)
    return row


def _rows(numbers: Sequence[int]) -> str:
    """Return in words which rows are meant: the first one, and how many more."""
    more = f" and {len(numbers) - 1} more" if len(numbers) > 1 else ""
    return f"row {numbers[0]}{more}" if numbers else "a row"


def _marks(values: Collection[str]) -> str:
    return ", ".join("?" for _ in values)
