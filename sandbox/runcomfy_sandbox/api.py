"""The endpoints under /v1, which behave as documented. `faults` has all misbehaviour.

Each endpoint takes a call and returns an answer, or raises `Refusal` with an error as the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import catalog, media
from .answers import Answer, Code, Refusal, error, read_object
from .jobs import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .answers import Call
    from .documents import Model
    from .jobs import Job, Jobs
    from .tokens import Gate

_LONGEST_TEXT = 10_000  # characters; more than fit on the largest picture


class Api:
    """The Model API.

    Args:
        models: The models, by id.
        gate: The check of tokens.
        jobs: The store of jobs.
    """

    def __init__(self, models: Mapping[str, Model], gate: Gate, jobs: Jobs) -> None:
        self._models = models
        self._gate = gate
        self._jobs = jobs

    def submit(self, call: Call) -> Answer:
        """Answer POST /models/{model_id}, which submits a new job."""
        owner = self._gate.caller(call.authorization)
        model = self._model(call)
        value = read_object(call.body)
        violations = model.checker.violations(value)
        if violations:
            message = f"The input does not fit the schema: {'; '.join(map(str, violations))}"
            detail = [
                {"loc": ["body", *found.path], "msg": found.message, "type": found.rule}
                for found in violations
            ]
            raise Refusal(error(422, Code.INVALID_INPUT, message, detail=detail))
        job = self._jobs.submit(model, _kept(value), owner)
        request = _request_url(job, call)
        return Answer(
            200,
            {
                "request_id": job.request_id,
                "status_url": f"{request}/status",
                "result_url": f"{request}/result",
                "cancel_url": f"{request}/cancel",
            },
        )

    def status(self, call: Call) -> Answer:
        """Answer GET /requests/{id}/status with the job's state."""
        job = self._job(call)
        state = self._jobs.state(job)
        request = _request_url(job, call)
        told: dict[str, Any] = {"request_id": job.request_id, "status": state}
        if state is State.IN_QUEUE:
            told["queue_position"] = self._jobs.queue_position(job)
        links = {"status_url": f"{request}/status", "result_url": f"{request}/result"}
        return Answer(200, {**told, **links})

    def result(self, call: Call) -> Answer:
        """Answer GET /requests/{id}/result with the output, or with the state until then."""
        job = self._job(call)
        state = self._jobs.state(job)
        told: dict[str, Any] = {"request_id": job.request_id, "status": state}
        told["created_at"] = job.created_at.isoformat()
        if state in (State.COMPLETED, State.CANCELLED):
            told["finished_at"] = self._jobs.finished_at(job).isoformat()
        if state is State.COMPLETED:
            told |= {"status": "succeeded", "output": media.output(job, call.origin)}
            if call.query.get("include_cost", "").casefold() == "true":
                told["cost"] = catalog.PRICE_USD
        return Answer(200, told)

    def cancel(self, call: Call) -> Answer:
        """Answer POST /requests/{id}/cancel, which has an effect only on queued jobs."""
        job = self._job(call)
        outcome = "cancelled" if self._jobs.cancel(job) else "not_cancellable"
        state = self._jobs.state(job)
        return Answer(202, {"request_id": job.request_id, "status": state, "outcome": outcome})

    def search(self, call: Call) -> Answer:
        """Answer GET /models with a page of the catalog."""
        self._gate.caller(call.authorization)
        return Answer(200, catalog.page(self._models, call.query, call.origin))

    def categories(self, call: Call) -> Answer:
        """Answer GET /models/categories."""
        self._gate.caller(call.authorization)
        return Answer(200, {"categories": catalog.categories(self._models)})

    def model(self, call: Call) -> Answer:
        """Answer GET /models/{model_id} with one catalog entry."""
        self._gate.caller(call.authorization)
        return Answer(200, catalog.entry(self._model(call), call.origin, with_schema=True))

    def _model(self, call: Call) -> Model:
        model_id = call.path["model_id"]
        model = self._models.get(model_id)
        if model is None:
            raise Refusal(error(400, Code.BAD_ID, f"There is no model {model_id!r}."))
        return model

    def _job(self, call: Call) -> Job:
        owner = self._gate.caller(call.authorization)
        return self._jobs.get(call.path["request_id"], owner)


def _kept(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of an input that its output needs.

    Jobs are kept for ever, so keeping their media would fill the memory.
    """
    return {
        name: item[:_LONGEST_TEXT] if isinstance(item, str) else item
        for name, item in value.items()
        if not isinstance(item, list | dict)
    }


def _request_url(job: Job, call: Call) -> str:
    return f"{call.origin}/v1/requests/{job.request_id}"
