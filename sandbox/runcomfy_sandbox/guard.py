"""Protection against web pages: every page in a browser on this machine can reach the sandbox.

- A page can make its host name resolve to this machine (DNS rebinding), but then the browser sends
  that name as Host. The sandbox serves only IP addresses, ``localhost`` and the name on which it
  listens.
- A page can send a POST with a text body to any address. Calls that change the sandbox therefore
  need the header :data:`CONTROL`. A browser sends it to another site only if that site allows it,
  and the sandbox doesn't. API calls don't need it, because they have the Authorization header, for
  which the same holds.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from .answers import Code, Refusal, error

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from .answers import Call

#: The header that a control call needs to change something. Any value works, except an empty one.
CONTROL: Final = "runcomfy-sandbox"


def check_control(call: Call) -> None:
    """Check that a call may change the sandbox.

    Raises:
        Refusal: HTTP 403: the call lacks the control header, so it may come from a web page.
    """
    if not call.control:
        message = (
            f"Nothing was changed: a {call.method} here needs the header 'Runcomfy-Sandbox: 1', "
            "which a web page can't send."
        )
        raise Refusal(error(403, Code.FORBIDDEN, message))


def control_header(request: Request) -> bool:
    """Tell whether a request has the control header."""
    return bool(request.headers.get(CONTROL))


class HostCheck:
    """An ASGI application that serves only requests whose Host is this machine.

    Args:
        app: The application that serves them.
        refuse: The application that answers all others.
        name: An additional name that is served: the one on which the sandbox listens.
    """

    def __init__(self, app: ASGIApp, refuse: ASGIApp, name: str) -> None:
        self._app = app
        self._refuse = refuse
        self._names = {"localhost", name.casefold()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        hosts = [value for header, value in scope["headers"] if header == b"host"]
        sound = len(hosts) == 1 and self._is_ours(hosts[0].decode("latin-1"))
        await (self._app if sound else self._refuse)(scope, receive, send)

    def _is_ours(self, host: str) -> bool:
        try:
            parts = urlsplit(f"//{host}")
            name, _ = parts.hostname, parts.port
        except ValueError:  # unbalanced brackets, or a port that is not a number
            return False
        if name is None or parts.netloc != host or "@" in host:
            return False
        return name in self._names or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
