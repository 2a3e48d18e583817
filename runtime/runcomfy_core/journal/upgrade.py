"""Format 1 of the journal, turned into the present one.

Rules:

- It is done in one transaction: a process that is killed meanwhile leaves the file as it was.
- Not while a process of a version that knows format 1 alone has submissions under way: it could no
  longer write down what becomes of them. One that merely has the file open reads on; before it
  submits it is told to start again.
- A file that is damaged is left as it is. Format 1 has no checksums, so what a row says is taken
  for true once SQLite finds the file sound.
- An input's digest is made anew from the stored input, as long as the old one can be made of that,
  too. Where there is none, the old digest stays, marked as such.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, cast

import attrs

from runcomfy_core.errors import JournalError
from runcomfy_core.normal_url import normal_url

from . import schema, sessions, table
from .claims import Numbering
from .entries import COLUMNS, EARLIER, Row
from .faults import DamagedError
from .texts import digest, first_format_digest

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

_TAKE_AWAY: Final = (
    "DROP INDEX submission_by_request_id",
    "DROP INDEX submission_by_digest",
    "DROP INDEX submission_by_state",
    "ALTER TABLE submission RENAME TO old",
)
_SELECT: Final = f"SELECT id, {', '.join(COLUMNS)} FROM old WHERE id > ? ORDER BY id LIMIT ?"  # noqa: S608 - our names

#: Rows that are moved at a time, so that those after them have room where they were.
_BATCH: Final = 1000

#: What may be a number with a fraction or an exponent, in JSON.
_FLOAT: Final = re.compile(r"[0-9][.eE]")


def upgrade(connection: sqlite3.Connection, path: Path) -> None:
    """Turn format 1 into the present one, in the caller's transaction.

    Raises:
        JournalError: A process of an earlier version is using it.
        DamagedError: It is.
        sqlite3.Error: It can't be read or written.
    """
    if sessions.any_alive(path):
        raise JournalError(
            path,
            "it has format 1, and a process with an earlier version of this package is using it: "
            "wait for that process to end, or end it, and open the journal again",
        )
    (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise DamagedError(f"SQLite says: {found}")
    for statement in _TAKE_AWAY:
        connection.execute(statement)
    schema.make(connection, _move)
    connection.execute("DROP TABLE old")


def _move(connection: sqlite3.Connection) -> None:
    for row in _renewed(connection):
        table.insert(connection, row)


def _renewed(connection: sqlite3.Connection) -> Iterator[Row]:
    """The rows as they are now, the oldest first; they are taken away from the old table."""
    numberings: defaultdict[tuple[str, str], Numbering] = defaultdict(Numbering)
    last = 0
    while rows := connection.execute(_SELECT, (last, _BATCH)).fetchall():
        for row in (Row(*values) for values in rows):
            name = _digest(row)
            if name is None:
                yield attrs.evolve(row, digest=EARLIER + row.digest)
            else:
                # Rows whose digests differed may be the first of their kind each.
                numbering = numberings[normal_url(row.origin), name]
                yield attrs.evolve(row, digest=name, key=numbering.key(row.digest, row.key))
            last = row.number
        connection.execute("DELETE FROM old WHERE id <= ?", (last,))


def _digest(row: Row) -> str | None:
    """The digest of a row's input, or None where that can't be told."""
    if row.input is None:
        return None
    if _FLOAT.search(row.input) is None:
        return row.digest  # the same in both formats
    try:
        # Any, because this is an input that no schema vouches for here.
        body = cast("dict[str, Any]", json.loads(row.input))
        if first_format_digest(row.model_id, body) == row.digest:
            return digest(row.model_id, body)
    except (ValueError, TypeError, RecursionError):
        pass
    return None
