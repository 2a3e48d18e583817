"""Importing what is large.

What an import makes lives as long as the process. The garbage collector can find nothing to free in
it, but would go through all of it again and again, then and at the end of the process: a quarter of
a run that starts from nothing.
"""

from __future__ import annotations

import contextlib
import gc
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Keep the garbage collector from what is imported inside the ``with`` block, for good.

    Where nothing new was imported, nothing is done.
    """
    before, enabled = len(sys.modules), gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if len(sys.modules) > before:
            gc.freeze()
        if enabled:
            gc.enable()
