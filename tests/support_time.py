"""What the tests of hostile texts and files share: a bound on what they cost."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def little_time(most: float = 1.0) -> Iterator[None]:
    """Fail if a block takes *most* seconds or more; quadratic time would take far longer.

    They are of processor time, since the machine may stall meanwhile.
    """
    begin = time.process_time()
    yield
    assert time.process_time() - begin < most
