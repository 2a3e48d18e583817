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

from typing import TYPE_CHECKING, Final

from .store import Write

if TYPE_CHECKING:
    from .store import Store

#: Rows that are looked at in one transaction.
_BATCH: Final = 5000

_OVER: Final = "state IN ('completed', 'failed', 'cancelled')"
_SOME: Final = "id >= ? AND id < ? AND updated < ?"
_REMOVE: Final = (
    f"DELETE FROM submission WHERE {_SOME} AND (state = 'refused' OR {_OVER} AND key IS NULL)"  # noqa: S608 - our names
)
_SHORTEN: Final = (
    "UPDATE submission SET input = NULL, "  # noqa: S608 - likewise
    "result = CASE state WHEN 'completed' THEN NULL ELSE result END "
    f"WHERE {_SOME} AND {_OVER} AND key IS NOT NULL AND request_id IS NOT NULL "
    "AND (input IS NOT NULL OR state = 'completed' AND result IS NOT NULL)"
)


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
    [(latest,)] = store.read("SELECT COALESCE(MAX(id), 0) FROM submission")
    for first in range(0, latest, _BATCH):
        for sql in (_REMOVE, _SHORTEN):
            end = min(first + _BATCH, latest)
            # It need not outlast a power cut, and is not worth being kept.
            write = Write(sql, (first, end, before), "", durable=False, keep=False)
            store.write(write)
            changed += write.changed
    return changed
