"""Turns on an event loop, which limit how many operations are at work at a time.

Rules:

- The operation that has waited longest gets the next turn.
- A waiting operation holds a future and little else, because thousands may wait. A single timer
  watches all deadlines: a timer for each would take more memory than the wait itself.
- A turn that reaches a task just as it is cancelled is not lost: the task has the turn, and its
  operation ends it.
- One set holds every turn that is taken, so Ctrl-C can't lose one.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from typing import Final

#: Seconds between two looks at the deadlines. A wait may outlast its deadline by as much.
WATCH: Final = 0.2


class Turns:
    """The turns of the operations on one loop.

    Args:
        number: How many operations may have a turn at a time.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._having: set[Turn] = set()
        self._waiting: deque[Turn] = deque()
        self._watched = False

    def have(self, turn: Turn) -> bool:
        """Return whether *turn* is taken."""
        return turn in self._having

    def take(self, turn: Turn) -> bool:
        """Take *turn* if there is room, and return whether there was; otherwise queue it."""
        if len(self._having) < self._number:
            self._having.add(turn)
            return True
        self._waiting.append(turn)
        self._watch()
        return False

    def give(self, turn: Turn) -> None:
        """End *turn*, and start the next one in the queue."""
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
        """End the waits whose deadlines have passed."""
        self._watched = False
        now = time.monotonic()
        self._waiting = deque(turn for turn in self._waiting if turn.still_waits(now))
        self._watch()


class Turn:
    """An operation's turn. While it lasts, a further step of the operation need not wait.

    Attributes:
        process: The process in which the operation began. A forked child does not go on with it.
        until: The moment by which the current step should be done.
    """

    __slots__ = ("_arrived", "_turns", "process", "until")

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._arrived: asyncio.Future[None] | None = None
        self.process = os.getpid()
        self.until = 0.0

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The event loop of the last :meth:`begin`, or None."""
        return None if self._arrived is None else self._arrived.get_loop()

    @property
    def has(self) -> bool:
        """Whether the operation has its turn now."""
        return self._turns.have(self)

    @property
    def waits(self) -> bool:
        """Whether the operation waits for its turn; False once its task was cancelled."""
        return self._arrived is not None and not self._arrived.done()

    def begin(self, limit: float) -> asyncio.Future[None]:
        """Return a future that ends when the turn begins, or after *limit* seconds without it."""
        self.until = time.monotonic() + limit
        self._arrived = asyncio.get_running_loop().create_future()
        if self.has or self._turns.take(self):
            self.arrive()
        return self._arrived

    def arrive(self) -> bool:
        """End the wait; return whether there was one that could be ended."""
        if self._arrived is None or self._arrived.done():
            return False
        try:
            self._arrived.set_result(None)
        except RuntimeError:  # the loop is closed, and its tasks never run again
            return False
        return True

    def still_waits(self, now: float) -> bool:
        """End the wait if its deadline has passed, and return whether it goes on."""
        if now >= self.until:
            self.arrive()
        return self.waits

    def end(self) -> None:
        """End the turn, so that another operation may have one, or stop waiting for it."""
        if self.has:
            self._turns.give(self)
        elif self._arrived is not None and not self._arrived.get_loop().is_closed():
            self._arrived.cancel()  # a closed coroutine does not cancel the future that it awaits
