"""Deadlines."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Deadline:
    """A deadline that any number of threads can share.

    Attributes:
        seconds: The time from the start to the deadline.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = clock() + seconds

    def left(self) -> float:
        """Return the seconds until the deadline, or 0.0 when it has passed."""
        return max(self._end - self._clock(), 0.0)

    def end(self) -> None:
        """Move the deadline to now."""
        self._end = self._clock()
