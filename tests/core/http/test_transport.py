from __future__ import annotations

import contextlib
import gzip
import logging
import os
import signal
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest
import trustme
import urllib3
from support_client import TOKEN, leaks
from support_server import (
    CERTIFICATE,
    CUT_OFF,
    DROP_READ,
    DROP_UNREAD,
    HANG,
    RESET_READ,
    FaultServer,
    Proxy,
    Step,
    _Listener,
    answer,
    says,
)

from runcomfy import __version__, errors
from runcomfy_core.config import Token
from runcomfy_core.http.transport import Transport
from runcomfy_core.wire.answer import Answer, NoAnswer
from runcomfy_core.wire.steps import Send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support_server import Request


@pytest.fixture
def make() -> Iterator[Callable[..., Transport]]:
    made: list[Transport] = []

    def build(base_url: str, *, connect: float = 5.0, read: float = 5.0) -> Transport:
        transport = Transport(
            base_url,
            Token(TOKEN, "the argument token"),
            connect_timeout=connect,
            read_timeout=read,
        )
        made.append(transport)
        return transport

    yield build
    for transport in made:
        transport.close()


Make = Any  # the fixture above: a function with named arguments


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


def got(outcome: Answer | NoAnswer) -> Answer:
    assert isinstance(outcome, Answer)
    return outcome


def missed(outcome: Answer | NoAnswer) -> NoAnswer:
    assert isinstance(outcome, NoAnswer)
    return outcome


def test_a_request_as_the_server_sees_it(make: Make) -> None:
    with FaultServer(says({"a": 1}, 202, headers=["X-Odd: yes"]), says({})) as server:
        transport = make(server.base_url)
        reply = got(transport.request("POST", "/models/a/b", body='{"두": 1}'.encode()))
        transport.request("GET", "/requests/r-1/result?include_cost=true")
    assert (reply.status, reply.body, reply.fault) == (202, b'{"a": 1}', None)
    assert reply.headers["x-odd"] == "yes"
    post, get = server.requests
    assert (post.method, post.path) == ("POST", "/v1/models/a/b")
    assert post.body == '{"두": 1}'.encode()
    assert post.headers == {
        "host": f"127.0.0.1:{server.port}",
        "content-length": str(len(post.body)),
        "accept": "application/json",
        "accept-encoding": "identity",
        "authorization": f"Bearer {TOKEN}",
        "content-type": "application/json",
        "user-agent": f"runcomfy-models/{__version__} "
        f"python/{'.'.join(map(str, sys.version_info[:3]))} urllib3/{version('urllib3')}",
    }
    assert get.path == "/v1/requests/r-1/result?include_cost=true"
    assert "content-type" not in get.headers


def test_requests_share_one_connection(make: Make) -> None:
    script = [says({}), says({}, 404), says({}, 500), says(b"<html>"), says(b""), says({}, 429)]
    with FaultServer(*script) as server:
        transport = make(server.base_url)
        statuses = [got(transport.request("GET", "/x")).status for _ in script]
    assert statuses == [200, 404, 500, 200, 200, 429]
    assert server.connections == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(make: Make, status: int) -> None:
    with FaultServer() as elsewhere:
        location = f"Location: {elsewhere.base_url}/stolen"
        with FaultServer(says(b"", status, headers=[location])) as server:
            transport = make(server.base_url)
            assert got(transport.request("POST", "/x", body=b"{}")).status == status
        assert len(server.requests) == 1
    assert elsewhere.connections == 0


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_status_is_not_retried(make: Make, status: int) -> None:
    with FaultServer(says({}, status, headers=["Retry-After: 0"])) as server:
        assert got(make(server.base_url).request("POST", "/x", body=b"{}")).status == status
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (DROP_UNREAD, ("Connection reset by peer", "closed connection without response")),
        (DROP_READ, ("Remote end closed connection without response",)),
        (RESET_READ, ("Connection reset by peer", "closed connection without response")),
        (HANG, ("timed out after 0.3 s",)),
        (Step(b"SSH-2.0-OpenSSH_9.6\r\n", "close"), ("SSH-2.0-OpenSSH_9.6",)),
        (Step(b"HTTP/1.1 2", "close"), ("", "HTTP/1.1 2")),
    ],
)
def test_once_sent_it_may_have_been_taken(make: Make, step: Step, reason: tuple[str, ...]) -> None:
    with FaultServer(step) as server:
        transport = make(server.base_url, read=0.3)
        request = Send("POST", "/x", b"{}")
        outcome = missed(transport.send(request))
        assert request.left
    assert outcome.left
    assert any(words in outcome.reason for words in reason)
    assert outcome.reason.isprintable()
    assert server.connections == 1


