"""What a finished job gives.

Rules:

- ``raw`` is the whole answer, whatever became of reading it; the rest is a view of it.
- A view never raises: what is missing or of another type is None, or left out.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar, cast

import attrs

OutputT = TypeVar("OutputT")


@attrs.frozen
class Result(Generic[OutputT]):
    """The answer of a job that succeeded.

    Attributes:
        request_id: The job.
        output: The output in the model's own type; what did not fit it is None there.
        raw: The whole answer, as parsed from JSON (docs/contract.md, "Outputs").
    """

    request_id: str
    output: OutputT
    # Any, because this is JSON that no schema vouches for.
    raw: dict[str, Any] = attrs.field(repr=False)

    @property
    def created_at(self) -> str | None:
        """When the job was submitted, in the API's own writing, or None."""
        return _text(self.raw.get("created_at"))

    @property
    def finished_at(self) -> str | None:
        """When the job ended, in the API's own writing, or None."""
        return _text(self.raw.get("finished_at"))

    @property
    def cost(self) -> float | None:
        """What the job cost, in US dollars, or None when the API does not say."""
        cost = self.raw.get("cost")
        if isinstance(cost, bool) or not isinstance(cost, int | float):
            return None
        try:
            return float(cost)
        except OverflowError:  # an integer of more digits than a float can stand for
            return None

    @property
    def urls(self) -> tuple[str, ...]:
        """Every http(s) URL in the output, in the order in which the answer has them."""
        found: list[str] = []
        # A stack of its own, because a server chooses the depth.
        pending: list[object] = [self.raw.get("output")]
        while pending:
            value = pending.pop()
            if isinstance(value, str):
                if value.startswith(("https://", "http://")):
                    found.append(value)
            elif isinstance(value, dict):
                pending.extend(reversed(cast("dict[str, object]", value).values()))
            elif isinstance(value, list):
                pending.extend(reversed(cast("list[object]", value)))
        return tuple(found)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
