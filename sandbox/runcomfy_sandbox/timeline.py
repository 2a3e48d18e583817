"""How long a job queues and runs, in seconds of a clock.

The clock is any function that returns seconds and never runs backwards. Tests pass a `ManualClock`
and move it themselves, so that they don't have to sleep.
"""

from __future__ import annotations

import math

import attrs


def _sound(_instance: object, attribute: attrs.Attribute[float], value: float) -> None:
    if not 0 <= value < math.inf:
        raise ValueError(f"{attribute.name} must be a number of seconds, not {value}")


@attrs.frozen
class Timeline:
    """The times that every job takes.

    Attributes:
        queue_seconds: How long the job is queued.
        run_seconds: How long it then runs.

    Raises:
        ValueError: A time is negative or not finite.
    """

    queue_seconds: float = attrs.field(default=1.0, validator=_sound)
    run_seconds: float = attrs.field(default=2.0, validator=_sound)

    @property
    def total(self) -> float:
        """The time from the submission to the end, in seconds."""
        return self.queue_seconds + self.run_seconds


class ManualClock:
    """A clock that stands still until a test moves it.

    Args:
        now: The time at which it starts, in seconds.
    """

    def __init__(self, now: float = 0.0) -> None:
        self._now = now

    def __call__(self) -> float:
        """Return the current time in seconds."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the clock forward by `seconds`.

        Raises:
            ValueError: `seconds` is negative; a clock never runs backwards.
        """
        if seconds < 0:
            raise ValueError(f"a clock cannot go back by {-seconds} seconds")
        self._now += seconds
