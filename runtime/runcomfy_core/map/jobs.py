"""What a map does for each of its inputs, as an operation that a thread or an event loop runs.

Rules:

- With a journal, an input that was submitted before is not submitted again, and its media are not
  checked again. Its result is taken from the journal, or its job is waited for. So a map that was
  killed goes on where it stopped.
- A submission that may have become a job is never repeated. The outcome of its input is a
  SubmissionUncertain until the user has found out, and has told the journal.
- Equal inputs are told apart by how many equal ones came before.
- An exception while an input is prepared becomes the outcome of that input, and does not end the
  map.
- A body is dropped as soon as it is sent, so that thousands of files don't stay in memory.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from runcomfy_core import errors
from runcomfy_core.interrupts import pass_on
from runcomfy_core.jobs.result import Result
from runcomfy_core.jobs.submission import abandon, submit
from runcomfy_core.problem import Problem
from runcomfy_core.wire.polls import Polls
from runcomfy_core.wire.steps import work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from runcomfy_core.files.body import Body
    from runcomfy_core.jobs.base_job import BaseJob, Service
    from runcomfy_core.jobs.ledger import Ledger, Occurrences
    from runcomfy_core.jobs.submission import Submission
    from runcomfy_core.journal import Entry
    from runcomfy_core.wire.steps import Steps

    from .options import Plan

T = TypeVar("T")
InputT = TypeVar("InputT")
OutputT = TypeVar("OutputT")


@attrs.frozen
class _Found:
    """An input, and what the journal knows about it.

    Attributes:
        body: The body that submits the input.
        wire: The input in wire form, with files replaced by their stand-ins.
        key: Tells equal inputs apart.
        entry: The input's submission, or None.
    """

    body: Body
    # Any: JSON that no schema vouches for here.
    wire: dict[str, Any]
    key: str
    entry: Entry | None


@attrs.frozen
class Jobs(Generic[InputT, OutputT]):
    """Makes the jobs of a map, and waits for them.

    Attributes:
        plan: What the map is to do.
        service: What the jobs need of the client.
        submitting: Makes a submission from a model id and a body.
        opening: Makes a job from a request id.
        occurrences: Tells equal inputs apart; None without a journal.
    """

    plan: Plan[InputT, OutputT]
    service: Service
    submitting: Callable[[str, Body], Submission]
    opening: Callable[[str], BaseJob[OutputT]]
    occurrences: Occurrences | None = None

    def operations(
        self, inputs: Iterable[InputT]
    ) -> Iterator[tuple[InputT, Steps[Result[OutputT]]]]:
        """Yield each input with its operation."""
        for value in inputs:
            yield value, self._one(value)

    def _one(self, value: InputT) -> Steps[Result[OutputT]]:
        ledger = self.service.ledger
        begun: list[Submission] = []
        job: BaseJob[OutputT] | None = None
        try:
            if ledger is None:
                request_id = yield from self._submitted(value, begun)
            else:
                found = yield from self._found_or_submitted(value, ledger, begun)
                if isinstance(found, Result):
                    return found
                request_id = found
            job = self.opening(request_id)
            return (yield from job.outcome(self.plan.options.timeout))
        except (errors.RunComfyError, GeneratorExit):
            raise
        # An interruption between two steps reached neither the submission nor the job, so they are
        # settled here. To settle them a second time does no harm.
        except BaseException as stop:
            if job is None:
                for submission in begun:
                    yield from abandon(submission, stop)
            elif ledger is None:
                yield from job.leave(stop)
            raise

    def _submitted(self, value: InputT, begun: list[Submission]) -> Steps[str]:
        body = yield from work(partial(self._prepared, value))
        submission = yield from self._checked(value, body, begun)
        return (yield from submit(submission, self.service.clock))

    def _found_or_submitted(
        self, value: InputT, ledger: Ledger, begun: list[Submission]
    ) -> Steps[str | Result[OutputT]]:
        """Submit an input unless the journal has it; return its request id, or its result."""
        key: str | None = None
        while True:
            found = yield from work(partial(self._looked_up, value, ledger, key))
            key, entry = found.key, found.entry
            if entry is None:
                claimed = yield from self._claimed(value, found, ledger, begun)
                if isinstance(claimed, str):
                    return claimed
                entry = claimed
            del found
            entry = yield from self._decided(entry, ledger)
            if entry is not None and entry.state != "refused":
                return (yield from work(partial(self._outcome, entry)))

    def _looked_up(self, value: InputT, ledger: Ledger, key: str | None) -> _Found:
        from runcomfy_core.journal import wire_input  # noqa: PLC0415 - it loads SQLite

        body = self._prepared(value)
        wire = wire_input(body)
        if key is None:
            assert self.occurrences is not None  # noqa: S101 - a map with a journal has them
            key = self.occurrences.key(self.plan.endpoint.model_id, wire)
        return _Found(body, wire, key, ledger.find(self.plan.endpoint.model_id, wire, key))

    def _claimed(
        self, value: InputT, found: _Found, ledger: Ledger, begun: list[Submission]
    ) -> Steps[str | Entry]:
        """Submit an input, and return its request id, or an entry that was made in the meantime."""
        from runcomfy_core.jobs.ledger import submit_once  # noqa: PLC0415 - it loads SQLite

        submission = yield from self._checked(value, found.body, begun)
        submission.keep = True
        clock = self.service.clock
        return (yield from submit_once(submission, found.wire, ledger, clock, found.key))

    def _decided(self, entry: Entry, ledger: Ledger) -> Steps[Entry | None]:
        """Wait until a submission is no longer ``posting``, and return its entry."""
        polls = Polls(self.service.clock, self.plan.options.timeout)
        current: Entry | None = entry
        while current is not None and current.state == "posting" and not polls.over:
            yield from polls.sleep()
            current = yield from work(partial(ledger.get, entry.local_id))
        return current

    def _outcome(self, entry: Entry) -> str | Result[OutputT]:
        """Return the result of an earlier submission, or the request id of a job to wait for.

        Raises:
            JobFailed: The job failed.
            JobCancelled: The job was cancelled.
            SubmissionUncertain: The job may exist.
        """
        request_id, raw = entry.request_id, entry.result
        if request_id is None:
            raise errors.SubmissionUncertain(
                self.plan.endpoint.model_id,
                f"no answer to it is in the journal (submission {entry.local_id}; tell the "
                "journal what became of it with mark_submitted or mark_refused)",
            )
        if entry.state == "completed" and raw is not None:
            return Result(
                request_id, self.plan.endpoint.read(raw.get("output")), raw, self.service.saver
            )
        if entry.state == "failed":
            failure = raw or {}
            said = failure.get("error", entry.error)
            raise errors.JobFailed(request_id, said, failure, self.service.mask)
        if entry.state == "cancelled":
            raise errors.JobCancelled(request_id, raw or {})
        return request_id

    def _prepared(self, value: InputT) -> Body:
        return self._own_fault(partial(self.plan.body, value))

    def _checked(self, value: InputT, body: Body, begun: list[Submission]) -> Steps[Submission]:
        """Check the media of an input, and return its submission, which becomes *begun*."""
        if self.plan.media != "skip":
            yield from work(partial(self._own_fault, partial(self.plan.look, value, body)))
        begun[:] = [self.submitting(self.plan.endpoint.model_id, body)]
        return begun[0]

    def _own_fault(self, call: Callable[[], T]) -> T:
        """Make a call, and return what it returns.

        Raises:
            RunComfyError: The call raised this error of ours.
            InvalidInput: The call raised any other exception.
        """
        try:
            return call()
        except errors.RunComfyError:
            raise
        except Exception as error:
            pass_on(error)
            problem = Problem(
                path="",
                rule="input",
                limit=None,
                actual=type(error).__name__,
                message=f"can't be prepared: {error}",
            )
            raise errors.InvalidInput(self.plan.endpoint.model_id, [problem]) from error
