"""The states of a job, in the two tongues in which the API tells them (docs/contract.md, "States").

Rules:

- The status endpoint's ``completed`` means over, not well: only the result says how it ended.
- Known synonyms become one word; an unknown word is kept, at a length fit for a message, and means
  "not over yet", so that a new state of the API's never breaks a running job.
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
    """The words that :attr:`Status.state` is known to have."""

    IN_QUEUE: Final = "in_queue"
    IN_PROGRESS: Final = "in_progress"
    COMPLETED: Final = "completed"
    CANCELLED: Final = "cancelled"
    FAILED: Final = "failed"


_SYNONYMS: Final = {
    # Themselves, but one object for all jobs that wait in the same state.
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

#: Characters that a state is shown with.
_LONGEST: Final = 60


@attrs.frozen
class Status:
    """Where a job stands.

    Attributes:
        state: One of :class:`State`'s words, or one that this version does not know.
        queue_position: The place in the queue, or None when the API does not say.
        raw: The whole answer.
        retry_after: Seconds that the API asks to wait before the next question, or None.
    """

    state: str
    queue_position: int | None = None
    raw: Mapping[str, Any] = attrs.field(factory=dict[str, Any], repr=False, eq=False)
    retry_after: float | None = attrs.field(default=None, repr=False, eq=False)

    @property
    def over(self) -> bool:
        """Whether the job has ended, well or not."""
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
    """The status that an answer tells, or None when it tells none.

    Args:
        raw: The answer.
        retry_after: Seconds that its headers ask to wait.
        mask: Takes the token out of a word, should the server echo it there.
    """
    state = _state(raw, mask)
    position: object = raw.get("queue_position")
    if isinstance(position, bool) or not isinstance(position, int):
        position = None
    return None if state is None else Status(state, position, raw, retry_after)


class Outcome(enum.Enum):
    """What a result says of its job."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    NOT_OVER = "not over"


def read_outcome(raw: Mapping[str, Any], *, cancelled: bool = False) -> Outcome:
    """How a job ended, by its result.

    Args:
        raw: The result's answer.
        cancelled: Whether the API has confirmed that this job was cancelled. Its documentation's
            own example then shows ``completed``.
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
    # No status at all beside an error: it is asked for only once the job is over.
    if has_error and state in {None, State.COMPLETED}:
        return Outcome.FAILED
    # A success without an output or an error: the job is over, and `raw` is all there is to it.
    return Outcome.SUCCEEDED if state == State.COMPLETED else Outcome.NOT_OVER


def _state(raw: Mapping[str, Any], mask: Mask | None = None) -> str | None:
    word: object = raw.get("status")
    if not isinstance(word, str) or not word.strip():
        return None
    state = one_line(word, _LONGEST, mask).lower()
    return _SYNONYMS.get(state, state)
