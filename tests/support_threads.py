"""The threads that a client has, beside those of earlier tests, which may still be ending."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet


def begun_since(
    earlier: AbstractSet[threading.Thread], prefix: str = "runcomfy"
) -> list[threading.Thread]:
    """Return the threads whose names begin with *prefix* and that were not there *earlier*."""
    found = set(threading.enumerate()) - earlier
    return [thread for thread in found if thread.name.startswith(prefix)]
