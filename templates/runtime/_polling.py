"""When to ask again: the times of a wait, apart from what is asked.

Rules:

- The first question is asked at once. Then 1 s, growing by half each time up to 10 s, with a
  jitter of a tenth, so that a thousand waits don't ask in step.
- No pause goes past the deadline; what is asked right at it is the last look.
- ``Retry-After`` is a floor under the next pause, and bounded by the deadline too.
- Time comes from a :class:`Clock`, so that tests don't sleep.
"""

from __future__ import annotations

import random
import time
from typing import Final, Protocol

FIRST_PAUSE: Final = 1.0
GROWTH: Final = 1.5
LONGEST_PAUSE: Final = 10.0
JITTER: Final = 0.1

#: What a request still gets when the deadline is nearer than that, so that a wait with
#: ``timeout=0`` can ask at all.
LEAST_LIMIT: Final = 1.0


class Clock(Protocol):
    """What a wait needs of time; :class:`SystemClock` is the real one."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back."""
        ...

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


class Polls:
    """The pauses of one wait."""

    def __init__(self, clock: Clock, timeout: float | None) -> None:
        """Begin a wait that ends ``timeout`` seconds from now, or never for None."""
        self._clock = clock
        self._begin = clock.monotonic()
        self._end = None if timeout is None else self._begin + timeout
        self._pause = FIRST_PAUSE

    @property
    def waited(self) -> float:
        """Seconds since the wait began."""
        return self._clock.monotonic() - self._begin

    @property
    def over(self) -> bool:
        """Whether the deadline has come."""
        return self._end is not None and self._clock.monotonic() >= self._end

    @property
    def limit(self) -> float | None:
        """Seconds that the next request may take, or None for the client's own limits."""
        if self._end is None:
            return None
        return max(LEAST_LIMIT, self._end - self._clock.monotonic())

    def next_pause(self, retry_after: float | None = None) -> float:
        """Seconds until the next question; each call is one step of the growth."""
        # Random to spread load, nothing secret: hence no cryptographic source.
        pause = self._pause * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
        self._pause = min(self._pause * GROWTH, LONGEST_PAUSE)
        if retry_after is not None:
            pause = max(pause, retry_after)
        if self._end is not None:
            pause = min(pause, self._end - self._clock.monotonic())
        return max(pause, 0.0)

    def sleep(self, retry_after: float | None = None) -> None:
        """Pause until it is time to ask again."""
        self._clock.sleep(self.next_pause(retry_after))
