"""What tests on an event loop share: a clock for it, and a task's cancellation."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
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


async def cancelled(task: asyncio.Task[Any]) -> asyncio.CancelledError:
    """Cancel a task, and return what came out of it."""
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await task
    return caught.value
