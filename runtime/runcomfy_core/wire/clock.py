"""What tells the time, and lets it pass."""

from __future__ import annotations

import time
from typing import Protocol


class Ticks(Protocol):
    """What tells the time."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back."""
        ...


class Clock(Ticks, Protocol):
    """What a wait needs of time; :class:`SystemClock` is the real one."""

    def sleep(self, seconds: float, /) -> None:
        """Return after that many seconds."""
        ...


class SystemClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment."""
        return time.monotonic()

    def sleep(self, seconds: float, /) -> None:
        """Sleep."""
        time.sleep(seconds)
