"""How long a job queues and runs, in seconds of a clock.

The clock is any function that gives seconds and never runs backwards. Tests hand in a
`ManualClock` and move it, where a real one would make them sleep.
"""

from __future__ import annotations

import math

import attrs


def _sound(_instance: object, attribute: attrs.Attribute[float], value: float) -> None:
    if not 0 <= value < math.inf:
        raise ValueError(f"{attribute.name} must be a number of seconds, not {value}")


@attrs.frozen
class Timeline:
    """The way of every job.

    Attributes:
        queue_seconds: How long it waits.
        run_seconds: How long it then runs.

    Raises:
        ValueError: One of them is negative or not finite.
    """

    queue_seconds: float = attrs.field(default=1.0, validator=_sound)
    run_seconds: float = attrs.field(default=2.0, validator=_sound)

    @property
    def total(self) -> float:
        """Seconds from the submission to the end."""
        return self.queue_seconds + self.run_seconds


class ManualClock:
    """A clock that stands still until it is told to move.

    Args:
        now: The seconds it starts at.
    """

    def __init__(self, now: float = 0.0) -> None:
        self._now = now

    def __call__(self) -> float:
        """The seconds it shows."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`.

        Raises:
            ValueError: They are negative; a clock never runs backwards.
        """
        if seconds < 0:
            raise ValueError(f"a clock cannot go back by {-seconds} seconds")
        self._now += seconds
