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

from .connection import Connection, connect, is_recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .connection import Call, Foreign, Way
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
        self._idle: deque[Connection] = deque()
        self._process = os.getpid()
        self._closed = False
        # As urllib3 does it, for whoever forgets to close a client.
        weakref.finalize(self, _close_all, self._idle)

    def close(self) -> None:
        """Close the connections that are idle; those in use close when they are done."""
        self._closed = True
        _close_all(self._idle)

    def take(self, call: Call) -> Connection | Foreign:
        """A connection for a request, which is connected; :meth:`give` it back.

        Raises:
            Unreached, HTTPError, OSError, ValueError: There is no way to connect.
        """
        if self._process != os.getpid():
            # Closed here, they stay open for the parent.
            _close_all(self._idle)
            self._process = os.getpid()
        # A recorder is to see all that is said while it is there.
        if self._idle and not is_recorded():
            with contextlib.suppress(IndexError):  # another thread took the last
                # The one that was used last: if this one is not fresh, none is.
                connection = self._idle.pop()
                if (not call.request.pays or _is_fresh(connection)) and connection.is_connected:
                    return connection
                connection.close()
        return connect(self._way, call.connect)

    def ask(
        self, connection: Connection | Foreign, call: Call, headers: Mapping[str, str]
    ) -> Response:
        """Send a request, and return its answer as soon as its header is there.

        Raises:
            HTTPException, OSError, ValueError: Nothing came that is an answer.
        """
        path = self._prefix + call.request.path
        response = connection.ask(call, path, {**self._extra, **headers})
        connection.used = awake_or_not()
        return response

    def give(self, connection: Connection | Foreign) -> None:
        """Take a connection back."""
        if isinstance(connection, Connection) and connection.is_clean and len(self._idle) < KEPT:
            self._idle.append(connection)
        else:
            connection.close()
        if self._closed:
            _close_all(self._idle)


def _close_all(connections: deque[Connection]) -> None:
    with contextlib.suppress(IndexError):  # other threads may take the last
        while True:
            connections.pop().close()


def _is_fresh(connection: Connection) -> bool:
    # Not if the time is not known: nothing compares to NaN.
    return 0 <= awake_or_not() - connection.used <= FRESH


def _clock() -> Callable[[], float] | None:
    """What counts the time in which the machine sleeps, too, or None where nothing does."""
    if (boot := getattr(time, "CLOCK_BOOTTIME", None)) is not None:
        return lambda: time.clock_gettime(boot)
    if sys.platform == "darwin":
        # Python's own monotonic clock stands still while a Mac sleeps, and this one doesn't.
        return lambda: time.clock_gettime(time.CLOCK_MONOTONIC)
    return time.monotonic if sys.platform == "win32" else None


def awake_or_not() -> float:
    """Seconds since some moment, those in which the machine slept among them; or NaN."""
    clock = _clock()
    try:
        return float("nan") if clock is None else clock()
    except OSError:  # a system that has the clock's name alone
        return float("nan")
