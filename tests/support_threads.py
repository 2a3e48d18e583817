"""Helpers for the threads of a client, as distinct from those of earlier tests."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from runcomfy_core.threads import Lock


def begun_since(
    earlier: AbstractSet[threading.Thread], prefix: str = "runcomfy"
) -> list[threading.Thread]:
    """Return the threads whose names begin with *prefix* and that were not there *earlier*."""
    found = set(threading.enumerate()) - earlier
    return [thread for thread in found if thread.name.startswith(prefix)]


def is_held(lock: Lock) -> bool:
    """Tell whether a lock is held, so that another thread can't take it now."""

    def take() -> bool:
        taken = lock.alone.acquire(blocking=False)
        lock.let_go()
        return taken

    with ThreadPoolExecutor(1) as other:
        return not other.submit(take).result()
