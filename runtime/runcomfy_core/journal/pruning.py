"""What a journal may forget: what is over, where that costs nothing.

Rules:

- Whatever may be a job that is not over stays as it is: ``posting``, ``uncertain``, ``submitted``.
- A map looks an input up by its digest and key, and submits, and pays for, what it does not find.
  So a job with a key keeps its row for good. It loses its input, and a result that went well: the
  API gives that again for the request id.
- What was refused is in no map's way, and what has no key no map looks for. Their rows go.
- The latest row stays, whatever it is: SQLite gives the next one a number above it, so that no
  number is ever used again, and whoever is reading meanwhile never meets another row under one.
- A few thousand rows at a time, so that nobody who is about to submit waits for long.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import attrs

from . import table
from .store import Write

if TYPE_CHECKING:
    import sqlite3

    from .entries import Row
    from .store import Store

#: Rows that are looked at in one transaction.
_BATCH: Final = 5000

_OVER: Final = ("completed", "failed", "cancelled")


def prune(store: Store, before: float) -> int:
    """Forget what is over, and last changed before that time; see the rules.

    Args:
        store: The journal's.
        before: Seconds since 1970.

    Returns:
        How many rows were removed or made shorter.

    Raises:
        Exception: It failed, perhaps halfway: what :meth:`Store.write` raises.
    """
    changed = 0
    latest = store.look(table.latest)
    for first in range(0, latest, _BATCH):
        end = min(first + _BATCH, latest)
        act = partial(_forget, first=first, end=end, before=before)
        # It need not outlast a power cut, and is not worth being kept.
        write = Write(act, "", durable=False, keep=False)
        store.write(write)
        changed += write.found or 0
    return changed


def _forget(connection: sqlite3.Connection, first: int, end: int, before: float) -> int:
    """Forget what is over among the rows of some numbers; how many that were."""
    changed = 0
    for number in table.older(connection, first, end, before, ("refused", *_OVER)):
        row = table.by_number(connection, number)
        if row is None:
            continue
        if row.state == "refused" or row.key is None:
            table.delete(connection, row)
            changed += 1
        elif row.request_id is not None:
            changed += table.change(connection, row, _shortened(row))
    return changed


def _shortened(row: Row) -> Row:
    return attrs.evolve(row, input=None, result=None if row.state == "completed" else row.result)
