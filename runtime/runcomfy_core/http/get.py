"""What a request for a file holds, and whom it is sent to."""

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
    """Ask for a file; the answer is to be given back to the connections.

    Where a server closes a connection that idled just when it is asked, it is asked once more.

    Args:
        connections: Those to its server.
        target: The file.
        call: The request for its :attr:`~.target.Target.selector`.
        headers: Beside those that every request for a file has: no token and no cookies.

    Raises:
        Unreached: No connection was made.
        HTTPError, HTTPException, OSError, ValueError: Nothing came that is an answer.
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
    # Without the query, which may be a signature.
    log.debug("GET %s%s: HTTP %d", target.origin, target.path, response.status)
    return response
