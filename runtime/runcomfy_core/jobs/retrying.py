"""Retries of the calls that cost nothing, after failures that may pass with time.

Rule: only a GET or a cancel is retried here. A GET is free by contract, and a second cancel does
nothing. The POST that submits a job has rules of its own (``submission.py``).
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

#: How often a call is tried.
TRIES: Final = 4

#: Seconds between the first try and the second; each further pause is twice as long.
FIRST_RETRY: Final = 0.5

#: Seconds that ``Retry-After`` may ask for. A call that is asked to wait longer raises instead.
LONGEST_RETRY: Final = 10.0

#: 408 (request timeout) and 425 (too early) mean that the API did not look at the request.
_PASSING_STATUSES: Final = frozenset({408, 425})


def attempt(steps: Steps[T]) -> Steps[T | errors.RunComfyError]:
    """Run an operation; return its result, or its error if that may pass with time."""
    try:
        return (yield from steps)
    except errors.RunComfyError as error:
        if not may_pass(error):
            raise
        return error


def retried(call: Callable[[], Steps[T]]) -> Steps[T]:
    """Run an operation, with retries, and return its result.

    Args:
        call: Begins the operation anew for each try.
    """
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
    """Return whether the same request may succeed later."""
    if isinstance(error, errors.ApiError):
        return (
            isinstance(error, errors.RateLimited | errors.ServerError)
            or error.status in _PASSING_STATUSES
            or error.error_code == NOT_OVER_YET
        )
    return isinstance(error, errors.ConnectionFailed | errors.UnexpectedResponse)


def retry_after(found: Status | errors.RunComfyError) -> float | None:
    """Return the seconds that an answer asks to wait, or None."""
    return found.retry_after if isinstance(found, Status | errors.ApiError) else None
