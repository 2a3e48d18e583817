"""When to ask again: the times of a wait, apart from what is asked.

Rules:

- The first question is asked at once. Then 1 s, growing by half each time up to 10 s, with a
  jitter of a tenth, so that a thousand waits don't ask in step.
- No pause goes past the deadline; what is asked right at it is the last look.
- ``Retry-After`` is a floor under the next pause, and bounded by the deadline too.
- Where very many jobs are waited for, a floor keeps the questions of all together below
  :data:`QUESTIONS` a second: a process can't ask more, and would only fall behind.
- Time comes from a clock, so that tests don't sleep.
- Time that the machine slept through is not waited time. Some systems' clocks stand still
  meanwhile; where they don't, a step took far longer than it can, and counts only as long as it
  can. After such a step a wait looks at least once more before it gives up.
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

#: Questions that all the waits of one map may ask in a second.
QUESTIONS: Final = 400

#: What a request still gets when the deadline is nearer than that, so that a wait with
#: ``timeout=0`` can ask at all.
LEAST_LIMIT: Final = 1.0

#: Seconds so few that none are left: sums of floats don't meet a deadline exactly.
NONE_LEFT: Final = 0.001

#: Seconds by which a step may be late on a busy machine. What is later was slept through.
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
            clock: Tells the time.
            timeout: Seconds.
            longest_look: Seconds that what is asked between two pauses can take.
            waits: How many waits there are, this one among them.
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
        """Whether the deadline has come, and the machine was awake for the last look."""
        slept = self._clock.monotonic() - self._mark > self._longest_look + SLACK
        return self._left() < NONE_LEFT and not slept

    @property
    def limit(self) -> float | None:
        """Seconds that the next request may take, or None for the client's own limits."""
        return None if self._timeout is None else max(LEAST_LIMIT, self._left())

    def next_pause(self, retry_after: float | None = None) -> float:
        """Seconds until the next question; each call is one step of the growth."""
        pause = max(self._pause, self._waits() / QUESTIONS)
        # Random to spread load, nothing secret: hence no cryptographic source.
        pause *= random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
        self._pause = min(self._pause * GROWTH, LONGEST_PAUSE)
        if retry_after is not None:
            pause = max(pause, retry_after)
        return max(0.0, min(pause, self._left()))

    def sleep(self, retry_after: float | None = None) -> Steps[None]:
        """Pause until it is time to ask again."""
        yield self.pause(retry_after)
        self.woke()

    def pause(self, retry_after: float | None = None) -> Sleep:
        """The step until it is time to ask again; call :meth:`woke` after it."""
        self._rest = self.next_pause(retry_after)
        self._count(self._longest_look)
        return Sleep(self._rest)

    def woke(self) -> None:
        """Count the pause that is over."""
        self._count(self._rest)

    def _left(self) -> float:
        return float("inf") if self._timeout is None else self._timeout - self.waited

    def _since(self, longest: float) -> float:
        """Seconds since the mark, of which a step that can take *longest* explains."""
        return min(self._clock.monotonic() - self._mark, longest + SLACK)

    def _count(self, longest: float) -> None:
        """Count the step that ends now, and begin the next."""
        self._waited += self._since(longest)
        self._mark = self._clock.monotonic()
