"""Cancels a job whose caller goes away, with one request that is bounded in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from runcomfy_core import errors

from .api import cancel, is_cancelled

if TYPE_CHECKING:
    from runcomfy_core.wire.steps import Steps

#: Seconds that the cancel may take, so that Ctrl-C does not hang on a dead connection.
CANCEL_LIMIT: Final = 4.0


@attrs.frozen
class Parting:
    """What the cancel achieved.

    Attributes:
        cancelled: Whether the API says that the job is cancelled, and so costs nothing.
        words: What happened to the job, and whether it is billed, in one sentence.
    """

    cancelled: bool
    words: str


def part(request_id: str) -> Steps[Parting]:
    """Cancel a job with a single request."""
    name = f"request {request_id}"
    try:
        answer = yield from cancel(request_id, CANCEL_LIMIT)
    except errors.RunComfyError as error:
        fault = error.summary
        return Parting(
            cancelled=False,
            words=f"Cancelling {name} failed ({fault}): it may go on remotely and be billed.",
        )
    if is_cancelled(answer):
        words = f"Cancelled {name} before it ran; there is nothing to pay."
        return Parting(cancelled=True, words=words)
    words = f"It was too late to cancel {name}: it goes on remotely and will be billed."
    return Parting(cancelled=False, words=words)


def interrupted(request_id: str) -> Parting:
    """Return what to say when the cancel itself was interrupted."""
    words = f"Cancelling request {request_id} was interrupted: it may go on remotely and be billed."
    return Parting(cancelled=False, words=words)
