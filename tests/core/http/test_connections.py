"""Which connection a request goes out on; what else they do, the transport's tests show."""

from __future__ import annotations

import gc
import http.client
import sys
import threading
import time
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from support_client import TOKEN
from support_server import (
    CERTIFICATE,
    DROP_READ,
    DROP_UNREAD,
    FaultServer,
    Step,
    answer,
    says,
)
from support_transport import asking, late, paying, transport_to

from runcomfy_core.http import connections
from runcomfy_core.wire.answer import Answer, NoAnswer
from runcomfy_core.wire.steps import Send

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from runcomfy_core.http.transport import Transport


@pytest.fixture
def make() -> Iterator[Callable[[FaultServer], Transport]]:
    made: list[Transport] = []

    def build(server: FaultServer) -> Transport:
        made.append(transport_to(server))
        return made[-1]

    yield build
    for transport in made:
        transport.close()


def pass_time(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr(
        connections, "boot_clock", lambda: time.clock_gettime(time.CLOCK_BOOTTIME) + seconds
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


class Hasty(FaultServer):
    """Closes while a request comes in, but not before its answer has arrived."""

    def _one(self, sock: socket.socket, stream: Any, number: int) -> bool:
        goes_on = super()._one(sock, stream, number)
        if not goes_on:
            # More than the sockets' buffers held: what came since came behind the answer's receipt.
            stream.read(10_000_000)
        return goes_on


@pytest.mark.parametrize("tls", [False, True])
def test_an_answer_in_the_middle_of_a_request_is_read(
    make: Callable[[FaultServer], Transport],
    monkeypatch: pytest.MonkeyPatch,
    tls: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """It is a refusal, and not uncertain, though the server did not wait for all of the body."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    too_large = Step(answer({"message": "too large"}, 413), "close", read=False)
    with Hasty(too_large, says({"n": 2}), tls=tls) as server:
        transport = make(server)
        reply = transport.send(Send("POST", "/x", b"x" * 30_000_000, late=late))
        assert isinstance(reply, Answer)
        assert (reply.status, reply.fault) == (413, None)
        assert isinstance(transport.send(paying()), Answer)
        assert server.connections == 2


def test_no_answer_in_the_middle_of_a_request_is_uncertain(
    make: Callable[[FaultServer], Transport],
) -> None:
    with FaultServer(DROP_UNREAD) as server:
        outcome = make(server).send(Send("POST", "/x", b"x" * 20_000_000, late=late))
    assert isinstance(outcome, NoAnswer)
    assert outcome.left


def test_a_forked_child_uses_no_connection_of_its_parent(
    make: Callable[[FaultServer], Transport], monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer(*[says({})] * 3) as server:
        transport = make(server)
        transport.request("GET", "/x")
        monkeypatch.setattr("os.getpid", lambda: -1)  # as in the child
        for _ in range(2):
            assert isinstance(transport.request("GET", "/x"), Answer)
        assert [one.connection for one in server.requests] == [1, 2, 2]


def test_headers_and_a_small_body_leave_as_one(
    make: Callable[[FaultServer], Transport], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []

    def counting(self: http.client.HTTPConnection, data: bytes) -> None:
        sent.append(len(data))
        self.sock.sendall(data)

    monkeypatch.setattr(http.client.HTTPConnection, "send", counting)
    with FaultServer(*[says({})] * 3) as server:
        transport = make(server)
        for size in (2, 100_000, 200_000):
            transport.request("POST", "/x", body=b"x" * size)
        head = sent[0] - 2
        assert [len(one.body) for one in server.requests] == [2, 100_000, 200_000]
    assert head > 100
    # The second's and third's headers say a longer length, of four digits more.
    assert sent[1:] == [head + 5, 65_536, 34_464, head + 5, 65_536, 65_536, 65_536, 3392]


def test_what_idles_holds_neither_body_nor_token(make: Callable[[FaultServer], Transport]) -> None:
    class Body:
        length = 2

        def __iter__(self) -> Iterator[bytes]:
            yield b"{}"

    with FaultServer(says({}), DROP_READ) as server:
        transport = make(server)
        for _ in range(2):
            body = Body()
            held = weakref.ref(body)
            transport.send(Send("POST", "/x", body))
            del body
            gc.collect()
            assert held() is None
            for connection, _ in transport._connections._idle:
                assert TOKEN not in repr(vars(connection))


def test_so_many_are_kept(
    make: Callable[[FaultServer], Transport], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "KEPT", 2)
    gate = threading.Barrier(4, timeout=10)
    with FaultServer(*[Step(answer({}), hook=gate.wait)] * 4, says({}), says({})) as server:
        transport = make(server)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: transport.request("GET", "/x"), range(4)))
        assert len(transport._connections._idle) == 2
        transport.request("GET", "/x")
        transport.request("GET", "/x")
        assert server.connections == 4


def test_one_in_use_closes_when_it_is_done(make: Callable[[FaultServer], Transport]) -> None:
    with FaultServer() as server:
        transport = make(server)
        server.add(Step(answer({}), hook=transport.close))
        assert isinstance(transport.request("GET", "/x"), Answer)
        assert server.closed.acquire(timeout=5)
    assert not transport._connections._idle


def test_whoever_forgets_to_close_leaves_nothing_open() -> None:
    with FaultServer(says({})) as server:
        transport = transport_to(server)
        transport.request("GET", "/x")
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a socket that is not closed warns
            del transport
            gc.collect()
        assert server.closed.acquire(timeout=5)


def test_time_that_the_machine_sleeps_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def clock(which: object) -> float:
        asked.append(which)
        return 7.0

    monkeypatch.setattr(time, "clock_gettime", clock)
    monkeypatch.setattr(time, "CLOCK_BOOTTIME", "boot", raising=False)
    assert connections.boot_clock() == 7.0
    monkeypatch.delattr(time, "CLOCK_BOOTTIME")
    monkeypatch.setattr(sys, "platform", "darwin")  # on which time.monotonic stands still
    assert connections.boot_clock() == 7.0
    assert asked == ["boot", time.CLOCK_MONOTONIC]
    monkeypatch.setattr(sys, "platform", "win32")
    begin = time.monotonic()
    assert begin <= connections.boot_clock() <= time.monotonic()


def no_such_clock(_: object) -> float:
    raise OSError(22, "Invalid argument")


@pytest.mark.parametrize("there", ["no clock", "its name alone"])
def test_without_a_clock_that_counts_sleep_nothing_that_idled_is_fresh(
    make: Callable[[FaultServer], Transport], monkeypatch: pytest.MonkeyPatch, there: str
) -> None:
    if there == "no clock":
        monkeypatch.delattr(time, "CLOCK_BOOTTIME", raising=False)
        monkeypatch.setattr(sys, "platform", "freebsd14")
    else:
        monkeypatch.setattr(time, "clock_gettime", no_such_clock)
    with FaultServer(*[says({})] * 4) as server:
        transport = make(server)
        for send in (paying, asking, paying, asking):
            assert isinstance(transport.send(send()), Answer)
        assert [one.connection for one in server.requests] == [1, 1, 2, 2]


def test_a_clock_that_went_back_proves_nothing(
    make: Callable[[FaultServer], Transport], monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer(says({}), says({})) as server:
        transport = make(server)
        transport.send(paying())
        pass_time(monkeypatch, -5.0)
        transport.send(paying())
        assert server.connections == 2
