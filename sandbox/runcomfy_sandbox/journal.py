"""The log of API requests, which lets a test count the requests that a client really sent."""

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
    """A logged request.

    Attributes:
        method: The HTTP method.
        path: The path, without the query.
        bearer: Whether the request had a bearer token; the token itself is not kept.
    """

    method: str
    path: str
    bearer: bool


class Journal:
    """The last 10,000 requests to /v1, in the order in which they arrived."""

    def __init__(self) -> None:
        # The server's thread writes and others read; each operation of a deque is atomic.
        self._requests: collections.deque[LoggedRequest] = collections.deque(maxlen=_KEPT)

    def note(self, method: str, path: str, call: Call) -> None:
        """Log a request."""
        has_bearer = bearer(call.authorization) is not None
        self._requests.append(LoggedRequest(method, path, has_bearer))

    def requests(self) -> list[LoggedRequest]:
        """Return the logged requests."""
        return list(self._requests.copy())

    def clear(self) -> None:
        """Clear the log."""
        self._requests.clear()
