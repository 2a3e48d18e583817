"""Requests for files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runcomfy_core.interrupts import pass_on
from runcomfy_core.logs import log

from .connection import USER_AGENT

if TYPE_CHECKING:
    from .connection import Call
    from .connections import Connections
    from .response import Response
    from .target import Target


def get(connections: Connections, target: Target, call: Call, headers: dict[str, str]) -> Response:
    """Request a file. The caller must give the answer back to the connections.

    The request holds no token and no cookies. If the server closes an idle connection just as the
    request goes out on it, the request is sent once more.

    Args:
        connections: The connections to the file's server.
        target: The file.
        call: The request for the target's :attr:`~.target.Target.selector`.
        headers: Headers to send in addition to the usual ones.

    Raises:
        Unreached: No connection was made.
        HTTPError, HTTPException, OSError, ValueError: No valid answer came.
    """
    fixed = {
        "Host": target.authority,
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "User-Agent": USER_AGENT,
    }
    idled = connections.has_idle
    try:
        response = connections.send(call, fixed | headers)
    except ConnectionError as error:
        pass_on(error)
        if not idled:
            raise
        response = connections.send(call, fixed | headers)
    # The query is left out of the log, because it may be a signature.
    log.debug("GET %s%s: HTTP %d", target.origin, target.path, response.status)
    return response
