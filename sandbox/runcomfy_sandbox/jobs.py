"""Jobs and their states.

No job actually runs. Its state is computed from the clock, so there is no thread to wait for, and
no race around a change of state.
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import TYPE_CHECKING, Any

import attrs

from .answers import Code, Refusal, error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .documents import Model
    from .timeline import Timeline


class State(enum.StrEnum):
    """The state of a job, as the status endpoint names it."""

    IN_QUEUE = "in_queue"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


@attrs.define
class Job:
    """One submission.

    Attributes:
        request_id: The id of the job.
        model: The model.
        value: The part of the input that the output needs.
        owner: The caller, as `runcomfy_sandbox.tokens` names callers.
        submitted: The time of the submission, in seconds of the clock.
        created_at: The date and time of the submission in UTC.
        cancelled: The time of the cancellation in seconds of the clock, if it was cancelled.
    """

    request_id: str
    model: Model
    value: Mapping[str, Any]
    owner: str
    submitted: float
    created_at: dt.datetime
    cancelled: float | None = None


class Jobs:
    """All jobs of a sandbox.

    Args:
        clock: Returns seconds and never runs backwards.
        timeline: How long a job queues and runs.
    """

    def __init__(self, clock: Callable[[], float], timeline: Timeline) -> None:
        self._clock = clock
        self._timeline = timeline
        self._jobs: dict[str, Job] = {}

    def submit(self, model: Model, value: Mapping[str, Any], owner: str) -> Job:
        """Create a job, which is queued, and return it."""
        job = Job(
            request_id=str(uuid.uuid4()),
            model=model,
            value=value,
            owner=owner,
            submitted=self._clock(),
            created_at=dt.datetime.now(dt.UTC),
        )
        self._jobs[job.request_id] = job
        return job

    def get(self, request_id: str, owner: str | None = None) -> Job:
        """Return the job with an id.

        Args:
            request_id: The id.
            owner: The caller. None skips the check, since output files need no token.

        Raises:
            Refusal: HTTP 404 or 403: there is no such job, or it has another owner.
        """
        job = self._jobs.get(request_id)
        if job is None:
            raise Refusal(error(404, Code.NOT_FOUND, f"There is no request {request_id!r}."))
        if owner is not None and owner != job.owner:
            raise Refusal(error(403, Code.FORBIDDEN, "The request belongs to another token."))
        return job

    def state(self, job: Job) -> State:
        """Return the current state of `job`."""
        if job.cancelled is not None:
            return State.CANCELLED
        age = self._clock() - job.submitted
        if age < self._timeline.queue_seconds:
            return State.IN_QUEUE
        return State.IN_PROGRESS if age < self._timeline.total else State.COMPLETED

    def queue_position(self, job: Job) -> int:
        """Return how many queued jobs were submitted before `job`; 0 means that it is next."""
        ahead = 0
        for other in self._jobs.values():  # in order of submission
            if other is job:
                break
            ahead += self.state(other) is State.IN_QUEUE
        return ahead

    def cancel(self, job: Job) -> bool:
        """Cancel `job` if it is still queued; return whether it was."""
        if self.state(job) is not State.IN_QUEUE:
            return False
        job.cancelled = self._clock()
        return True

    def finished_at(self, job: Job) -> dt.datetime:
        """Return the date and time in UTC when `job` ends or was cancelled."""
        seconds = self._timeline.total if job.cancelled is None else job.cancelled - job.submitted
        return job.created_at + dt.timedelta(seconds=seconds)
