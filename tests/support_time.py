"""A bound on time, for tests of hostile texts and files."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def little_time(most: float = 1.0) -> Iterator[None]:
    """Fail if a block takes *most* seconds of CPU time or more; quadratic code takes far longer.

    Wall time is not measured, because the machine may be busy.
    """
    begin = time.process_time()
    yield
    assert time.process_time() - begin < most
