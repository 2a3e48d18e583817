"""Streaming files for downloads.

Rules:

- A request holds no token, no cookies and no Referer.
- The header of an answer must arrive within the timeout. After that, less than 1 KiB a second over
  the length of the timeout counts as silence, just as nothing does.
- No exception of urllib3's leaves this module, because its frames may hold a proxy's password.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runcomfy_core.http.connection import Call, Way
from runcomfy_core.http.connections import Connections
from runcomfy_core.http.faults import FAULTS
from runcomfy_core.http.get import get
from runcomfy_core.http.proxies import find_proxy
from runcomfy_core.interrupts import pass_on
from runcomfy_core.text import one_line
from runcomfy_core.wire.steps import Send

from .faults import Dropped, Refused
from .redirects import Astray, follow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runcomfy_core.http.response import Response
    from runcomfy_core.http.target import Target
    from runcomfy_core.wire.clock import Clock

    from .hosts import Hosts

#: The least speed in bytes a second. A slower server counts as silent.
LEAST_SPEED: Final = 1024

_CHUNK: Final = 256 * 1024


class Stream:
    """An answer whose body is still to be read. It must be closed.

    Attributes:
        response: The answer.
        status: Its HTTP status.
        phrase: Its status line, as a message shows it.
        fields: Its header, by lower-case name.
    """

    def __init__(
        self, response: Response, connections: Connections, call: Call, clock: Clock
    ) -> None:
        self.response = response
        self.status = response.status
        self.phrase = response.phrase
        self.fields = response.fields
        self._connections = connections
        self._call = call
        self._clock = clock
        self._waited = 0.0
        self._received = 0

    def read(self) -> bytes:
        """Return the next bytes of the body, or b"" at its end.

        Raises:
            Dropped: The connection broke off, or is too slow.
        """
        begin = self._clock.monotonic()
        self.response.allow(self._call.read)
        try:
            data = self.response.read1(_CHUNK)
        except FAULTS as error:
            pass_on(error)
            reason = f"the connection broke off ({one_line(self._call.reason(error))})"
        else:
            if data:
                self._check_speed(self._clock.monotonic() - begin, len(data))
            return data
        raise Dropped(reason)

    def close(self) -> None:
        """Give the connection back."""
        self._connections.give(self.response)

    def _check_speed(self, waited: float, received: int) -> None:
        # Only time spent waiting for the server counts. Writing and the user's callback don't.
        self._waited += waited
        self._received += received
        silence = self._call.read
        if self._waited < silence:
            return
        if self._received < LEAST_SPEED * self._waited:
            raise Dropped(f"less than 1 KiB a second came for {self._waited:.3g} s")
        self._waited, self._received = 0.0, 0


class Streams:
    """Connections to the servers of files, for one thread. They must be closed.

    Args:
        hosts: The hosts that requests may go to.
        timeout: The seconds that a server may be silent.
        clock: Measures how fast a body arrives.
    """

    def __init__(self, hosts: Hosts, timeout: float, clock: Clock) -> None:
        self._hosts = hosts
        self._timeout = timeout
        self._clock = clock
        self._connections: dict[str, Connections] = {}

    def get(self, url: str, headers: dict[str, str]) -> Stream:
        """Request a file, and follow redirects.

        Raises:
            Dropped: No answer came.
            Refused: The URL or a redirect leads nowhere, or to a host that is not allowed.
            ConfigurationError: The environment names a proxy that can't be used.
        """
        hops = [url]
        try:
            return follow(hops, lambda: self._ask(hops, headers))
        except Astray as astray:
            reason = f"it {astray.message}"
        raise Refused(reason)

    def close(self) -> None:
        """Close the connections."""
        for connections in self._connections.values():
            connections.close()

    def _ask(self, hops: Sequence[str], headers: dict[str, str]) -> Stream:
        check = self._hosts.check if len(hops) == 1 else self._hosts.redirected
        target = check(hops[-1])
        connections = self._connections_to(target)
        request = Send("GET", target.selector)
        call = Call(request, connect=self._timeout, read=self._timeout)
        try:
            response = get(connections, target, call, headers)
        except FAULTS as error:
            pass_on(error)
            words = one_line(call.reason(error))
        else:
            return Stream(response, connections, call, self._clock)
        raise Dropped(f"the server could not be reached, or gave no answer ({words})")

    def _connections_to(self, target: Target) -> Connections:
        connections = self._connections.get(target.origin)
        if connections is None:
            proxy = find_proxy(target.scheme, target.host, f"{target.host}:{target.port}")
            way = Way(scheme=target.scheme, host=target.host, port=target.port, proxy=proxy)
            connections = Connections(way, target.origin if way.forwards else "")
            self._connections[target.origin] = connections
        return connections
