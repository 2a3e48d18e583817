"""The states of a job, as the status and the result tell them (docs/contract.md, "States").

Rules:

- ``completed`` from the status endpoint means that the job is over, not that it succeeded. Only the
  result says how the job ended.
- Known synonyms become one word. An unknown word is kept, shortened to fit a message, and means
  "not over yet", so that a new state in the API never breaks a running job.
- Where an answer's output and its status disagree, the output wins: it is what was paid for.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping  # noqa: TC003 - attrs resolves a class's annotations
from typing import TYPE_CHECKING, Any, Final

import attrs

from runcomfy_core.text import one_line

if TYPE_CHECKING:
    from runcomfy_core.text import Mask


class State:
    """The known words of :attr:`Status.state`."""

    IN_QUEUE: Final = "in_queue"
    IN_PROGRESS: Final = "in_progress"
    COMPLETED: Final = "completed"
    CANCELLED: Final = "cancelled"
    FAILED: Final = "failed"


_SYNONYMS: Final = {
    # These two map to themselves so that all jobs in one state share one string object.
    State.IN_QUEUE: State.IN_QUEUE,
    State.IN_PROGRESS: State.IN_PROGRESS,
    "canceled": State.CANCELLED,
    "pending": State.IN_QUEUE,
    "waiting": State.IN_QUEUE,
    "queued": State.IN_QUEUE,
    "starting": State.IN_PROGRESS,
    "processing": State.IN_PROGRESS,
    "running": State.IN_PROGRESS,
    "succeeded": State.COMPLETED,
    "success": State.COMPLETED,
}
_KNOWN: Final = frozenset({*_SYNONYMS.values(), State.FAILED})
_OVER: Final = frozenset({State.COMPLETED, State.CANCELLED, State.FAILED})

#: The most characters of a state that are kept.
_LONGEST: Final = 60


@attrs.frozen
class Status:
    """Where a job stands.

    Attributes:
        state: One of :class:`State`'s words, or one that this version does not know.
        queue_position: The place in the queue, or None when the API does not say.
        raw: The whole answer.
        retry_after: Seconds that the API asks to wait before the next request, or None.
    """

    state: str
    queue_position: int | None = None
    raw: Mapping[str, Any] = attrs.field(factory=dict[str, Any], repr=False, eq=False)
    retry_after: float | None = attrs.field(default=None, repr=False, eq=False)

    @property
    def over(self) -> bool:
        """Whether the job has ended, successfully or not."""
        return self.state in _OVER

    @property
    def is_known(self) -> bool:
        """Whether the state is one of :class:`State`'s words."""
        return self.state in _KNOWN


def read_status(
    raw: Mapping[str, Any],
    retry_after: float | None = None,
    mask: Mask | None = None,
) -> Status | None:
    """Return the status in an answer, or None when there is none.

    Args:
        raw: The answer.
        retry_after: Seconds that the answer's headers ask to wait.
        mask: Removes the token, which a server may echo.
    """
    state = _state(raw, mask)
    position: object = raw.get("queue_position")
    if isinstance(position, bool) or not isinstance(position, int):
        position = None
    return None if state is None else Status(state, position, raw, retry_after)


class Outcome(enum.Enum):
    """How a job ended, or that it has not."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    NOT_OVER = "not over"


def read_outcome(raw: Mapping[str, Any], *, cancelled: bool = False) -> Outcome:
    """Return how a job ended, according to its result.

    Args:
        raw: The answer of the result endpoint.
        cancelled: Whether the API has confirmed that this job was cancelled. The result may say
            ``completed`` all the same, as an example in the API's documentation does.
    """
    state = _state(raw)
    has_output = raw.get("output") not in (None, "", [], {})
    has_error = raw.get("error") not in (None, "", [], {})
    if state == State.FAILED:
        return Outcome.FAILED
    if has_output:
        waiting = state in {State.IN_QUEUE, State.IN_PROGRESS}
        return Outcome.NOT_OVER if waiting else Outcome.SUCCEEDED
    if state == State.CANCELLED or (cancelled and state in {None, State.COMPLETED}):
        return Outcome.CANCELLED
    # A result is asked for only when the job is over, so an error needs no status beside it.
    if has_error and state in {None, State.COMPLETED}:
        return Outcome.FAILED
    # "completed" without output or error is a success, and `raw` is all that it has to show.
    return Outcome.SUCCEEDED if state == State.COMPLETED else Outcome.NOT_OVER


def _state(raw: Mapping[str, Any], mask: Mask | None = None) -> str | None:
    word: object = raw.get("status")
    if not isinstance(word, str) or not word.strip():
        return None
    state = one_line(word, _LONGEST, mask).lower()
    return _SYNONYMS.get(state, state)
