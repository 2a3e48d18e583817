from __future__ import annotations

import logging
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from support_client import FakeClock
from support_files_server import FilesServer, chunked, cut, moved, whole
from support_server import (
    CERTIFICATE,
    DROP_READ,
    HANG,
    RESET_READ,
    FaultServer,
    Proxy,
    Step,
    answer,
)

from runcomfy import __version__
from runcomfy.errors import ConfigurationError
from runcomfy_core.web.faults import Dropped, Refused
from runcomfy_core.web.hosts import Hosts
from runcomfy_core.web.stream import Streams

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runcomfy_core.web.stream import Stream


def fetcher(
    *servers: FaultServer, timeout: float = 5.0, clock: FakeClock | None = None
) -> closing[Streams]:
    hosts = [f"127.0.0.1:{server.port}" for server in servers]
    return closing(Streams(Hosts(hosts), timeout, clock or FakeClock()))


def at(server: FaultServer, path: str = "/a.png") -> str:
    return f"http://127.0.0.1:{server.port}{path}"


def body(stream: Stream) -> bytes:
    with closing(stream):
        return b"".join(iter(stream.read, b""))


def test_a_request_as_the_server_sees_it() -> None:
    with FaultServer(whole()) as server, fetcher(server) as fetch:
        body(fetch.get(at(server, "/a b/c.png?x=1#top"), {"Range": "bytes=1-", "If-Range": '"v"'}))
    [request] = server.requests
    assert (request.method, request.path) == ("GET", "/a%20b/c.png?x=1")
    agent = request.headers.pop("user-agent")
    assert agent.startswith(f"runcomfy-models/{__version__} python/")
    assert request.headers == {
        "host": f"127.0.0.1:{server.port}",
        "accept": "*/*",
        "accept-encoding": "identity",
        "range": "bytes=1-",
        "if-range": '"v"',
    }


def test_what_a_server_sets_is_not_sent_back() -> None:
    headers = ["Set-Cookie: a=b; Path=/", 'WWW-Authenticate: Basic realm="x"']
    script = [whole(headers=headers), moved("/b"), whole()]
    with FaultServer(*script) as server, fetcher(server) as fetch:
        body(fetch.get(at(server), {}))
        body(fetch.get(at(server), {}))
    for request in server.requests:
        assert not {"cookie", "authorization", "referer"} & set(request.headers)


def test_files_of_one_host_share_a_connection() -> None:
    with (
        FaultServer(whole(b"a"), chunked(b"b"), whole(b"c")) as server,
        fetcher(server) as fetch,
    ):
        assert [body(fetch.get(at(server), {})) for _ in range(3)] == [b"a", b"b", b"c"]
    assert server.connections == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(status: int) -> None:
    with FaultServer(whole(b"there")) as there, FaultServer() as server:
        onward = there.base_url.replace("/v1", "/there?x=1")
        server.add(moved("/b.png", status), moved(onward, status))
        with fetcher(server, there) as fetch:
            assert body(fetch.get(at(server), {"Range": "bytes=5-"})) == b"there"
    assert [one.path for one in server.requests] == ["/a.png", "/b.png"]
    [last] = there.requests
    assert last.path == "/there?x=1"
    assert last.headers["range"] == "bytes=5-"
    assert last.headers["host"] == f"127.0.0.1:{there.port}"


def test_five_redirects_are_enough() -> None:
    script = [*[moved(f"/{n}") for n in range(5)], whole(b"x")]
    with FaultServer(*script) as server, fetcher(server) as fetch:
        assert body(fetch.get(at(server), {})) == b"x"


def test_six_are_too_many() -> None:
    with (
        FaultServer(*[moved(f"/{n}") for n in range(9)]) as server,
        fetcher(server) as fetch,
    ):
        url = at(server)
        with pytest.raises(Refused, match=r"it redirects more than 5 times: .*/a\.png to .*/5"):
            fetch.get(url, {})
    assert len(server.requests) == 6


def test_a_redirect_elsewhere_is_not_followed() -> None:
    with (
        FaultServer() as elsewhere,
        FaultServer(moved(elsewhere.base_url)) as server,
        fetcher(server) as fetch,
        pytest.raises(Refused, match="it is redirected to http://"),
    ):
        fetch.get(at(server), {})
    assert elsewhere.connections == 0


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("", "it answers HTTP 302 Reason without saying where to"),
        ("https://[::1", "it redirects to what is no https URL"),
        ("http://user:hunter2@127.0.0.1/", "it redirects to what is no https URL"),
        ("/a.png#again", "it redirects in a circle: "),
    ],
)
def test_a_redirect_that_leads_nowhere(location: str, reason: str) -> None:
    with FaultServer(moved(location)) as server, fetcher(server) as fetch:
        url = at(server)
        with pytest.raises(Refused) as caught:
            fetch.get(url, {})
    assert str(caught.value).startswith(reason)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("step", "reasons"),
    [
        (DROP_READ, ["Remote end closed connection without response"]),
        (RESET_READ, ["Connection reset by peer", "Remote end closed connection"]),
        (HANG, ["timed out after 0.2 s"]),
        (Step(b"SSH-2.0-OpenSSH_9.6\r\n", "close"), ["SSH-2.0-OpenSSH_9.6"]),
    ],
)
def test_no_answer_came(step: Step, reasons: Iterable[str]) -> None:
    with (
        FaultServer(step) as server,
        fetcher(server, timeout=0.2) as fetch,
        pytest.raises(Dropped) as caught,
    ):
        fetch.get(at(server), {})
    message = str(caught.value)
    assert message.startswith("the server could not be reached, or gave no answer (")
    assert any(reason in message for reason in reasons)
    assert caught.value.__context__ is None


