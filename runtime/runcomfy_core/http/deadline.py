"""A moment by which something has to be over."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Deadline:
    """A moment by which whoever waits, on any number of threads, has to be done.

    Attributes:
        seconds: How long there was in all.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = clock() + seconds

    def left(self) -> float:
        """Seconds until then; 0.0 when it is over."""
        return max(self._end - self._clock(), 0.0)

    def end(self) -> None:
        """Make it over now."""
        self._end = self._clock()
