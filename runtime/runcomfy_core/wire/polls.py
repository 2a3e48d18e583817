"""The pauses between the polls of a wait. What is polled is decided elsewhere.

Rules:

- The first poll is made at once. The first pause is 1 s, and each pause is half as long again as
  the one before, up to 10 s. A jitter of a tenth keeps a thousand waits from polling in step.
- No pause goes past the deadline. The last poll is made right at the deadline.
- ``Retry-After`` is a lower bound of the next pause, but the deadline still holds.
- When very many jobs are waited for, longer pauses keep all their polls together below
  :data:`QUESTIONS` a second: a process can't make more, and would only fall behind.
- Time comes from a clock object, so that tests don't sleep.
- Time during which the machine slept does not count as waiting. Some systems' clocks stop
  meanwhile. Where they don't, a step that took longer than it possibly can counts only as long as
  it can take. After such a step a wait polls at least once more before it gives up.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

from .steps import Sleep

if TYPE_CHECKING:
    from collections.abc import Callable

    from .clock import Ticks
    from .steps import Steps

FIRST_PAUSE: Final = 1.0
GROWTH: Final = 1.5
LONGEST_PAUSE: Final = 10.0
JITTER: Final = 0.1

#: The most polls a second of all the waits of one map together.
QUESTIONS: Final = 400

#: The least timeout of a request, even when the deadline is nearer. With it, a wait with
#: ``timeout=0`` can still poll once.
LEAST_LIMIT: Final = 1.0

#: Fewer seconds than this count as none, because sums of floats don't meet a deadline exactly.
NONE_LEFT: Final = 0.001

#: Seconds by which a step may be late on a busy machine. Later than that, the machine slept.
SLACK: Final = 5.0


class Polls:
    """The pauses of one wait."""

    __slots__ = (
        "_clock",
        "_longest_look",
        "_mark",
        "_pause",
        "_rest",
        "_timeout",
        "_waited",
        "_waits",
    )

    def __init__(
        self,
        clock: Ticks,
        timeout: float | None,
        *,
        longest_look: float = float("inf"),
        waits: Callable[[], int] = lambda: 1,
    ) -> None:
        """Begin a wait that ends ``timeout`` seconds from now, or never for None.

        Args:
            clock: The clock.
            timeout: The length of the wait in seconds.
            longest_look: The most seconds that a poll can take.
            waits: Returns the number of current waits, including this one.
        """
        self._clock = clock
        self._longest_look = longest_look
        self._waits = waits
        self._timeout = timeout
        self._pause = FIRST_PAUSE
        self._rest = 0.0
        self._waited = 0.0
        self._mark = clock.monotonic()

    @property
    def waited(self) -> float:
        """Seconds since the wait began."""
        return self._waited + self._since(self._longest_look)

    @property
    def over(self) -> bool:
        """Whether the deadline has passed, and the machine was awake for the last poll."""
        slept = self._clock.monotonic() - self._mark > self._longest_look + SLACK
        return self._left() < NONE_LEFT and not slept

    @property
    def limit(self) -> float | None:
        """The timeout of the next request in seconds, or None for the client's own timeouts."""
        return None if self._timeout is None else max(LEAST_LIMIT, self._left())

    def next_pause(self, retry_after: float | None = None) -> float:
        """Return the seconds until the next poll. Each call makes the following pause longer."""
        pause = max(self._pause, self._waits() / QUESTIONS)
        # The jitter only spreads load, so it needs no cryptographic source.
        pause *= random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
        self._pause = min(self._pause * GROWTH, LONGEST_PAUSE)
        if retry_after is not None:
            pause = max(pause, retry_after)
        return max(0.0, min(pause, self._left()))

    def sleep(self, retry_after: float | None = None) -> Steps[None]:
        """Pause until it is time to poll again."""
        yield self.pause(retry_after)
        self.woke()

    def pause(self, retry_after: float | None = None) -> Sleep:
        """Return the step that sleeps until the next poll. Call :meth:`woke` after it."""
        self._rest = self.next_pause(retry_after)
        self._count(self._longest_look)
        return Sleep(self._rest)

    def woke(self) -> None:
        """Count the pause that is over."""
        self._count(self._rest)

    def _left(self) -> float:
        return float("inf") if self._timeout is None else self._timeout - self.waited

    def _since(self, longest: float) -> float:
        """Return the seconds since the mark, at most those that a step of *longest* can take."""
        return min(self._clock.monotonic() - self._mark, longest + SLACK)

    def _count(self, longest: float) -> None:
        """Count the step that ends now, and begin the next."""
        self._waited += self._since(longest)
        self._mark = self._clock.monotonic()
