"""The table of a journal, its indexes, and a check that they are unchanged.

``id`` numbers the submissions in order. Short columns come first, because SQLite reads a row only
up to the last column that a statement asks for.

There are two equal indexes on digest and key. If a damaged index lacks a row, its input looks as if
it had never been submitted, and would be submitted, and paid for, again. A row that both indexes
lack was never there.
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

#: The two equal indexes on digest and key.
CLAIM_INDEXES: Final = ("submission_by_digest", "submission_by_digest_again")

#: The error of a process with an earlier version of this package that still has the file open.
_UPGRADED: Final = (
    "a later version of this package has turned the journal into format 2: start this program "
    "again with that version"
)

#: The parts of the file by name, with the type of each and the statement that makes it.
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
    # A process that opened the file when it had format 1 may go on reading. A row that it writes
    # has no checksum, and so is refused before its POST is sent.
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
    """Make the table and its indexes, in the caller's transaction.

    Args:
        connection: The file.
        fill: Writes rows into the table before the indexes are made, which is faster.

    Raises:
        sqlite3.Error: The table can't be made.
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
    """Check that the table, its indexes and its triggers are unchanged.

    Raises:
        DamagedError: A part was changed. Even one wrong letter may change what a query finds.
        sqlite3.Error: The schema can't be read.
    """
    rows = connection.execute("SELECT name, type, tbl_name, sql FROM sqlite_master")
    found = {name: (kind, table, sql) for name, kind, table, sql in rows}
    for name, (kind, statement) in _PARTS.items():
        # SQLite stores the text of each CREATE statement unchanged.
        if found.get(name) != (kind, "submission", statement):
            raise DamagedError(f"its {kind} {name} is not as it was made")
