"""The connections to one server: which of them a request goes out on.

Rules:

- A request that costs money goes out on a new connection, or on one that was in use less than
  :data:`FRESH` seconds ago and that nothing has come in on since. Servers and gateways close
  connections that idle, and one that is closed while a request goes out leaves open whether it was
  taken: it is then neither lost nor doubled, but reported as uncertain.
- Time in which the machine slept is time. Where no clock counts it, no connection that idled is
  known to be fresh.
- A connection is kept only after a request that was sent to its end, and an answer that was read
  to its own and that nothing followed. What is left over of one answer would be taken for the next
  one: a "try again later" for the request before could have a submission sent, and paid, twice.
- What idles stays with the process that opened it: a forked child would read its parent's answers.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
import weakref
from collections import deque
from typing import TYPE_CHECKING, Final

from .connection import Connection, Foreign, connect, is_recorded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .connection import Call, Way
    from .response import Response

#: Seconds since its last use after which a connection is not trusted with money. The shortest
#: idle timeouts of common servers and gateways are 5 s and more.
FRESH: Final = 2.0

#: Connections that are kept for later requests; more may be open at a time.
KEPT: Final = 64


class Connections:
    """The connections to one server, for any number of threads.

    Args:
        way: How to get there.
        prefix: What every path begins with.
    """

    def __init__(self, way: Way, prefix: str = "") -> None:
        self._way = way
        self._prefix = prefix
        self._extra: Mapping[str, str] = {}
        if way.proxy is not None and way.forwards:
            # It is told its password with each request, for no tunnel knows it.
            self._extra = way.proxy.headers
        # Those that idle, and when each was last used.
        self._idle: deque[tuple[Connection, float]] = deque()
        self._process = os.getpid()
        self._closed = False
        # As urllib3 does it, for whoever forgets to close a client.
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
        """Send a request, and return its answer, to :meth:`give` back, as soon as it begins.

        Raises:
            Unreached: No connection was made.
            HTTPError, HTTPException, OSError, ValueError: Nothing came that is an answer.
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
        """Give an answer's connection back, which is kept if it was read to its very end."""
        connection, response.connection = response.connection, None
        response.close()  # or it holds the socket open
        clean = response.whole and not response.reader.more and not response.will_close
        if clean and isinstance(connection, Connection) and len(self._idle) < KEPT:
            self._idle.append((connection, response.arrived))
        elif isinstance(connection, Connection | Foreign):
            connection.close()
        if self._closed:
            _close_all(self._idle)

    def _take(self, call: Call) -> Connection | Foreign:
        """A connection for a request, which is connected."""
        if self._process != os.getpid():
            # Closed here, they stay open for the parent.
            _close_all(self._idle)
            self._process = os.getpid()
        # A recorder is to see all that is said while it is there.
        if self._idle and not is_recorded():
            with contextlib.suppress(IndexError):  # another thread took the last
                # The one that was used last: if this one is not fresh, none is.
                connection, used = self._idle.pop()
                # Not if the time is not known: nothing compares to NaN.
                fresh = 0 <= boot_clock() - used <= FRESH
                if (fresh or not call.request.pays) and connection.is_connected:
                    return connection
                connection.close()
        return connect(self._way, call.connect)


def _close_all(connections: deque[tuple[Connection, float]]) -> None:
    with contextlib.suppress(IndexError):  # other threads may take the last
        while True:
            connections.pop()[0].close()


def boot_clock() -> float:
    """Return seconds by a clock that goes on while the machine sleeps; NaN where there is none."""
    boot_time: int | None = getattr(time, "CLOCK_BOOTTIME", None)
    if boot_time is None and sys.platform == "darwin":
        # Python's own monotonic clock stands still while a Mac sleeps, and this one doesn't.
        boot_time = time.CLOCK_MONOTONIC
    if boot_time is not None:
        with contextlib.suppress(OSError):  # a system may have the clock's name alone
            return time.clock_gettime(boot_time)
    return time.monotonic() if sys.platform == "win32" else float("nan")
