from __future__ import annotations

import errno
import os
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from support_media_server import MediaServer, head, ranged, raw, silent, whole
from support_server import (
    CERTIFICATE,
    DROP_READ,
    DROP_UNREAD,
    FaultServer,
    Proxy,
    Step,
    answer,
    says,
)

from runcomfy_core.http.deadline import Deadline
from runcomfy_core.http.target import Target
from runcomfy_core.web.faults import OwnNetwork, Unreadable
from runcomfy_core.web.line import Line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runcomfy_core.web.answer import Answer

HERE = ("127.0.0.1",)
ABOUT = "https://api.test/a"


@pytest.fixture
def get(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Answer]]:
    """Asks a port for /a, by default over TLS as api.test at this machine's address."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    lines: list[Line] = []

    def one(
        port: int,
        *addresses: str,
        scheme: str = "https",
        host: str = "api.test",
        seconds: float = 10.0,
        trusted: bool = True,
    ) -> Answer:
        if not trusted:
            monkeypatch.delenv("SSL_CERT_FILE")
        target = Target(scheme, host, port, "/a", "?secret=1")
        line = Line(target, addresses or HERE, ABOUT, Deadline(seconds))
        lines.append(line)
        return line.get({"X-Test": "1"})

    yield one
    for line in lines:
        line.close()


Get = Any  # the fixture above


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


def fault(get: Get, *arguments: Any, **options: Any) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        get(*arguments, **options)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    return caught.value


def test_an_answer(get: Get) -> None:
    with MediaServer({"/a": whole(b"content", "X-Odd: yes")}, tls=True) as server:
        got = get(server.port)
        assert (got.status, got.phrase, got.length) == (200, "HTTP 200 Reason", 7)
        assert got.fields["x-odd"] == "yes"
        assert got.read(3) == b"con"
        assert got.read(100) == b"tent"
        assert got.read(100) == b""
    assert server.requests[0].headers["host"] == f"api.test:{server.port}"
    assert server.requests[0].headers["x-test"] == "1"


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (DROP_UNREAD, "its server closed the connection without an answer"),
        (DROP_READ, "its server closed the connection without an answer"),
        (
            raw(b"SSH-2.0-OpenSSH_9.6\r\n"),
            "its server does not speak HTTP: SSH-2.0-OpenSSH_9.6",
        ),
        (raw(b"HTTP/1.1 2x0\r\n\r\n"), "its server does not speak HTTP: HTTP/1.1 2x0"),
        (
            raw(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n"),
            "its server does not speak HTTP: got more than 100 headers",
        ),
        (
            raw(head(200, "Content-Length: 5, 6")),
            "its server does not speak HTTP: the answer announces more than one length",
        ),
    ],
)
def test_no_answer(get: Get, step: Any, words: str) -> None:
    with (
        MediaServer({"/a?secret=1": step, "/a": step}) if callable(step) else FaultServer(step)
    ) as server:
        error = fault(get, server.port, scheme="http")
        assert server.connections == 1
    assert error.message.startswith(f"{ABOUT} can't be read: {words}")
    assert (error.rule, error.limit, error.actual) == ("readable", "an answer", "none")


def test_a_refused_connection(get: Get) -> None:
    port = unused_port()
    assert fault(get, port).message == (
        f"{ABOUT} can't be read: api.test refuses the connection (port {port})"
    )


def test_a_certificate_that_is_not_trusted(get: Get) -> None:
    with MediaServer({}, tls=True) as server:
        error = fault(get, server.port, trusted=False)
    assert error.message.startswith(
        f"{ABOUT} can't be read: its server's certificate is not trusted"
    )
    assert "self-signed certificate in certificate chain" in error.message or (
        "unable to get local issuer certificate" in error.message
    )


def test_a_certificate_for_another_name(get: Get) -> None:
    with MediaServer({}, tls=True) as server:
        error = fault(get, server.port, host="other.test")
    assert error.message.endswith("certificate is not valid for 'other.test'")


def test_no_tls(get: Get) -> None:
    with FaultServer(Step(answer(b""), "close", read=False)) as server:
        error = fault(get, server.port)
    assert error.message.startswith(f"{ABOUT} can't be read: TLS with its server fails: ")


def test_a_handshake_that_hangs(get: Get) -> None:
    with socket.create_server(("127.0.0.1", 0)) as quiet:
        begin = time.monotonic()
        error = fault(get, quiet.getsockname()[1], seconds=0.4)
        assert 0.3 < time.monotonic() - begin < 20
    assert error.message == (
        f"{ABOUT} was not read within the 0.4 s that a check of media may take "
        "(its server did not answer); Client(media_timeout=…) gives it longer"
    )


def test_the_next_address_is_tried(get: Get) -> None:
    with MediaServer({"/a": whole(b"content")}, tls=True) as server:
        # Nothing listens at the first two.
        assert get(server.port, "127.0.0.3", "::1", "127.0.0.1").status == 200
    assert server.connections == 1


def test_a_silent_address_leaves_time_for_the_next(
    get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = urllib3.util.connection.create_connection
    limits: list[float] = []

    def connect(address: tuple[str, int], timeout: float, **options: Any) -> socket.socket:
        limits.append(timeout)
        if address[0] == "127.0.0.3":
            raise TimeoutError("timed out")
        return real(address, timeout, **options)

    monkeypatch.setattr(urllib3.util.connection, "create_connection", connect)
    with MediaServer({"/a": whole(b"content")}, tls=True) as server:
        get(server.port, "127.0.0.3", "127.0.0.1")
        error = fault(get, server.port, "127.0.0.3")
    assert limits[0] == pytest.approx(5.0, abs=0.5)
    assert limits[1] == pytest.approx(10.0, abs=0.5)
    assert error.message == (
        f"{ABOUT} can't be read: api.test does not answer (port {server.port})"
    )


def test_time_that_ran_out_while_connecting(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(_: object, timeout: float, **__: object) -> socket.socket:
        time.sleep(timeout)
        raise TimeoutError("timed out")

    monkeypatch.setattr(urllib3.util.connection, "create_connection", connect)
    assert "(api.test does not answer)" in fault(get, 443, seconds=0.1).message


def failing(monkeypatch: pytest.MonkeyPatch, *numbers: int) -> None:
    """Each attempt to connect fails with the next of these."""
    left = iter(numbers)

    def connect(*_: object, **__: object) -> socket.socket:
        number = next(left)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(urllib3.util.connection, "create_connection", connect)


@pytest.mark.parametrize(
    "number", [errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTUNREACH, errno.EACCES]
)
def test_no_way_to_any_address_is_our_own_fault(
    get: Get, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    failing(monkeypatch, errno.EADDRNOTAVAIL, number)
    with pytest.raises(OwnNetwork) as caught:
        get(443, "::1", "127.0.0.1")
    assert str(caught.value) == (
        f"this machine's network does not lead to api.test: {os.strerror(number)}"
    )


def test_no_way_to_one_address_is_not(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, errno.ECONNREFUSED, errno.ENETUNREACH)
    assert (
        "api.test refuses the connection (port 443)" in fault(get, 443, "127.0.0.1", "::1").message
    )
    failing(monkeypatch, errno.EMFILE)
    assert f"can't be connected to: {os.strerror(errno.EMFILE)}" in fault(get, 443).message


def test_a_family_that_this_machine_lacks(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacks(*_: object, **__: object) -> list[Any]:
        raise socket.gaierror(socket.EAI_FAMILY, "ai_family not supported")

    monkeypatch.setattr(socket, "getaddrinfo", lacks)
    with pytest.raises(OwnNetwork, match=r"does not lead to api.test: ai_family not supported"):
        get(443, "2606:4700::1")


def test_ipv6(get: Get) -> None:
    try:
        quiet = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with quiet:
        error = fault(get, quiet.getsockname()[1], "::1", host="::1", seconds=0.3)
    assert "did not answer" in error.message


# --- proxies ---


def test_a_proxy_is_told_the_address(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    with MediaServer({"/a": ranged(b"content")}, tls=True) as server, Proxy(server.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", "//user:hunter2@"))
        assert get(server.port, "192.0.2.7").status == 200
        [asked] = proxy.asked
    assert asked.startswith(f"CONNECT 192.0.2.7:{server.port} HTTP/1.")
    assert "api.test" not in asked
    assert "asic dXNlcjpodW50ZXIy" in asked
    assert "authorization" not in {name.lower() for name in server.requests[0].headers}
    assert server.requests[0].headers["host"] == f"api.test:{server.port}"


@pytest.mark.parametrize("exception", ["api.test", "*"])
def test_no_proxy_is_honoured(get: Get, monkeypatch: pytest.MonkeyPatch, exception: str) -> None:
    with MediaServer({"/a": ranged(b"content")}, tls=True) as server:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{unused_port()}")
        monkeypatch.setenv("NO_PROXY", exception)
        assert get(server.port).status == 200


def test_plain_http_goes_direct(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    with MediaServer({"/a": whole(b"content")}) as server:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{unused_port()}")
        assert get(server.port, scheme="http").status == 200


def test_a_proxy_that_refuses_is_our_own_fault(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    with Proxy(0, b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(OwnNetwork) as caught:
            get(443, "::1", "127.0.0.1")
    assert str(caught.value) == (
        "the proxy does not lead to api.test: "
        "Tunnel connection failed: 407 Proxy Authentication Required"
    )
    assert len(proxy.asked) == 2


def test_a_proxy_that_is_not_there_is_our_own_fault(
    get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{unused_port()}")
    with pytest.raises(OwnNetwork, match=r"the proxy does not lead to api.test: .*refused"):
        get(443)


def test_a_proxy_that_cannot_be_used(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://user:hunter2@127.0.0.1:1080")
    with pytest.raises(OwnNetwork, match=r"HTTPS_PROXY.* must begin with http") as caught:
        get(443)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (DROP_READ, "its server closed the connection without an answer"),
        (says({}), "certificate is not valid for 'other.test'"),
    ],
)
def test_behind_a_proxy_the_server_is_still_the_server(
    get: Get, monkeypatch: pytest.MonkeyPatch, step: Step, words: str
) -> None:
    host = "other.test" if "other" in words else "api.test"
    with FaultServer(step, tls=True) as server, Proxy(server.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        error = fault(get, server.port, host=host)
    assert error.message.endswith(words)


def test_a_proxy_that_says_nothing(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    with MediaServer({}) as server:
        server.pages = {f"api.test:{server.port}": silent, "127.0.0.1:443": silent}
        monkeypatch.setenv("HTTPS_PROXY", server.origin)
        begin = time.monotonic()
        with pytest.raises(OwnNetwork, match=r"the proxy does not lead to api.test: "):
            get(443, seconds=0.4)
        assert time.monotonic() - begin < 20


def test_a_connection_that_the_server_closed_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with MediaServer({"/a": raw(answer(b"first"))}, tls=True) as server:
        target = Target("https", "api.test", server.port, "/a")
        line = Line(target, HERE, ABOUT, Deadline(10.0))
        got = line.get({})
        assert got.read(100) == b"first"
        got.close()
        assert server.closed.acquire(timeout=5)
        server.pages = {"/a": raw(answer(b"second"))}
        assert line.get({}).read(100) == b"second"
        line.close()
        assert line.requests == server.connections == 2
