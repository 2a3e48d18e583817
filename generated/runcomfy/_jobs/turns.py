"""Turns on an event loop: how many operations may be at work at a time, and who is next.

Rules:

- Who came first has the next turn.
- Whoever waits holds a future and little else, for thousands may: one watch looks after the times
  of all, where an alarm for each would take more than the wait itself.
- A turn that is given to a task that is cancelled meanwhile is not lost: it has it, and ends it.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Final

#: Seconds between two looks at whose time is up. A wait that was in vain lasts that much longer.
WATCH: Final = 0.2


class Turns:
    """The turns of one loop's operations.

    Args:
        number: How many there are at a time.
    """

    def __init__(self, number: int) -> None:
        self._free = number
        self._waiting: deque[Turn] = deque()
        self._watched = False

    def take(self, turn: Turn) -> bool:
        """Whether one is free, and now *turn*; else that arrives when there is one."""
        if self._free:
            self._free -= 1
            return True
        self._waiting.append(turn)
        self._watch()
        return False

    def give(self) -> None:
        """Take one back, for whoever is next."""
        while self._waiting:
            if self._waiting.popleft().arrive(has=True):
                return
        self._free += 1

    def _watch(self) -> None:
        if self._waiting and not self._watched:
            self._watched = True
            asyncio.get_running_loop().call_later(WATCH, self._look)

    def _look(self) -> None:
        """Send away those who may wait no longer."""
        self._watched = False
        now = time.monotonic()
        self._waiting = deque(turn for turn in self._waiting if turn.still_waits(now))
        self._watch()


class Turn:
    """An operation's turn. It need not wait for another while it has one.

    Attributes:
        has: Whether it has its turn.
        until: The moment when what it was last begun for should be done.
    """

    __slots__ = ("_arrived", "_turns", "has", "until")

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._arrived: asyncio.Future[None] | None = None
        self.has = False
        self.until = 0.0

    def begin(self, limit: float) -> asyncio.Future[None]:
        """What ends when it has its turn, or without one when *limit* seconds have passed."""
        self.until = time.monotonic() + limit
        self._arrived = asyncio.get_running_loop().create_future()
        if self.has or self._turns.take(self):
            self.arrive(has=True)
        return self._arrived

    def arrive(self, *, has: bool) -> bool:
        """End the wait; whether there was one."""
        if self._arrived is None or self._arrived.done():  # its task was cancelled
            return False
        self.has = has
        self._arrived.set_result(None)
        return True

    def still_waits(self, now: float) -> bool:
        """Whether it waits; it does no more when its time is up."""
        if now >= self.until:
            self.arrive(has=False)
        return self._arrived is not None and not self._arrived.done()

    def end(self) -> None:
        """Let another operation have its turn, if this one has it; it waits for none any more."""
        if self.has:
            self.has = False
            self._turns.give()
        elif self._arrived is not None:
            self._arrived.cancel()  # its coroutine was closed, and no task has cancelled this
