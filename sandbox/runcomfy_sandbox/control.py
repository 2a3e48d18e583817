"""The endpoints under /sandbox, by which tests and people control the sandbox.

They need no token. A POST or DELETE needs the header ``Runcomfy-Sandbox: 1`` (see `guard`).

``POST /sandbox/faults`` with ``{"on": "submit", "fault": "drop"}`` arms a fault. The object may
also have ``times`` and the fault's parameters. DELETE disarms all faults. Both answer with the
faults that are armed afterwards, and GET also lists all known ones. The ``taken`` of a known fault
says whether the server still does the work: creates the job, or cancels it.

``GET /sandbox/requests`` answers with the log of requests to /v1, and DELETE clears it.
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
        """Answer GET /sandbox, and GET / for people who know only the port."""
        about = "A local Model API. What it knows of jobs and requests ends with it."
        header = "a POST or DELETE of these needs the header 'Runcomfy-Sandbox: 1'"
        told = {"about": about, "base_url": f"{call.origin}/v1", "ask": _GUIDE, "header": header}
        return Answer(200, told)

    def arm(self, call: Call) -> Answer:
        """Answer POST /sandbox/faults."""
        check_control(call)
        asked = read_object(call.body)
        on, fault = asked.pop("on", None), asked.pop("fault", None)
        try:
            if not (isinstance(on, str) and isinstance(fault, str)):
                raise ValueError("on and fault must be strings")  # noqa: TRY004, TRY301 - all faults of the body take the same way out
            self._armory.arm(on, fault, asked.pop("times", 1), asked)
        except ValueError as exc:
            raise Refusal(error(422, Code.INVALID_INPUT, str(exc), detail=[str(exc)])) from exc
        return Answer(201, self._armed())

    def faults(self, _: Call) -> Answer:
        """Answer GET /sandbox/faults."""
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
        """Answer DELETE /sandbox/faults."""
        check_control(call)
        self._armory.disarm()
        return Answer(200, self._armed())

    def requests(self, _: Call) -> Answer:
        """Answer GET /sandbox/requests."""
        return Answer(200, self._logged())

    def forget(self, call: Call) -> Answer:
        """Answer DELETE /sandbox/requests."""
        check_control(call)
        self._journal.clear()
        return Answer(200, self._logged())

    def _logged(self) -> dict[str, object]:
        return {"requests": [attrs.asdict(one) for one in self._journal.requests()]}

    def _armed(self) -> dict[str, object]:
        return {"armed": [attrs.asdict(armed) for armed in self._armory.armed()]}
