"""What keeps web pages from using the sandbox, which any page in a browser here can reach.

- A page whose host's name was made to resolve to this machine (DNS rebinding) sends that name as
  Host. Only an IP address, ``localhost`` and the name that the sandbox listens on are served.
- A page may send a POST with a text as its body to any address. What changes the sandbox therefore
  needs the header :data:`CONTROL`, which a browser sends across sites only after it has asked the
  server, and the sandbox doesn't say yes. An API call needs no such header: it has its token in
  one that the browser asks about as well.
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

#: The header of a control call that changes something. Its value may be any but an empty one.
CONTROL: Final = "runcomfy-sandbox"


def check_control(call: Call) -> None:
    """Let a call that changes the sandbox pass.

    Raises:
        Refusal: HTTP 403; the call lacks the header, so a web page may have made it.
    """
    if not call.control:
        message = (
            f"Nothing was changed: a {call.method} here needs the header 'Runcomfy-Sandbox: 1', "
            "which a web page can't send."
        )
        raise Refusal(error(403, Code.FORBIDDEN, message))


def control_header(request: Request) -> bool:
    """Whether a request has the header of a control call."""
    return bool(request.headers.get(CONTROL))


class HostCheck:
    """Serves requests for this machine only.

    Args:
        app: What serves them.
        refuse: What answers the others.
        name: A further name that is served: where the sandbox listens.
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
        except ValueError:  # broken brackets, or a port that is no number
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
