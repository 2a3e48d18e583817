"""The endpoints under /sandbox: what tests and people use to set the stage.

They ask for no token. A POST or DELETE needs the header ``Runcomfy-Sandbox: 1`` (see `guard`).

``POST /sandbox/faults`` with ``{"on": "submit", "fault": "drop"}`` arms a fault, beside them
``times`` and the parameters; DELETE disarms all. Both answer with what is armed then; GET lists the
known ones as well.
A known fault's ``taken`` says whether the work is done - the job created, or cancelled - all the
same. ``GET /sandbox/requests`` is the log of requests to /v1, DELETE clears it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from .answers import Answer, Code, Refusal, error, read_object
from .faults import FAULTS
from .guard import check_control

if TYPE_CHECKING:
    from .answers import Call
    from .armory import Armory
    from .journal import Journal


_GUIDE = {
    "GET /samples": "pictures to check media with, good and bad",
    "GET /sandbox/faults": "how it can misbehave, and what is armed",
    "POST /sandbox/faults": 'arms a fault: {"on": "submit", "fault": "no-balance", "times": 1}',
    "DELETE /sandbox/faults": "forgets what is armed",
    "GET /sandbox/requests": "the last requests to /v1, each with its method and path",
    "DELETE /sandbox/requests": "forgets them",
}


class Control:
    """The control endpoints.

    Args:
        armory: The armed faults.
        journal: The log of requests.
    """

    def __init__(self, armory: Armory, journal: Journal) -> None:
        self._armory = armory
        self._journal = journal

    def guide(self, call: Call) -> Answer:
        """GET /sandbox, and GET / for who only knows the port."""
        about = "A local Model API. What it knows of jobs and requests ends with it."
        header = "a POST or DELETE of these needs the header 'Runcomfy-Sandbox: 1'"
        told = {"about": about, "base_url": f"{call.origin}/v1", "ask": _GUIDE, "header": header}
        return Answer(200, told)

    def arm(self, call: Call) -> Answer:
        """POST /sandbox/faults."""
        check_control(call)
        asked = read_object(call.body)
        on, fault = asked.pop("on", None), asked.pop("fault", None)
        try:
            if not (isinstance(on, str) and isinstance(fault, str)):
                raise ValueError("on and fault must be strings")  # noqa: TRY004, TRY301 - one way out
            self._armory.arm(on, fault, asked.pop("times", 1), asked)
        except ValueError as exc:
            raise Refusal(error(422, Code.INVALID_INPUT, str(exc), detail=[str(exc)])) from exc
        return Answer(201, self._armed())

    def faults(self, _: Call) -> Answer:
        """GET /sandbox/faults."""
        known = {
            name: {
                "description": fault.description,
                "on": list(fault.on),
                "parameters": list(fault.parameters),
                "taken": fault.spoiler.taken,
            }
            for name, fault in FAULTS.items()
        }
        return Answer(200, {**self._armed(), "known": known})

    def disarm(self, call: Call) -> Answer:
        """DELETE /sandbox/faults."""
        check_control(call)
        self._armory.disarm()
        return Answer(200, self._armed())

    def requests(self, _: Call) -> Answer:
        """GET /sandbox/requests."""
        return Answer(200, self._logged())

    def forget(self, call: Call) -> Answer:
        """DELETE /sandbox/requests."""
        check_control(call)
        self._journal.clear()
        return Answer(200, self._logged())

    def _logged(self) -> dict[str, object]:
        return {"requests": [attrs.asdict(one) for one in self._journal.requests()]}

    def _armed(self) -> dict[str, object]:
        return {"armed": [attrs.asdict(armed) for armed in self._armory.armed()]}