def test_nobody_is_there() -> None:
    with FaultServer() as server:
        gone = at(server)
    with fetcher(server) as fetch, pytest.raises(Dropped, match="Connection refused"):
        fetch.get(gone, {})


@pytest.mark.parametrize(
    ("step", "received", "reason"),
    [
        (cut(4, b"12345678"), b"1234", "the connection was closed before its end"),
        (Step(answer(b"1234", length=8), "hang"), b"1234", "timed out after 0.2 s"),
        (chunked(b"12", b"34", ended=False), b"1234", "the connection was closed before its end"),
        (
            Step(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "close"),
            b"",
            "the connection broke off (",
        ),
    ],
)
def test_an_answer_breaks_off(step: Step, received: bytes, reason: str) -> None:
    with (
        FaultServer(step, whole(b"next")) as server,
        fetcher(server, timeout=0.2) as fetch,
    ):
        came: list[bytes] = []
        with closing(fetch.get(at(server), {})) as reply, pytest.raises(Dropped) as caught:
            came.extend(iter(reply.read, None))  # for ever: it is the error that ends it
        assert b"".join(came) == received
        assert reason in str(caught.value)
        assert caught.value.__context__ is None
        assert body(fetch.get(at(server), {})) == b"next"
    assert server.connections == 2


def test_a_connection_that_idled_and_is_closed_is_replaced() -> None:
    """Some servers close one without a word, just when it is asked again."""
    script = [whole(b"a"), DROP_READ, whole(b"b"), DROP_READ, DROP_READ]
    with FaultServer(*script) as server, fetcher(server) as fetch:
        assert [body(fetch.get(at(server), {})) for _ in range(2)] == [b"a", b"b"]
        url = at(server)
        with pytest.raises(Dropped, match="Remote end closed connection without response"):
            fetch.get(url, {})
        assert [one.connection for one in server.requests] == [1, 1, 2, 2, 3]


class Ticking(FakeClock):
    """Each look at it takes half a second, and a read looks twice."""

    def monotonic(self) -> float:
        self.now += 0.5
        return self.now


def test_a_trickle_counts_as_silence() -> None:
    with (
        FaultServer(chunked(*[b"x"] * 50)) as server,
        fetcher(server, timeout=10, clock=Ticking()) as fetch,
        pytest.raises(Dropped, match="less than 1 KiB a second came for 10 s"),
    ):
        body(fetch.get(at(server), {}))


def test_a_slow_line_does_not() -> None:
    pieces = [bytes(1024)] * 50
    with (
        FaultServer(chunked(*pieces)) as server,
        fetcher(server, timeout=10, clock=Ticking()) as fetch,
    ):
        assert body(fetch.get(at(server), {})) == b"".join(pieces)


def test_the_end_may_take_its_time() -> None:
    with (
        FaultServer(chunked(b"x")) as server,
        fetcher(server, timeout=0.9, clock=Ticking()) as fetch,
    ):
        assert body(fetch.get(at(server), {})) == b"x"


def test_what_a_caller_does_between_reads_does_not_either() -> None:
    clock = FakeClock()
    with (
        FaultServer(chunked(*[b"x"] * 50)) as server,
        fetcher(server, timeout=10, clock=clock) as fetch,
        closing(fetch.get(at(server), {})) as reply,
    ):
        count = 0
        while data := reply.read():
            count += len(data)
            clock.sleep(60)
    assert count == 50


def test_the_log_shows_no_query(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="runcomfy")
    with FaultServer(whole()) as server, fetcher(server) as fetch:
        body(fetch.get(at(server, "/a.png?signature=s3"), {}))
    assert [one.getMessage() for one in caplog.records if one.name == "runcomfy"] == [
        f"GET http://127.0.0.1:{server.port}/a.png: HTTP 200"
    ]


def test_tls_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    script = [moved("https://cdn.runcomfy.com/b"), whole(b"x")]
    with FilesServer(*script) as server, Proxy(server.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("127.0.0.1", "user:pw@127.0.0.1"))
        with closing(Streams(Hosts(()), 5.0, FakeClock())) as fetch:
            assert body(fetch.get("https://files.runcomfy.net/a", {})) == b"x"
    assert [one.split(" ")[1] for one in proxy.asked] == [
        "files.runcomfy.net:443",
        "cdn.runcomfy.com:443",
    ]
    assert all("user-agent" not in one.lower() for one in proxy.asked)
    assert all("proxy-authorization" not in one.headers for one in server.requests)


def test_a_certificate_of_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with FilesServer() as server, Proxy(server.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with (
            closing(Streams(Hosts(()), 5.0, FakeClock())) as fetch,
            pytest.raises(Dropped) as caught,
        ):
            fetch.get("https://other.runcomfy.net/a", {})
    assert "certificate is not valid for 'other.runcomfy.net'" in str(caught.value)
    assert server.requests == []


def test_a_proxy_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:1080")
    with closing(Streams(Hosts(()), 5.0, FakeClock())) as fetch, pytest.raises(ConfigurationError):
        fetch.get("https://runcomfy.net/a", {})
