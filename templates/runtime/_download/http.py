"""Requests for files, on connections of their own, apart from the API's.

Rules:

- A request holds what is written here and nothing else: no token, no cookies, no Referer.
- Redirects are followed here and not by urllib3, at most five, each checked like the first URL.
- Bytes come as they are there. Fewer than a kilobyte a second over the time that the server may be
  silent count as silence.
- No error of urllib3's leaves here: its frames may hold a proxy's password.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

import urllib3
from urllib3.exceptions import HTTPError

from .._http.proxies import find_proxy, proxy_pool
from .._http.transport import USER_AGENT
from .._logs import log
from .._text import one_line
from .faults import Dropped, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from .._wire.clock import Clock
    from .hosts import Hosts, Target

MAX_REDIRECTS: Final = 5

#: Bytes a second: less is as good as nothing.
LEAST_SPEED: Final = 1024

_REDIRECTS: Final = frozenset([301, 302, 303, 307, 308])
_CHUNK: Final = 256 * 1024


class Reply:
    """An answer whose body is still to be read. Use as a context manager.

    Attributes:
        status: The HTTP status.
        headers: By lower-case name.
    """

    def __init__(self, response: urllib3.BaseHTTPResponse, clock: Clock, timeout: float) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        self._response = response
        self._clock = clock
        self._timeout = timeout
        self._waited = 0.0
        self._received = 0

    def read(self) -> bytes:
        """The next bytes of the body, or none at its end.

        Raises:
            Dropped: It broke off, or hardly anything comes.
        """
        begin = self._clock.monotonic()
        try:
            data = self._response.read1(_CHUNK)
        except (HTTPError, OSError, ValueError) as error:
            reason = f"the connection broke off ({_reason(error)})"
        else:
            if data:
                self._check_speed(self._clock.monotonic() - begin, len(data))
            return data
        raise Dropped(reason)

    def close(self) -> None:
        """Let go of the connection; one that was read to its end serves again."""
        self._response.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _check_speed(self, waited: float, received: int) -> None:
        # Only what is spent waiting counts: writing, and the caller's callback, may take longer.
        self._waited += waited
        self._received += received
        if self._waited < self._timeout:
            return
        if self._received < LEAST_SPEED * self._waited:
            raise Dropped(f"less than 1 KiB a second came for {self._waited:.3g} s")
        self._waited, self._received = 0.0, 0


class Fetcher:
    """Connections to the hosts of files. Use as a context manager, in one thread.

    Args:
        hosts: Where requests may go.
        timeout: Seconds that a server may be silent.
        clock: What measures how fast an answer comes.
    """

    def __init__(self, hosts: Hosts, timeout: float, clock: Clock) -> None:
        self._hosts = hosts
        self._timeout = timeout
        self._clock = clock
        self._pools: dict[str, urllib3.PoolManager] = {}

    def get(self, target: Target, headers: Mapping[str, str]) -> Reply:
        """Ask for a file, and follow where it is redirected to.

        Raises:
            Dropped: No answer came.
            Refused: A redirect leads where files are not fetched from, or in a circle.
            ConfigurationError: The environment names a proxy that can't be used.
        """
        for _ in range(MAX_REDIRECTS + 1):
            reply = self._send(target, headers)
            location = reply.headers.get("location")
            if reply.status not in _REDIRECTS or location is None:
                return reply
            reply.close()
            target = self._hosts.redirected(target, location)
        raise Refused(f"it is redirected more than {MAX_REDIRECTS} times")

    def close(self) -> None:
        """Close the connections."""
        for pool in self._pools.values():
            pool.clear()
        self._pools.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _send(self, target: Target, headers: Mapping[str, str]) -> Reply:
        pool = self._pool(target)
        try:
            response = pool.request(
                "GET",
                target.url,
                headers={
                    "Accept": "*/*",
                    "Accept-Encoding": "identity",
                    "User-Agent": USER_AGENT,
                    **headers,
                },
                timeout=urllib3.Timeout(connect=self._timeout, read=self._timeout),
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        except (HTTPError, OSError, ValueError) as error:
            reason = f"the server could not be reached, or gave no answer ({_reason(error)})"
        else:
            # Without the query, which may be a signature.
            log.debug("GET %s%s: HTTP %d", target.origin, target.path, response.status)
            return Reply(response, self._clock, self._timeout)
        raise Dropped(reason)

    def _pool(self, target: Target) -> urllib3.PoolManager:
        """The connections to a host, through the proxy that the environment names for it."""
        if target.origin not in self._pools:
            proxy = find_proxy(target.scheme, target.host, f"{target.host}:{target.port}")
            self._pools[target.origin] = (
                urllib3.PoolManager(num_pools=1, maxsize=1)
                if proxy is None
                else proxy_pool(proxy, maxsize=1)
            )
        return self._pools[target.origin]


def _reason(error: Exception) -> str:
    """An error of urllib3's in words."""
    inner = error
    # ProtocolError and its like wrap what happened; the innermost says it best.
    while inner.args and isinstance(inner.args[-1], Exception):
        inner = inner.args[-1]
    text = str(inner)
    # "HTTPSConnection(host='…', port=443): Failed to …": which host is known without it.
    return one_line(text.partition("): ")[2] or text) or type(inner).__name__
