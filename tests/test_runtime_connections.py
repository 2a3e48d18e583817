"""Which connection a request goes out on; what else they do, the transport's tests show."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from runcomfy import _connections
from runcomfy._answers import Answer, NoAnswer
from runcomfy._config import Token
from runcomfy._steps import Send
from runcomfy._transport import Transport
from support_client import TOKEN
from support_server import CERTIFICATE, DROP_UNREAD, FaultServer, Step, answer, says

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runcomfy._steps import Steps


@pytest.fixture
def make() -> Iterator[Callable[[FaultServer], Transport]]:
    made: list[Transport] = []

    def build(server: FaultServer) -> Transport:
        token = Token(TOKEN, "the argument token")
        made.append(Transport(server.base_url, token, connect_timeout=5.0, read_timeout=5.0))
        return made[-1]

    yield build
    for transport in made:
        transport.close()


def late(_: Answer | NoAnswer) -> Steps[str]:
    yield from ()
    return ""


def paying() -> Send:
    return Send("POST", "/models/a/b", b"{}", late=late)


def pass_time(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr(
        _connections, "awake_or_not", lambda: time.clock_gettime(time.CLOCK_BOOTTIME) + seconds
    )


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize(("idle", "connections"), [(0.0, 1), (1.5, 1), (2.5, 2), (28_800.0, 2)])
def test_what_costs_money_uses_no_connection_that_idled(
    make: Callable[[FaultServer], Transport],
    monkeypatch: pytest.MonkeyPatch,
    tls: bool,  # noqa: FBT001 - a parameter of the test
    idle: float,
    connections: int,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with FaultServer(says({}), says({}), tls=tls) as server:
        transport = make(server)
        transport.request("GET", "/x")
        pass_time(monkeypatch, idle)
        assert isinstance(transport.send(paying()), Answer)
        assert server.connections == connections
        assert [one.method for one in server.requests] == ["GET", "POST"]


def test_what_is_free_uses_any(
    make: Callable[[FaultServer], Transport], monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer(says({}), says({}), says({})) as server:
        transport = make(server)
        transport.request("GET", "/x")
        pass_time(monkeypatch, 600.0)
        transport.request("GET", "/x")
        transport.request("POST", "/requests/r-1/cancel")
        assert server.connections == 1


def test_each_use_makes_a_connection_fresh_again(
    make: Callable[[FaultServer], Transport], monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer(*[says({})] * 4) as server:
        transport = make(server)
        for step in range(4):
            pass_time(monkeypatch, step * 1.5)
            assert isinstance(transport.send(paying()), Answer)
        assert server.connections == 1


@pytest.mark.parametrize("unasked", [b"", b"HTTP/1.1 408 Request Timeout\r\n\r\n"])
def test_what_costs_money_uses_no_connection_that_something_came_in_on(
    make: Callable[[FaultServer], Transport], unasked: bytes
) -> None:
    """A server that closes says so by an end of the stream, some by an answer before it."""
    with FaultServer(Step(answer({}) + unasked, "close"), says({"n": 2})) as server:
        transport = make(server)
        transport.request("GET", "/x")
        assert server.closed.acquire(timeout=5)
        reply = transport.send(paying())
        assert isinstance(reply, Answer)
        assert reply.body == b'{"n": 2}'
        assert [one.method for one in server.requests] == ["GET", "POST"]


def test_a_connection_that_dies_under_a_request_is_not_replaced(
    make: Callable[[FaultServer], Transport],
) -> None:
    with FaultServer(says({}), DROP_UNREAD, says({})) as server:
        transport = make(server)
        transport.request("GET", "/x")
        request = paying()
        outcome = transport.send(request)
        assert isinstance(outcome, NoAnswer)
        assert outcome.left
        assert request.left
        assert server.connections == 1


def test_time_that_the_machine_sleeps_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _connections.awake_or_not() >= time.monotonic() - 1
    monkeypatch.delattr(time, "CLOCK_BOOTTIME", raising=False)  # as on other systems
    assert abs(_connections.awake_or_not() - time.monotonic()) < 1
