from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import pytest
from support_sandbox import SCHEMAS, WAN

from runcomfy_sandbox.answers import Refusal
from runcomfy_sandbox.documents import read_models
from runcomfy_sandbox.jobs import Jobs, State
from runcomfy_sandbox.timeline import ManualClock, Timeline

if TYPE_CHECKING:
    from runcomfy_sandbox.jobs import Job

MODEL = read_models(SCHEMAS)[WAN]


@pytest.fixture(name="clock")
def manual_clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(name="jobs")
def no_jobs(clock: ManualClock) -> Jobs:
    return Jobs(clock, Timeline(10, 20))


def _submit(jobs: Jobs, owner: str = "me") -> Job:
    return jobs.submit(MODEL, {}, owner)


def test_the_way_of_a_job(jobs: Jobs, clock: ManualClock) -> None:
    job = _submit(jobs)
    states = []
    for seconds in (0, 9.5, 0.5, 19.5, 0.5, 1000):
        clock.advance(seconds)
        states.append(jobs.state(job))
    queued, running, over = State.IN_QUEUE, State.IN_PROGRESS, State.COMPLETED
    assert states == [queued, queued, running, running, over, over]


def test_a_timeline_without_seconds(clock: ManualClock) -> None:
    jobs = Jobs(clock, Timeline(0, 0))
    assert jobs.state(_submit(jobs)) is State.COMPLETED


def test_queue_position_counts_the_queued(jobs: Jobs, clock: ManualClock) -> None:
    first = _submit(jobs)
    clock.advance(1)
    second, third = _submit(jobs), _submit(jobs)
    assert [jobs.queue_position(job) for job in (first, second, third)] == [0, 1, 2]
    clock.advance(9)  # the first runs
    assert [jobs.queue_position(job) for job in (second, third)] == [0, 1]
    jobs.cancel(second)
    assert jobs.queue_position(third) == 0


def test_only_the_queued_can_be_cancelled(jobs: Jobs, clock: ManualClock) -> None:
    job, other = _submit(jobs), _submit(jobs)
    clock.advance(4)
    assert jobs.cancel(job)
    assert not jobs.cancel(job)
    clock.advance(100)
    assert jobs.state(job) is State.CANCELLED
    assert not jobs.cancel(other)
    assert jobs.state(other) is State.COMPLETED
    assert jobs.finished_at(job) - job.created_at == dt.timedelta(seconds=4)
    assert jobs.finished_at(other) - other.created_at == dt.timedelta(seconds=30)
    assert job.created_at.utcoffset() == dt.timedelta(0)


def test_ids_are_of_the_known_form_and_differ(jobs: Jobs) -> None:
    ids = {_submit(jobs).request_id for _ in range(10)}
    assert len(ids) == 10
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,128}", request_id) for request_id in ids)


def test_get(jobs: Jobs) -> None:
    job = _submit(jobs, "me")
    assert jobs.get(job.request_id, "me") is job
    assert jobs.get(job.request_id) is job
    with pytest.raises(Refusal) as caught:
        jobs.get(job.request_id, "you")
    assert caught.value.answer.status == 403
    with pytest.raises(Refusal) as caught:
        jobs.get("unknown", "me")
    assert caught.value.answer.status == 404
