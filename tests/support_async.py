"""Helpers for tests on an event loop: a fake clock, and cancelling a task."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from support_client import FakeClock


class AsyncFakeClock:
    """A clock whose sleeps take no time and are recorded; other tasks get their turn."""

    def __init__(self) -> None:
        self._clock = FakeClock()
        self.sleeps = self._clock.sleeps

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep(self, seconds: float, /) -> None:
        self._clock.sleep(seconds)
        await asyncio.sleep(0)


async def cancelled(task: asyncio.Task[Any]) -> asyncio.CancelledError:
    """Cancel a task, and return the exception that it raises."""
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await task
    return caught.value
