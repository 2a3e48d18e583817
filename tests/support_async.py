"""What the tests of both clients share: a clock for an event loop."""

from __future__ import annotations

import asyncio

from support_client import FakeClock


class AsyncFakeClock:
    """Sleeping takes no time, and is noted; other tasks get their turn."""

    def __init__(self) -> None:
        self._clock = FakeClock()
        self.sleeps = self._clock.sleeps

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep(self, seconds: float, /) -> None:
        self._clock.sleep(seconds)
        await asyncio.sleep(0)
