"""Which failures pass with time, and what is repeated because of it.

Rule: what is repeated here is free by contract, a GET, and a cancel, which does nothing the second
time. The POST that submits has rules of its own (``submission.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from runcomfy_core import errors
from runcomfy_core.wire.steps import sleep

from .answers import NOT_OVER_YET
from .states import Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from runcomfy_core.wire.steps import Steps

T = TypeVar("T")

#: How often a single call is tried, and the pause after its first failure, which doubles.
TRIES: Final = 4
FIRST_RETRY: Final = 0.5

#: A single call does not wait for longer than this, whatever ``Retry-After`` says: it raises.
LONGEST_RETRY: Final = 10.0

#: Request timeout, and "too early": the API did not look at the request.
_PASSING_STATUSES: Final = frozenset({408, 425})


def attempt(steps: Steps[T]) -> Steps[T | errors.RunComfyError]:
    """What an operation returns, or the error that it raises if that may pass with time."""
    try:
        return (yield from steps)
    except errors.RunComfyError as error:
        if not may_pass(error):
            raise
        return error


def retried(call: Callable[[], Steps[T]]) -> Steps[T]:
    """An operation's outcome, with a few tries."""
    pause = FIRST_RETRY
    for _ in range(TRIES - 1):
        outcome = yield from attempt(call())
        if not isinstance(outcome, errors.RunComfyError):
            return outcome
        wanted = retry_after(outcome) or 0.0
        if wanted > LONGEST_RETRY:
            raise outcome
        yield from sleep(max(pause, wanted))
        pause *= 2
    return (yield from call())


def may_pass(error: errors.RunComfyError) -> bool:
    """Whether the same request may succeed later."""
    if isinstance(error, errors.ApiError):
        return (
            isinstance(error, errors.RateLimited | errors.ServerError)
            or error.status in _PASSING_STATUSES
            or error.error_code == NOT_OVER_YET
        )
    return isinstance(error, errors.ConnectionFailed | errors.UnexpectedResponse)


def retry_after(found: Status | errors.RunComfyError) -> float | None:
    """Seconds that an answer asks to wait, or None."""
    return found.retry_after if isinstance(found, Status | errors.ApiError) else None
