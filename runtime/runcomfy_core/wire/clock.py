"""Clocks."""

from __future__ import annotations

import time
from typing import Protocol


class Ticks(Protocol):
    """A clock that tells the time."""

    def monotonic(self) -> float:
        """Return the seconds since some fixed moment. The value never goes back."""
        ...


class Clock(Ticks, Protocol):
    """A clock that can sleep; :class:`SystemClock` is the real one."""

    def sleep(self, seconds: float, /) -> None:
        """Return after that many seconds."""
        ...


class SystemClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        """Return the seconds since some fixed moment."""
        return time.monotonic()

    def sleep(self, seconds: float, /) -> None:
        """Sleep for that many seconds."""
        time.sleep(seconds)
