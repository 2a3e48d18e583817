"""The conversion of a journal from format 1 to the present format.

Rules:

- The conversion is one transaction, so a process that is killed meanwhile leaves the file as it
  was.
- There is no conversion while a process with an earlier version has submissions under way, because
  it could no longer record their outcomes. A process that only has the file open can go on reading,
  but it gets an error before it submits.
- A damaged file is left as it is. Format 1 has no checksums, so the rows are trusted once SQLite
  finds the file intact.
- The new digest of an input is computed from the stored input, if that also yields the old digest.
  Otherwise the old digest stays, and is marked as old.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, cast

import attrs

from runcomfy_core.errors import JournalError
from runcomfy_core.interrupts import pass_on
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
_SELECT: Final = f"SELECT id, {', '.join(COLUMNS)} FROM old WHERE id > ? ORDER BY id LIMIT ?"  # noqa: S608 - the names are our own

#: How many rows are moved at a time. The next batch reuses the space of the last one.
_BATCH: Final = 1000

#: Matches every JSON number with a fraction or an exponent, and perhaps other text.
_FLOAT: Final = re.compile(r"[0-9][.eE]")


def upgrade(connection: sqlite3.Connection, path: Path) -> None:
    """Convert a journal of format 1 to the present format, in the caller's transaction.

    Raises:
        JournalError: A process with an earlier version is using the journal.
        DamagedError: The journal is damaged.
        sqlite3.Error: The journal can't be read or written.
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
    """Yield the rows in the present format, oldest first, and delete them from the old table."""
    numberings: defaultdict[tuple[str, str], Numbering] = defaultdict(Numbering)
    last = 0
    while rows := connection.execute(_SELECT, (last, _BATCH)).fetchall():
        for row in (Row(*values) for values in rows):
            name = _digest(row)
            if name is None:
                yield attrs.evolve(row, digest=EARLIER + row.digest)
            else:
                # Rows with different old digests may have the same number as their key.
                numbering = numberings[normal_url(row.origin), name]
                yield attrs.evolve(row, digest=name, key=numbering.key(row.digest, row.key))
            last = row.number
        connection.execute("DELETE FROM old WHERE id <= ?", (last,))


def _digest(row: Row) -> str | None:
    """Return the present digest of a row's input, or None if it can't be computed."""
    if row.input is None:
        return None
    if _FLOAT.search(row.input) is None:
        return row.digest  # the same in both formats
    try:
        # Any, because this is an input that no schema vouches for here.
        body = cast("dict[str, Any]", json.loads(row.input))
        if first_format_digest(row.model_id, body) == row.digest:
            return digest(row.model_id, body)
    except (ValueError, TypeError, RecursionError) as error:
        pass_on(error)
    return None
