"""Turns on an event loop: how many operations may be at work at a time, and who is next.

Rules:

- Who came first has the next turn.
- Whoever waits holds a future and little else, for thousands may: one watch looks after the times
  of all, where an alarm for each would take more than the wait itself.
- A turn that is given to a task that is cancelled meanwhile is not lost: it has it, and ends it.
- Who has a turn is written down in one place, so that Ctrl-C at any point loses none.
"""

from __future__ import annotations

import asyncio
import os
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
        self._number = number
        self._having: set[Turn] = set()
        self._waiting: deque[Turn] = deque()
        self._watched = False

    def have(self, turn: Turn) -> bool:
        """Whether it is one's turn."""
        return turn in self._having

    def take(self, turn: Turn) -> bool:
        """Whether one is free, and now *turn*; else that arrives when there is one."""
        if len(self._having) < self._number:
            self._having.add(turn)
            return True
        self._waiting.append(turn)
        self._watch()
        return False

    def give(self, turn: Turn) -> None:
        """Take one back, for whoever is next."""
        self._having.discard(turn)
        while self._waiting and len(self._having) < self._number:
            following = self._waiting.popleft()
            if following.waits:
                self._having.add(following)
                if not following.arrive():
                    self._having.discard(following)

    def _watch(self) -> None:
        if self._waiting and not self._watched:
            asyncio.get_running_loop().call_later(WATCH, self._look)
            self._watched = True

    def _look(self) -> None:
        """Send away those who may wait no longer."""
        self._watched = False
        now = time.monotonic()
        self._waiting = deque(turn for turn in self._waiting if turn.still_waits(now))
        self._watch()


class Turn:
    """An operation's turn. It need not wait for another while it has one.

    Attributes:
        process: Where the operation began. A forked child does not go on with it.
        until: The moment when what it was last begun for should be done.
    """

    __slots__ = ("_arrived", "_turns", "process", "until")

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._arrived: asyncio.Future[None] | None = None
        self.process = os.getpid()
        self.until = 0.0

    @property
    def has(self) -> bool:
        """Whether it has its turn."""
        return self._turns.have(self)

    @property
    def waits(self) -> bool:
        """Whether somebody waits for it. It is not so when the task was cancelled."""
        return self._arrived is not None and not self._arrived.done()

    def begin(self, limit: float) -> asyncio.Future[None]:
        """What ends when it has its turn, or without one when *limit* seconds have passed."""
        self.until = time.monotonic() + limit
        self._arrived = asyncio.get_running_loop().create_future()
        if self.has or self._turns.take(self):
            self.arrive()
        return self._arrived

    def arrive(self) -> bool:
        """End the wait; whether there was one."""
        if self._arrived is None or self._arrived.done():
            return False
        try:
            self._arrived.set_result(None)
        except RuntimeError:  # the loop is closed, and its tasks are never performed
            return False
        return True

    def still_waits(self, now: float) -> bool:
        """Whether it waits; it does no more when its time is up."""
        if now >= self.until:
            self.arrive()
        return self.waits

    def end(self) -> None:
        """Let another operation have its turn, if this one has it; it waits for none any more."""
        if self.has:
            self._turns.give(self)
        elif self._arrived is not None and not self._arrived.get_loop().is_closed():
            self._arrived.cancel()  # its coroutine was closed, and no task has cancelled this
