"""A kept connection to one server, at an address that was checked.

Rules:

- The connection goes to the address; the Host header, SNI and the certificate are the name's.
- A request holds the headers that are written here and no others: no cookies, no token. It goes
  out once; whoever knows what an answer means decides on the next.
- Through a proxy, the proxy too is told the address and not the name. Plain http, which only a
  development server speaks, goes direct.
- No error of urllib3's leaves here, for its words may hold a URL's query.
"""

from __future__ import annotations

import functools
import http.client
import logging
from typing import TYPE_CHECKING, Any

import urllib3
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from .._http.proxies import find_proxy, proxy_pool
from .._http.transport import USER_AGENT
from ..errors import ConfigurationError
from .answer import Answer
from .faults import OwnNetwork, late
from .trouble import no_answer, no_proxy, not_reached
from .wire import NO_TIME, BoundHTTPConnection, BoundHTTPSConnection, Wire

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping, Sequence

    from .._http.proxies import Proxy
    from .deadline import Deadline
    from .target import Target

_log = logging.getLogger("runcomfy")


class _NotConnected(Exception):  # noqa: N818 - the name says what happened
    """An address, or the proxy, did not take the connection; its one argument is why."""


_Pool = HTTPConnectionPool | HTTPSConnectionPool


class Line:
    """Requests to one server, one after the other, over one connection where it lets us.

    Args:
        target: The file.
        addresses: Of its host: where to connect, in this order.
        about: The file, as a message names it.
        deadline: When all has to be over.
        tls: What certificates are trusted; None for plain http.

    Raises:
        OwnNetwork: The environment asks for a proxy that can't be used.
    """

    def __init__(
        self,
        target: Target,
        addresses: Sequence[str],
        about: str,
        deadline: Deadline,
        tls: ssl.SSLContext | None,
    ) -> None:
        self.requests = 0
        self._target = target
        self._addresses = addresses
        self._about = about
        self._deadline = deadline
        self._tls = tls
        self._proxy = _proxy_for(target)
        self._wire = Wire(deadline)
        self._pool: _Pool | None = None
        self._answer: Answer | None = None

    def get(self, headers: Mapping[str, str]) -> Answer:
        """Ask for the file once and take the answer's beginning.

        Raises:
            Unreadable: No answer came, and the server is at fault.
            OwnNetwork: No answer came, and this machine's network or proxy is at fault.
        """
        self.requests += 1
        if not self._deadline.left():
            raise late(self._about, self._deadline, came="its server was not asked")
        response = self._send(headers)
        _log.debug("GET %s: HTTP %d", self._target.authority, response.status)
        self._answer = Answer(response, self._about, self._deadline)
        return self._answer

    def cut(self) -> None:
        """End what any thread waits for here."""
        self._wire.cut()

    def close(self) -> None:
        """Close the connection, however far its last answer was read."""
        if self._answer is not None:
            self._answer.close()
        if self._pool is not None:
            self._pool.close()
        self._wire.close()

    def _send(self, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        """Ask over the kept connection, or over one to the first address that takes it."""
        failures: list[Exception] = []
        pools = iter([self._pool]) if self._pool else map(self._pool_to, self._addresses)
        for pool in pools:
            # An address that is silent must not eat the time of those after it.
            share = self._deadline.left() / (len(self._addresses) - len(failures))
            try:
                response = self._ask(pool, headers, share or NO_TIME)
            except _NotConnected as error:
                failures.append(error.args[0])
                pool.close()
                continue
            self._pool = pool
            return response
        if self._proxy is not None:
            raise no_proxy(failures[-1], self._target)
        raise not_reached(failures, self._target, self._about, self._deadline)

    def _ask(
        self, pool: _Pool, headers: Mapping[str, str], connect: float
    ) -> urllib3.BaseHTTPResponse:
        """Send a request and read the header of its answer.

        Raises:
            _NotConnected: The request can't have left; another address may do better.
            Unreadable: No answer came to it.
        """
        try:
            return pool.urlopen(
                "GET",
                self._target.path,
                headers={
                    "Host": self._target.authority,
                    "Accept": "*/*",
                    "Accept-Encoding": "identity",
                    "User-Agent": USER_AGENT,
                    **headers,
                },
                timeout=urllib3.Timeout(connect=connect, read=self._deadline.left() or NO_TIME),
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        except (urllib3.exceptions.HTTPError, OSError, http.client.HTTPException) as error:
            if self._is_before_the_server(error):
                raise _NotConnected(error) from None
            raise no_answer(error, self._about, self._deadline) from None

    def _is_before_the_server(self, error: Exception) -> bool:
        if self._proxy is None:
            return isinstance(error, (NewConnectionError, ConnectTimeoutError))
        return not self._wire.tunnelled

    def _pool_to(self, address: str) -> _Pool:
        """A pool for the one connection to an address."""
        self._wire.tunnelled = False
        port = self._target.port
        if self._target.scheme == "http":
            pool: _Pool = HTTPConnectionPool(address, port, maxsize=1)
            connection: type[BoundHTTPConnection] = BoundHTTPConnection
        else:
            pool = self._tls_pool(address, port)
            connection = BoundHTTPSConnection
        # Any: a pool wants a class here, and only ever calls it.
        made: Any = functools.partial(connection, wire=self._wire)
        pool.ConnectionCls = made
        return pool

    def _tls_pool(self, address: str, port: int) -> _Pool:
        # Any, as the values are of several types.
        options: dict[str, Any] = {
            "maxsize": 1,
            "server_hostname": self._target.host,
            "ssl_context": self._tls,
        }
        if self._proxy is None:
            return HTTPSConnectionPool(address, port, **options)
        manager = proxy_pool(self._proxy, maxsize=1)
        return manager.connection_from_host(address, port, "https", pool_kwargs=options)


def _proxy_for(target: Target) -> Proxy | None:
    if target.scheme == "http":
        return None
    try:
        return find_proxy("https", target.host, target.authority)
    except ConfigurationError as error:
        raise OwnNetwork(str(error)) from None
