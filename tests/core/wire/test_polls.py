from __future__ import annotations

import time

import pytest
from support_client import FakeClock

from runcomfy_core.wire import polls as _polls
from runcomfy_core.wire.clock import SystemClock
from runcomfy_core.wire.polls import NONE_LEFT, SLACK, Polls
from runcomfy_core.wire.steps import Sleep


def sleep(polls: Polls, clock: FakeClock, *, overslept: float = 0.0) -> None:
    """Perform a pause, which takes longer by as much."""
    for step in polls.sleep():
        assert isinstance(step, Sleep)
        clock.sleep(step.seconds)
        clock.now += overslept


@pytest.fixture
def _no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_polls, "JITTER", 0.0)


@pytest.mark.usefixtures("_no_jitter")
def test_pauses_grow_by_half_up_to_ten_seconds() -> None:
    polls = Polls(FakeClock(), None)
    pauses = [polls.next_pause() for _ in range(8)]
    assert pauses == pytest.approx([1, 1.5, 2.25, 3.375, 5.0625, 7.59375, 10, 10])


@pytest.mark.usefixtures("_no_jitter")
def test_very_many_waits_ask_less_often() -> None:
    waits = 100
    polls = Polls(FakeClock(), None, waits=lambda: waits)
    assert [polls.next_pause(), polls.next_pause()] == [1, 1.5]
    waits = 10 * _polls.QUESTIONS
    assert [polls.next_pause() for _ in range(8)] == [10] * 8
    waits *= 3
    assert polls.next_pause() == 30
    assert polls.next_pause(retry_after=60) == 60
    waits = 1
    assert polls.next_pause() == 10
    assert Polls(FakeClock(), 5, waits=lambda: 10**6).next_pause() == 5


def test_pauses_differ_by_a_tenth_at_most() -> None:
    pauses = {Polls(FakeClock(), None).next_pause() for _ in range(200)}
    assert len(pauses) > 100
    assert all(0.9 <= pause <= 1.1 for pause in pauses)


@pytest.mark.usefixtures("_no_jitter")
def test_no_pause_goes_past_the_deadline() -> None:
    clock = FakeClock()
    polls = Polls(clock, 3.0)
    while not polls.over:
        sleep(polls, clock)
    assert clock.sleeps == pytest.approx([1, 1.5, 0.5])
    assert polls.waited == pytest.approx(3.0)
    assert polls.next_pause() == 0.0


@pytest.mark.usefixtures("_no_jitter")
def test_nobody_asks_twice_for_the_sake_of_a_sliver() -> None:
    for sliver, pauses in ((0.8 * NONE_LEFT, 2), (1.2 * NONE_LEFT, 3)):
        clock = FakeClock()
        polls = Polls(clock, 2.5 + sliver)
        while not polls.over:
            sleep(polls, clock)
        assert len(clock.sleeps) == pauses
        assert polls.waited == pytest.approx(2.5 + sliver, abs=NONE_LEFT)


@pytest.mark.usefixtures("_no_jitter")
def test_retry_after_is_a_floor_below_the_deadline() -> None:
    polls = Polls(FakeClock(), 60)
    assert polls.next_pause(retry_after=7) == 7
    assert polls.next_pause(retry_after=0) == 1.5
    assert polls.next_pause(retry_after=3600) == 60
    assert Polls(FakeClock(), None).next_pause(retry_after=3600) == 3600


def test_a_request_may_take_what_is_left_and_at_least_a_second() -> None:
    clock = FakeClock()
    polls = Polls(clock, 5)
    assert polls.limit == 5
    clock.now += 4.5
    assert polls.limit == 1
    assert Polls(clock, None).limit is None
    assert not Polls(clock, None).over
    assert Polls(clock, 0).over


def test_the_machines_clock_goes_on() -> None:
    clock = SystemClock()
    begin = clock.monotonic()
    clock.sleep(0.001)
    assert begin < clock.monotonic() <= time.monotonic()


NIGHT = 8 * 3600.0


@pytest.mark.usefixtures("_no_jitter")
def test_a_night_slept_through_in_a_pause_is_not_waited() -> None:
    clock = FakeClock()
    polls = Polls(clock, 60)
    sleep(polls, clock, overslept=NIGHT)
    assert polls.waited == 1 + SLACK
    assert not polls.over
    assert polls.limit == 60 - 1 - SLACK
    pauses = 0
    while not polls.over:
        sleep(polls, clock)
        pauses += 1
    assert clock.now == pytest.approx(1000 + NIGHT + 60 - SLACK)
    assert pauses < 12


@pytest.mark.usefixtures("_no_jitter")
def test_a_pause_that_is_a_little_late_is_waited() -> None:
    clock = FakeClock()
    polls = Polls(clock, 60)
    sleep(polls, clock, overslept=SLACK)
    assert polls.waited == 1 + SLACK


@pytest.mark.usefixtures("_no_jitter")
def test_a_night_slept_through_in_a_request_allows_for_another_look() -> None:
    clock = FakeClock()
    polls = Polls(clock, 30, longest_look=20)
    clock.now += NIGHT
    assert polls.waited == 20 + SLACK
    assert not polls.over
    sleep(polls, clock)
    assert polls.waited == 26
    polls = Polls(clock, 10, longest_look=20)
    clock.now += NIGHT
    assert not polls.over
    assert polls.next_pause() == 0
    sleep(polls, clock)
    assert polls.over


def test_a_request_that_takes_its_time_is_waited() -> None:
    clock = FakeClock()
    polls = Polls(clock, 10, longest_look=20)
    clock.now += 20
    assert polls.over
    assert polls.waited == 20
