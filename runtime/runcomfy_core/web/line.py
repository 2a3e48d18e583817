"""A persistent connection to one server, at an IP address that was checked.

Rules:

- The connection goes to the IP address. The Host header, SNI and the certificate check use the
  name.
- Requests hold no cookies and no token. There are no retries here.
- Everything ends at the deadline, and any thread can end it earlier.
- A proxy, too, gets the IP address and not the name. Plain http, which only a development server
  speaks, bypasses the proxy.
- No exception of urllib3's leaves this module, for its message may hold a URL's query.
"""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING

from runcomfy_core.errors import ConfigurationError
from runcomfy_core.http.connection import Call, Way
from runcomfy_core.http.connections import Connections
from runcomfy_core.http.faults import FAULTS, Unreached
from runcomfy_core.http.get import get
from runcomfy_core.http.proxies import find_proxy
from runcomfy_core.interrupts import ignoring, pass_on
from runcomfy_core.wire.steps import Send

from .answer import Answer
from .faults import OwnNetwork, late
from .trouble import no_answer, no_proxy, not_reached

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runcomfy_core.http.deadline import Deadline
    from runcomfy_core.http.proxies import Proxy
    from runcomfy_core.http.target import Target

    from .faults import Unreadable


class Line:
    """A sender of requests for one file, which reuses its connection if the server keeps it open.

    Args:
        target: The file.
        addresses: The IP addresses of its host, which are tried in this order.
        about: The file, as a message names it.
        deadline: The deadline of the whole check.

    Attributes:
        requests: The number of requests so far.

    Raises:
        OwnNetwork: The environment asks for a proxy that can't be used.
    """

    def __init__(
        self, target: Target, addresses: Sequence[str], about: str, deadline: Deadline
    ) -> None:
        self.requests = 0
        self._target = target
        self._about = about
        self._deadline = deadline
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        way = Way(
            scheme=target.scheme,
            host=target.host,
            port=target.port,
            proxy=_proxy_for(target),
            addresses=addresses,
            watch=self._watch,
        )
        self._connections = Connections(way)
        self._answer: Answer | None = None

    def get(self, headers: dict[str, str]) -> Answer:
        """Send one request for the file, and return the answer with its body still to be read.

        Raises:
            Unreadable: No answer came, and the server is at fault.
            OwnNetwork: No answer came, and this machine's network or proxy is at fault.
        """
        self.requests += 1
        left = self._deadline.left()
        if not left:
            raise late(self._about, self._deadline, came="its server was not asked")
        call = Call(Send("GET", self._target.selector), left, left, time.monotonic() + left)
        try:
            response = get(self._connections, self._target, call, headers)
        except FAULTS as error:
            pass_on(error)
            raise self._fault(error) from None
        self._answer = Answer(response, self._connections, self._about, self._deadline)
        return self._answer

    def cut(self) -> None:
        """Shut the sockets down, so that no thread waits for them any longer."""
        with self._lock:
            for sock in self._sockets:
                with ignoring(OSError):  # it is closed already
                    sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection, even if its last answer was not read to the end."""
        if self._answer is not None:
            self._answer.close()
        self._connections.close()
        with self._lock:
            for sock in self._sockets:
                sock.close()
            self._sockets.clear()

    def _watch(self, sock: socket.socket) -> None:
        """Keep a duplicate of a socket for :meth:`cut`; TLS takes over the original."""
        handle = sock.dup()
        with self._lock:
            self._sockets.append(handle)

    def _fault(self, error: Exception) -> Unreadable | OwnNetwork:
        """Return the fault for a request without an answer: the server's or our network's."""
        if not isinstance(error, Unreached):
            return no_answer(error, self._about, self._deadline)
        if error.proxy:
            return no_proxy(error.failures[-1], self._target)
        return not_reached(error.failures, self._target, self._about, self._deadline)


def _proxy_for(target: Target) -> Proxy | None:
    if target.scheme == "http":
        return None
    try:
        return find_proxy("https", target.host, target.authority)
    except ConfigurationError as error:
        raise OwnNetwork(str(error)) from None