def test_a_refused_connection_provably_took_nothing(make: Make) -> None:
    transport = make(f"http://127.0.0.1:{unused_port()}/v1")
    request = Send("POST", "/x", b"{}")
    outcome = missed(transport.send(request))
    assert not outcome.left
    assert not request.left
    assert outcome.reason.startswith("Failed to establish a new connection: [Errno ")


def test_an_unknown_name_provably_took_nothing(make: Make) -> None:
    outcome = missed(make("https://no-such-host.invalid/v1").request("GET", "/x"))
    assert not outcome.left
    assert outcome.reason.startswith("Failed to resolve 'no-such-host.invalid'")


def test_a_connect_timeout_provably_took_nothing(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise TimeoutError("timed out")

    monkeypatch.setattr(urllib3.util.connection, "create_connection", never)
    outcome = missed(make("http://127.0.0.1:1/v1", connect=0.2).request("GET", "/x"))
    assert not outcome.left
    assert outcome.reason == "connecting timed out after 0.2 s"


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Whatever name is looked up has these addresses."""
    look_up = socket.getaddrinfo

    def found(host: str, port: int, *_: object, **__: object) -> list[Any]:
        places = [host] if host in addresses else addresses
        return [place for one in places for place in look_up(one, port, type=socket.SOCK_STREAM)]

    monkeypatch.setattr(socket, "getaddrinfo", found)


def test_addresses_share_the_time_to_connect(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is silent leaves some for the next, and all together take no longer than one."""
    limits: list[float] = []
    connecting = urllib3.util.connection.create_connection

    def connect(address: tuple[str, int], timeout: float, **options: Any) -> socket.socket:
        limits.append(timeout)
        if address[0] != "127.0.0.1":
            raise TimeoutError("timed out")
        return connecting(address, timeout, **options)

    monkeypatch.setattr(urllib3.util.connection, "create_connection", connect)
    with FaultServer(says({})) as server:
        resolving(monkeypatch, "127.0.0.4", "127.0.0.3", "127.0.0.1")
        base_url = server.base_url.replace("127.0.0.1", "localhost")
        assert got(make(base_url, connect=6.0).request("GET", "/x")).status == 200
        [host] = {one.headers["host"] for one in server.requests}
        resolving(monkeypatch, "127.0.0.4", "127.0.0.3")
        outcome = missed(make(base_url, connect=6.0).request("GET", "/x"))
    assert host == f"localhost:{server.port}"
    assert limits == pytest.approx([2.0, 3.0, 6.0, 3.0, 6.0], abs=0.5)
    assert outcome == NoAnswer("connecting timed out after 6 s", left=False)


def test_a_name_without_an_address(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [])
    outcome = missed(make("http://localhost:1/v1").request("GET", "/x"))
    assert outcome == NoAnswer("localhost has no address", left=False)


def test_certificates_that_change_are_noticed(
    make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(trustme.CA().cert_pem.bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with FaultServer(says({}), tls=True) as server:
        transport = make(server.base_url)
        assert "certificate verify failed" in missed(transport.request("GET", "/x")).reason
        trusted.write_bytes(CERTIFICATE.read_bytes())
        os.utime(trusted, ns=(1, 1))  # another time, however coarse the clock of the disk is
        assert got(transport.request("GET", "/x")).status == 200


def test_an_untrusted_certificate_provably_took_nothing(make: Make) -> None:
    with FaultServer(tls=True) as server:
        outcome = missed(make(server.base_url).request("POST", "/x", body=b"{}"))
    assert not outcome.left
    assert "certificate verify failed" in outcome.reason
    assert server.requests == []


def test_a_handshake_that_hangs_provably_took_nothing(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        base_url = f"https://127.0.0.1:{silent.getsockname()[1]}/v1"
        outcome = missed(make(base_url, connect=0.2, read=0.5).request("POST", "/x", body=b"{}"))
    assert outcome == NoAnswer("connecting timed out after 0.2 s", left=False)


def test_tls(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with FaultServer(says({}), says({}), DROP_READ, tls=True) as server:
        transport = make(server.base_url)
        assert got(transport.request("GET", "/x")).status == 200
        assert got(transport.request("POST", "/x", body=b"{}")).status == 200
        assert missed(transport.request("POST", "/x", body=b"{}")).left
    assert server.connections == 1


def test_a_name_that_the_certificate_lacks(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with FaultServer(tls=True) as server:
        base_url = server.base_url.replace("127.0.0.1", "127.0.0.2")
        with Proxy(server.port) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
            outcome = missed(make(base_url).request("GET", "/x"))
    assert not outcome.left
    assert "certificate is not valid for '127.0.0.2'" in outcome.reason


def test_a_connection_that_the_server_closed_meanwhile_is_not_used(make: Make) -> None:
    with FaultServer(Step(answer({}), "close"), says({"n": 2})) as server:
        transport = make(server.base_url)
        transport.request("GET", "/x")
        assert server.closed.acquire(timeout=5)
        assert got(transport.request("POST", "/x", body=b"{}")).body == b'{"n": 2}'
    assert [one.method for one in server.requests] == ["GET", "POST"]


@pytest.mark.parametrize(
    ("step", "status", "fault"),
    [
        (CUT_OFF, 200, "the answer broke off after 26 bytes of 40"),
        (
            Step(answer(b"half", length=8), "hang"),
            200,
            "the answer broke off after 4 bytes of 8 (timed out after 0.3 s)",
        ),
        (Step(answer(b"half", 500, length=8), "reset"), 500, "the answer broke off after "),
        (
            Step(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "close"),
            200,
            "the answer broke off after 0 bytes (",
        ),
    ],
)
def test_what_came_of_a_broken_answer_is_kept(
    make: Make, step: Step, status: int, fault: str
) -> None:
    with FaultServer(step, says({})) as server:
        transport = make(server.base_url, read=0.3)
        reply = got(transport.request("POST", "/x", body=b"{}"))
        assert got(transport.request("GET", "/y")).status == 200
    assert reply.status == status
    assert reply.fault is not None
    assert reply.fault.startswith(fault)
    assert server.connections == 2
    if step is CUT_OFF:
        assert reply.body == b'{"request_id": "r-1", "sta'


def test_a_chunked_answer(make: Make) -> None:
    body = b"2\r\n{}\r\n0\r\n\r\n"
    with FaultServer(
        Step(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
    ) as server:
        assert got(make(server.base_url).request("GET", "/x")).body == b"{}"


class Dripping(_Listener):
    """Answers every request a byte at a time, and never to an end."""

    def __init__(self, begin: bytes) -> None:
        super().__init__()
        self._begin = begin
        self.base_url = f"http://127.0.0.1:{self.port}/v1"

    def serve(self, sock: socket.socket, number: int) -> None:  # noqa: ARG002 - as declared
        with contextlib.suppress(OSError), sock:  # the client has had enough
            sock.recv(65536)
            sock.sendall(self._begin)
            while not self.over.wait(0.02):
                sock.sendall(b"x")


def test_headers_a_byte_at_a_time_end_in_time(make: Make) -> None:
    """Each byte comes well within the read timeout; all of them don't."""
    with Dripping(b"HTTP/1.1 200 OK\r\nX: ") as server:
        begin = time.monotonic()
        outcome = missed(make(server.base_url, read=0.3).request("GET", "/x"))
        assert 0.3 <= time.monotonic() - begin < 5
    assert outcome == NoAnswer("timed out after 0.3 s", left=True)


def test_a_body_a_byte_at_a_time_ends_in_time(make: Make) -> None:
    with Dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n") as server:
        begin = time.monotonic()
        reply = got(make(server.base_url, read=0.3).request("GET", "/x"))
        assert 0.3 <= time.monotonic() - begin < 5
    assert reply.fault is not None
    assert reply.fault.startswith("the answer broke off after ")
    assert reply.fault.endswith(" (timed out after 0.3 s)")
    assert reply.body


def test_a_body_has_a_limit(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runcomfy_core.http.transport.MAX_BODY", 1000)
    bomb = gzip.compress(b"x" * 1001)
    assert len(bomb) < 1000
    packed = ["Content-Encoding: gzip"]
    with FaultServer(
        says(b"x" * 1000),
        says(b"x" * 1001, length=5000),
        says(bomb, headers=packed),
        says({}),
    ) as server:
        transport = make(server.base_url)
        faults = [got(transport.request("GET", "/x")).fault for _ in range(4)]
    too_large = "the answer is larger than 64 MiB"
    assert faults == [None, too_large, too_large, None]
    assert [one.connection for one in server.requests] == [1, 1, 2, 2]


def test_a_packed_body(make: Make) -> None:
    content = gzip.compress(b'{"a": 1}')
    steps = [
        says(content, headers=["Content-Encoding: GZIP"]),
        says(content[:-9], headers=["Content-Encoding: gzip"]),
        says(b"no gzip", headers=["Content-Encoding: gzip"]),
        says(content, headers=["Content-Encoding: br"]),
        says({}, headers=["Content-Encoding: identity"]),
    ]
    with FaultServer(*steps) as server:
        transport = make(server.base_url)
        replies = [got(transport.request("GET", "/x")) for _ in steps]
    assert replies[0].body == b'{"a": 1}'
    assert [reply.fault for reply in replies] == [
        None,
        "the answer broke off inside its gzip",
        "the answer is not the gzip that it claims to be",
        "the answer is packed as 'br', which was not asked for",
        None,
    ]


def test_a_large_body_is_not_bound_by_the_connect_timeout(make: Make) -> None:
    """The server takes its time to read; the send waits for it longer than a connect may."""
    body = b"x" * (16 * 1024 * 1024)
    late = threading.Event()
    with FaultServer(says({})) as server:
        reading = server.read

        def slow(stream: Any, number: int) -> Request:
            late.wait(1)
            return reading(stream, number)

        server.read = slow
        reply = got(make(server.base_url, connect=0.5).request("POST", "/x", body=body))
    assert reply.status == 200
    assert server.requests[0].body == body


def test_a_limit_holds_for_all_of_a_request(make: Make) -> None:
    with FaultServer(HANG) as server:
        begin = time.monotonic()
        outcome = missed(make(server.base_url, read=60).request("GET", "/x", limit=0.2))
        assert time.monotonic() - begin < 5
    assert outcome.reason == "timed out after 0.2 s"


def test_a_limit_that_connecting_used_up_leaves_no_time_for_an_answer(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    connecting = urllib3.util.connection.create_connection

    def slow(*arguments: Any, **options: Any) -> socket.socket:
        threading.Event().wait(0.3)
        return connecting(*arguments, **options)

    monkeypatch.setattr(urllib3.util.connection, "create_connection", slow)
    with FaultServer(HANG) as server:
        begin = time.monotonic()
        outcome = missed(make(server.base_url, read=60).request("GET", "/x", limit=0.2))
        assert time.monotonic() - begin < 5
    assert outcome.left


def test_the_longest_that_a_request_may_take(make: Make) -> None:
    assert make("http://127.0.0.1:1/v1", connect=3, read=7).longest == 17


class Pieces:
    """A body in three pieces and an empty one; it counts how often it is gone through."""

    pieces = (b'{"image": "', b"", b"A" * 200_000, b'"}')

    def __init__(self) -> None:
        self.passes = 0

    @property
    def length(self) -> int:
        return sum(map(len, self.pieces))

    def __iter__(self) -> Iterator[bytes]:
        self.passes += 1
        yield from self.pieces


def test_a_body_in_pieces_is_sent_with_its_length(make: Make) -> None:
    body = Pieces()
    with FaultServer(says({}), says({})) as server:
        transport = make(server.base_url)
        for _ in range(2):
            assert got(transport.send(Send("POST", "/x", body))).status == 200
    for request in server.requests:
        assert request.body == b"".join(body.pieces)
        assert request.headers["content-length"] == "200013"
        assert "transfer-encoding" not in request.headers
    assert body.passes == 2
    assert server.connections == 1


def test_a_server_without_tls_is_told_from_a_broken_one(make: Make) -> None:
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        answering = threading.Thread(target=server.handle_request)
        answering.start()
        outcome = make(f"https://127.0.0.1:{server.server_port}/v1").request("GET", "/x")
        answering.join()
    assert isinstance(outcome, NoAnswer)
    assert outcome.reason.endswith("the server speaks no TLS: does its URL begin with http://?")
    assert not outcome.left


def test_a_closed_transport_says_so(make: Make) -> None:
    transport = make("http://127.0.0.1:1/v1")
    transport.close()
    with pytest.raises(errors.ConfigurationError, match="the client is closed"):
        transport.request("GET", "/x")
    assert repr(transport) == "<transport to http://127.0.0.1:1/v1>"


def test_threads_share_it(make: Make) -> None:
    gate = threading.Barrier(8, timeout=10)
    with FaultServer(*[Step(answer({}), hook=gate.wait)] * 8) as server:
        transport = make(server.base_url)
        replies: list[Answer | NoAnswer] = []
        threads = [
            threading.Thread(target=lambda: replies.append(transport.request("GET", "/x")))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [got(reply).status for reply in replies] == [200] * 8
    assert server.connections == 8


def interrupt() -> None:
    main = threading.main_thread().ident
    assert main is not None
    signal.pthread_kill(main, signal.SIGINT)


def test_ctrl_c_passes_through_without_its_past(make: Make) -> None:
    with FaultServer(Step(then="hang", hook=interrupt)) as server:
        transport = make(server.base_url)
        request = Send("POST", "/x", b"{}")
        with pytest.raises(KeyboardInterrupt) as caught:
            transport.send(request)
        assert request.left
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    assert not leaks(caught.value)
    assert len(caught.traceback) == 2  # this frame, and that of send


def test_ctrl_c_while_another_error_is_handled(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object, **__: object) -> None:
        try:
            raise OSError("unreachable")  # noqa: TRY301 - only to be handled a line below
        except OSError as error:
            raise KeyboardInterrupt from error

    monkeypatch.setattr("urllib3.util.connection.create_connection", stopped)
    with pytest.raises(KeyboardInterrupt) as caught:
        make("http://127.0.0.1:1/v1").request("GET", "/x")
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


def test_ctrl_c_in_the_middle_of_an_answer(make: Make) -> None:
    with FaultServer(Step(answer(b"half", length=8), "hang")) as server:
        timer = threading.Timer(0.2, interrupt)
        timer.start()
        with pytest.raises(KeyboardInterrupt) as caught:
            make(server.base_url).request("GET", "/x")
        timer.join()
    assert not leaks(caught.value)


def test_the_token_is_in_no_log_and_no_frame(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    steps = [says({"x": TOKEN}), DROP_READ, CUT_OFF, HANG, Step(b"bad line\r\n", "close")]
    with FaultServer(*steps) as server:
        transport = make(server.base_url, read=0.2)
        for _ in steps:
            outcome = transport.request("POST", "/models/a/b", body=b'{"secret": "prompt"}')
            assert TOKEN not in repr(outcome)
        make(f"http://127.0.0.1:{unused_port()}/v1").request("GET", "/x")
    assert TOKEN not in caplog.text
    assert "prompt" not in caplog.text
    ours = [one.getMessage() for one in caplog.records if one.name == "runcomfy"]
    assert len(ours) == 6
    assert ours[0].startswith("POST /models/a/b: HTTP 200 in ")
    assert ours[1].startswith("POST /models/a/b: Remote end closed connection without response, ")
    assert all(one.levelno == logging.DEBUG for one in caplog.records if one.name == "runcomfy")
    assert "[masked]" in repr(transport._headers(None))


def test_a_token_in_an_error_of_the_library_is_masked(make: Make) -> None:
    with FaultServer(Step(f"HTTP/9 {TOKEN}\r\n\r\n".encode(), "close")) as server:
        outcome = missed(make(server.base_url).request("GET", "/x"))
    assert TOKEN not in outcome.reason


# --- proxies ---


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultServer]:
    """A TLS server that only a proxy leads to: its name is api.test."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with FaultServer(says({"n": 1}), says({"n": 2}), tls=True) as server:
        yield server


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_tunnels_and_never_sees_the_token(
    make: Make, api: FaultServer, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    with Proxy(api.port) as proxy:
        monkeypatch.setenv(variable, proxy.url.replace("127.0.0.1", "user:p%40ss@127.0.0.1"))
        transport = make("https://api.test/v1")
        replies = [got(transport.request("GET", "/x")).body for _ in range(2)]
    assert replies == [b'{"n": 1}', b'{"n": 2}']
    [asked] = proxy.asked
    assert asked.startswith("CONNECT api.test:443 HTTP/1.")
    assert "roxy-" in asked
    assert "asic dXNlcjpwQHNz" in asked  # user:p@ss
    assert TOKEN not in asked
    assert api.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert api.connections == 1


def test_a_proxy_without_a_scheme(
    make: Make, api: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Proxy(api.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{proxy.port}")
        assert got(make("https://api.test/v1").request("GET", "/x")).status == 200


@pytest.mark.parametrize("exception", ["127.0.0.1", "*", "example.com, 127.0.0.1"])
def test_no_proxy_is_honoured(
    make: Make, api: FaultServer, monkeypatch: pytest.MonkeyPatch, exception: str
) -> None:
    with Proxy(api.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", exception)
        assert got(make(api.base_url).request("GET", "/x")).status == 200
    assert proxy.asked == []


def test_a_proxy_that_refuses_provably_took_nothing(
    make: Make, api: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"
    with Proxy(api.port, refusal) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        outcome = missed(make("https://api.test/v1").request("POST", "/x", body=b"{}"))
    assert not outcome.left
    assert outcome.reason == (
        "the proxy: Tunnel connection failed: 407 Proxy Authentication Required"
    )
    assert api.connections == 0


def test_a_proxy_that_is_not_there_provably_took_nothing(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{unused_port()}")
    outcome = missed(make("https://api.test/v1").request("POST", "/x", body=b"{}"))
    assert not outcome.left
    assert outcome.reason.startswith("the proxy: ")


@pytest.mark.parametrize(
    ("scheme", "reason"),
    [
        ("http", "the proxy: connecting timed out after 0.2 s"),
        ("https", "the proxy: connecting timed out after 0.2 s"),
    ],
)
def test_a_proxy_that_says_nothing_provably_took_nothing(
    make: Make, monkeypatch: pytest.MonkeyPatch, scheme: str, reason: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("HTTPS_PROXY", f"{scheme}://127.0.0.1:{silent.getsockname()[1]}")
        transport = make("https://api.test/v1", connect=0.2)
        outcome = transport.request("POST", "/x", body=b"{}")
    assert outcome == NoAnswer(reason, left=False)


def test_a_proxy_is_told_a_scheme_in_small_letters(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer(says({})) as server, Proxy(server.port) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        base_url = server.base_url.replace("http:", "HTTP:")
        assert got(make(base_url).request("GET", "/x")).status == 200
    [asked] = proxy.asked
    assert asked.startswith(
        f"GET {server.base_url}/x HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
    )


def test_plain_http_goes_through_a_proxy_of_this_machine_only(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer(says({}), says({})) as server, Proxy(server.port) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert got(make(server.base_url).request("GET", "/x")).status == 200
        assert proxy.asked[0].startswith(f"GET {server.base_url}/x HTTP/1.1\r\n")
        monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:3128")
        assert got(make(server.base_url).request("GET", "/x")).status == 200
    assert len(proxy.asked) == 1


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("socks5://user:hunter2@127.0.0.1:1080", "must begin with http:// or https://"),
        ("http://user:hunter2@:99", "is not a URL with a host"),
        ("http://127.0.0.1:hunter2", "is not a URL with a host"),
    ],
)
def test_a_proxy_that_cannot_be_used(
    make: Make, monkeypatch: pytest.MonkeyPatch, url: str, fault: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", url)
    with pytest.raises(errors.ConfigurationError) as caught:
        make("https://api.test/v1")
    assert str(caught.value).startswith(
        f"the proxy for https (the environment variable HTTPS_PROXY) {fault}"
    )
    assert "hunter2" not in str(caught.value)
