"""The log of API requests, so that a test can count what a client really sent."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING

import attrs

from .tokens import bearer

if TYPE_CHECKING:
    from .answers import Call

_KEPT = 10_000


@attrs.frozen
class LoggedRequest:
    """One request.

    Attributes:
        method: Its HTTP method.
        path: Its path, without the query.
        bearer: Whether it carried a bearer token; the token itself is not kept.
    """

    method: str
    path: str
    bearer: bool


class Journal:
    """The last 10,000 requests to /v1, in the order in which they came."""

    def __init__(self) -> None:
        # Written by the server's thread, read by others: a deque's own operations are atomic.
        self._requests: collections.deque[LoggedRequest] = collections.deque(maxlen=_KEPT)

    def note(self, method: str, path: str, call: Call) -> None:
        """Log a request."""
        has_bearer = bearer(call.authorization) is not None
        self._requests.append(LoggedRequest(method, path, has_bearer))

    def requests(self) -> list[LoggedRequest]:
        """What was logged."""
        return list(self._requests.copy())

    def clear(self) -> None:
        """Forget it."""
        self._requests.clear()
