from __future__ import annotations

import math

import pytest

from runcomfy_sandbox.timeline import ManualClock, Timeline


def test_timeline() -> None:
    assert Timeline() == Timeline(queue_seconds=1, run_seconds=2)
    assert Timeline(0.5, 2).total == 2.5
    assert Timeline(0, 0).total == 0


@pytest.mark.parametrize("seconds", [-1, math.inf, math.nan])
def test_impossible_seconds(seconds: float) -> None:
    with pytest.raises(ValueError, match="queue_seconds must be a number of seconds"):
        Timeline(queue_seconds=seconds)
    with pytest.raises(ValueError, match="run_seconds must be a number of seconds"):
        Timeline(run_seconds=seconds)


def test_manual_clock_moves_only_when_told() -> None:
    clock = ManualClock(now=5)
    assert clock() == clock() == 5
    clock.advance(2.5)
    assert clock() == 7.5
    with pytest.raises(ValueError, match="cannot go back by 1 seconds"):
        clock.advance(-1)
