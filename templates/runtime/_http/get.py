"""GETs of files, from servers that are nobody's we know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._logs import log
from .._text import one_line
from .connection import USER_AGENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .connection import Call, Connection, Foreign
    from .connections import Connections
    from .response import Response
    from .target import Target


class Reply:
    """An answer whose body is still to be read.

    Attributes:
        status: The HTTP status.
        phrase: The status line, as a message shows it: ``HTTP 404 Not Found``.
        headers: By lower-case name.
        length: Bytes of the body, or None when it isn't told.
        doubt: Why it is not known where the body ends, or None: see :class:`~.response.Response`.
    """

    def __init__(
        self, connections: Connections, connection: Connection | Foreign, response: Response
    ) -> None:
        self.status = response.status
        self.phrase = f"HTTP {response.status} {one_line(response.reason or '', 60)}".rstrip()
        self.headers: Mapping[str, str] = response.fields
        self.length = response.length
        self.doubt = response.doubt
        self._connections = connections
        self._connection: Connection | Foreign | None = connection
        self._response = response

    def allow(self, seconds: float) -> None:
        """Let what is read from now on take so long together."""
        self._response.allow(seconds)

    def read(self, size: int) -> bytes:
        """The next bytes of the body, at most ``size``, as soon as any are there; none at its end.

        Raises:
            HTTPException, OSError: It breaks off.
        """
        return self._response.read1(size)

    def close(self) -> None:
        """Give the connection back; where the body was read to its end, it serves again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._connections.give(connection)


def get(connections: Connections, target: Target, call: Call, headers: dict[str, str]) -> Reply:
    """Ask for a file, once.

    Args:
        connections: Those to its server.
        target: The file.
        call: The request for its :attr:`~.target.Target.selector`.
        headers: Beside those that every request for a file has: no token and no cookies.

    Raises:
        Unreached: No connection was made.
        HTTPError, HTTPException, OSError, ValueError: No answer came.
    """
    connection = connections.take(call)
    fixed = {
        "Host": target.authority,
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "User-Agent": USER_AGENT,
    }
    try:
        response = connections.ask(connection, call, fixed | headers)
    except BaseException:
        connection.close()
        raise
    # Without the query, which may be a signature.
    log.debug("GET %s%s: HTTP %d", target.origin, target.path, response.status)
    return Reply(connections, connection, response)
