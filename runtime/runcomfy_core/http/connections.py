"""The connections to one server: a pool that chooses one for each request.

Rules:

- A request that costs money goes out on a new connection, or on one that was in use less than
  :data:`FRESH` seconds ago and has received nothing since. Servers and gateways close idle
  connections. When one is closed while a request is being sent, nobody can tell whether the server
  received the request; it is then neither lost nor repeated, but reported as uncertain.
- Time during which the machine slept counts. Where no clock counts it, no idle connection is known
  to be fresh.
- A connection is kept only if the request was sent to its end, the answer was read to its end, and
  nothing followed the answer. Leftover bytes would be taken for the next answer: a stray "try again
  later" would have a submission sent, and paid for, twice.
- Idle connections stay with the process that opened them. A forked child that used them would read
  its parent's answers.
"""

from __future__ import annotations

import os
import sys
import time
import weakref
from collections import deque
from typing import TYPE_CHECKING, Final

from runcomfy_core.interrupts import ignoring

from .connection import Connection, Foreign, connect, is_recorded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .connection import Call, Way
    from .response import Response

#: Seconds of idling after which a connection no longer carries requests that cost money. Common
#: servers and gateways close idle connections after 5 s at the earliest.
FRESH: Final = 2.0

#: The most idle connections that are kept. More may be in use at the same time.
KEPT: Final = 64


class Connections:
    """The connections to one server, for any number of threads.

    Args:
        way: The way to the server.
        prefix: A prefix of every request's path.
    """

    def __init__(self, way: Way, prefix: str = "") -> None:
        self._way = way
        self._prefix = prefix
        self._extra: Mapping[str, str] = {}
        if way.proxy is not None and way.forwards:
            # Without a tunnel, the proxy needs its password in each request.
            self._extra = way.proxy.headers
        # Idle connections, and when each was last used.
        self._idle: deque[tuple[Connection, float]] = deque()
        self._process = os.getpid()
        self._closed = False
        # For a client that is never closed. urllib3's pools do the same.
        weakref.finalize(self, _close_all, self._idle)

    def close(self) -> None:
        """Close the connections that are idle; those in use close when they are done."""
        self._closed = True
        _close_all(self._idle)

    @property
    def has_idle(self) -> bool:
        """Whether the next request may go out on a connection that idled."""
        return bool(self._idle)

    def send(self, call: Call, headers: Mapping[str, str]) -> Response:
        """Send a request, and return its answer as soon as the header has arrived.

        The answer must be handed to :meth:`give` afterwards.

        Raises:
            Unreached: No connection was made.
            HTTPError, HTTPException, OSError, ValueError: No valid answer came.
        """
        connection = self._take(call)
        try:
            path = self._prefix + call.request.path
            response = connection.ask(call, path, {**self._extra, **headers})
        except BaseException:
            connection.close()
            raise
        response.connection = connection
        response.arrived = boot_clock()
        return response

    def give(self, response: Response) -> None:
        """Give an answer's connection back. It is kept if the answer was read to its very end."""
        connection, response.connection = response.connection, None
        response.close()  # an open response would hold the socket open
        clean = response.whole and not response.reader.more and not response.will_close
        if clean and isinstance(connection, Connection) and len(self._idle) < KEPT:
            self._idle.append((connection, response.arrived))
        elif isinstance(connection, Connection | Foreign):
            connection.close()
        if self._closed:
            _close_all(self._idle)

    def _take(self, call: Call) -> Connection | Foreign:
        """Return an open connection for a request."""
        if self._process != os.getpid():
            # This closes the child's copies of the sockets; the parent's stay open.
            _close_all(self._idle)
            self._process = os.getpid()
        # While a recorder is active, it must see every request, so no idle connection is used.
        if self._idle and not is_recorded():
            with ignoring(IndexError):  # another thread took the last
                # The last one was used most recently: if it is not fresh, none is.
                connection, used = self._idle.pop()
                # False where there is no clock: every comparison with NaN is.
                fresh = 0 <= boot_clock() - used <= FRESH
                if (fresh or not call.request.pays) and connection.is_connected:
                    return connection
                connection.close()
        return connect(self._way, call.connect)


def _close_all(connections: deque[tuple[Connection, float]]) -> None:
    with ignoring(IndexError):  # other threads may take the last
        while True:
            connections.pop()[0].close()


def boot_clock() -> float:
    """Return seconds by a clock that goes on while the machine sleeps; NaN where there is none."""
    boot_time: int | None = getattr(time, "CLOCK_BOOTTIME", None)
    if boot_time is None and sys.platform == "darwin":
        # On a Mac, time.monotonic() stands still while the machine sleeps; this clock doesn't.
        boot_time = time.CLOCK_MONOTONIC
    if boot_time is not None:
        with ignoring(OSError):  # a system may know the clock's name and lack the clock
            return time.clock_gettime(boot_time)
    return time.monotonic() if sys.platform == "win32" else float("nan")
