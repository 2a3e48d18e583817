"""The table of a journal's file, and whether it is as it was made.

``id`` counts submissions in their order. Short columns come first: SQLite reads a row no further
than the last column that is asked for.

There are two indexes of what a claim rests on, and they are alike. A row that an index does not
name looks like an input that was never submitted, which would be submitted, and paid for, again;
what neither of two names was never there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .faults import DamagedError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

#: "RCJN" in ASCII.
APPLICATION_ID: Final = 0x52434A4E
VERSION: Final = 2

#: The two indexes of what a claim rests on.
CLAIM_INDEXES: Final = ("submission_by_digest", "submission_by_digest_again")

#: What a process with an earlier version of this package, which has the file open, is told.
_UPGRADED: Final = (
    "a later version of this package has turned the journal into format 2: start this program "
    "again with that version"
)

#: What is in the file, by name: its type, and the statement that makes it.
_PARTS: Final = {
    "submission": (
        "table",
        """\
CREATE TABLE submission (
    id INTEGER PRIMARY KEY,
    local_id TEXT NOT NULL UNIQUE,
    session TEXT NOT NULL,
    model_id TEXT NOT NULL,
    origin TEXT NOT NULL,
    digest TEXT NOT NULL,
    key TEXT,
    request_id TEXT,
    state TEXT NOT NULL,
    status TEXT,
    created REAL NOT NULL,
    updated REAL NOT NULL,
    checksum TEXT NOT NULL,
    texts_checksum TEXT NOT NULL,
    error TEXT,
    input TEXT,
    result TEXT
)""",
    ),
    **{
        name: ("index", f"CREATE INDEX {name} ON submission (digest, key)")
        for name in CLAIM_INDEXES
    },
    **{
        f"submission_by_{column}": (
            "index",
            f"CREATE INDEX submission_by_{column} ON submission ({column})",
        )
        for column in ("request_id", "state")
    },
    # A process that has had the file open since it was of format 1 may read on. What it would write
    # has no checksum: it is refused, before anything is sent.
    "begun_by_an_earlier_version": (
        "trigger",
        f"""\
CREATE TRIGGER begun_by_an_earlier_version BEFORE INSERT ON submission
WHEN NEW.checksum IS NULL
BEGIN SELECT RAISE(ABORT, '{_UPGRADED}'); END""",
    ),
    "changed_by_an_earlier_version": (
        "trigger",
        f"""\
CREATE TRIGGER changed_by_an_earlier_version BEFORE UPDATE OF updated ON submission
WHEN NEW.checksum IS OLD.checksum
BEGIN SELECT RAISE(ABORT, '{_UPGRADED}'); END""",
    ),
}


def make(
    connection: sqlite3.Connection, fill: Callable[[sqlite3.Connection], object] | None = None
) -> None:
    """Make the table, in the caller's transaction.

    Args:
        connection: To the file.
        fill: Writes rows into it, before it has indexes: that is faster.

    Raises:
        sqlite3.Error: It can't be made.
    """
    (_, table), *others = _PARTS.values()
    connection.execute(table)
    if fill is not None:
        fill(connection)
    for _, statement in others:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def check(connection: sqlite3.Connection) -> None:
    """See that the table is as it was made.

    Raises:
        DamagedError: It is not. Even one letter of it may change what is found.
        sqlite3.Error: That can't be read.
    """
    rows = connection.execute("SELECT name, type, tbl_name, sql FROM sqlite_master")
    found = {name: (kind, table, sql) for name, kind, table, sql in rows}
    for name, (kind, statement) in _PARTS.items():
        # SQLite keeps each statement as it was written.
        if found.get(name) != (kind, "submission", statement):
            raise DamagedError(f"its {kind} {name} is not as it was made")
