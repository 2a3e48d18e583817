"""What a journal may forget: submissions that are over, where that costs no money.

Rules:

- A row that may stand for a job that is not over (``posting``, ``uncertain``, ``submitted``) stays
  as it is.
- A map looks its inputs up by digest and key, and submits, and pays for, each input that it does
  not find. So the row of a job with a key stays for good. It loses its input, and also its result
  if the job succeeded, because the API gives that again for the request id.
- A refused submission does not stop a map from submitting its input, and no map looks for a row
  without a key. Both kinds of rows are removed.
- The latest row always stays. SQLite numbers the next row above it, so no number is ever used
  twice, and a process that is reading never meets another row under a number.
- Each transaction covers a few thousand rows, so that a thread that is about to submit does not
  wait for long.
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

#: How many rows one transaction covers.
_BATCH: Final = 5000

_OVER: Final = ("completed", "failed", "cancelled")


def prune(store: Store, before: float) -> int:
    """Forget submissions that are over and have not changed since a time.

    Args:
        store: The journal's store.
        before: The time, in seconds since 1970.

    Returns:
        How many rows were removed or shortened.

    Raises:
        Exception: :meth:`Store.write` or :meth:`Store.look` failed, perhaps halfway.
    """
    changed = 0
    latest = store.look(table.latest)
    for first in range(0, latest, _BATCH):
        end = min(first + _BATCH, latest)
        act = partial(_forget, first=first, end=end, before=before)
        # This need not survive a power cut, and is not worth a retry.
        write = Write(act, "", durable=False, keep=False)
        store.write(write)
        changed += write.found or 0
    return changed


def _forget(connection: sqlite3.Connection, first: int, end: int, before: float) -> int:
    """Forget submissions among the rows from *first* up to *end*; return how many there were."""
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
