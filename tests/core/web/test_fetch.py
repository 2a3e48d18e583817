from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from support_media_server import (
    MediaServer,
    Names,
    chunked,
    drip,
    head,
    in_turn,
    ranged,
    raw,
    redirect,
    silent,
    whole,
)
from support_server import CERTIFICATE

from runcomfy_core.http.connection import USER_AGENT
from runcomfy_core.http.deadline import Deadline
from runcomfy_core.web.faults import OwnNetwork, TooMuch, Unreadable
from runcomfy_core.web.fetch import Fetcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support_media_server import Exchange, Page

    from runcomfy_core.web.remote import Remote

CONTENT = os.urandom(300_000)
KIB_64 = 64 * 1024


@pytest.fixture
def fetch() -> Iterator[Callable[..., Remote]]:
    """Fetches from this machine; what is fetched is closed in the end."""
    found: list[Remote] = []

    def one(url: str, seconds: float = 10.0) -> Remote:
        remote = Fetcher(Deadline(seconds), allow_private=True).fetch(url)
        found.append(remote)
        return remote

    yield one
    for remote in found:
        remote.close()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """Names of our own; of this machine's addresses, 127.0.0.1 alone counts as public."""
    own = Names()
    own.known["api.test"] = ["127.0.0.1"]
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    monkeypatch.setattr(socket, "getaddrinfo", own.look_up)
    monkeypatch.setattr(
        "runcomfy_core.web.resolve.is_public", lambda address: address == "127.0.0.1"
    )
    return own


def public(seconds: float = 10.0, **options: Any) -> Fetcher:
    return Fetcher(Deadline(seconds), allow_private=False, **options)


def fault(fetch: Callable[..., Remote], url: str, *arguments: float) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        fetch(url, *arguments)
    assert caught.value.__cause__ is None
    return caught.value


def test_a_header_at_the_front_costs_one_request_and_64_kib(fetch: Any) -> None:
    page = ranged(CONTENT, "Content-Type: Image/PNG; a=b", 'ETag: "1"')
    with MediaServer({"/a.png": page}) as server:
        remote = fetch(f"{server.origin}/a.png?x=1")
        assert remote.read(0, KIB_64) == CONTENT[:KIB_64]
        assert server.sent < KIB_64 + 300
    assert (remote.size, remote.stated_type, remote.status) == (300_000, "image/png", 206)
    assert (remote.bytes_read, remote.requests, remote.url) == (
        KIB_64,
        1,
        f"{server.origin}/a.png?x=1",
    )
    assert remote.headers["etag"] == '"1"'
    [request] = server.requests
    assert (request.method, request.path) == ("GET", "/a.png?x=1")
    assert request.headers == {
        "host": f"127.0.0.1:{server.port}",
        "accept": "*/*",
        "accept-encoding": "identity",
        "range": "bytes=0-65535",
        "user-agent": USER_AGENT,
    }


def test_a_server_that_ignores_range_is_not_read_beyond_what_is_needed(fetch: Any) -> None:
    content = os.urandom(10 * 1024 * 1024)
    with MediaServer({"/a": whole(content)}) as server:
        remote = fetch(f"{server.origin}/a")
        assert remote.read(0, 1000) == content[:1000]
        assert (remote.size, remote.bytes_read, remote.stated_type) == (len(content), 1000, "")
        # The rest of it is what the two sockets' buffers took in.
        assert server.sent < 1024 * 1024


@pytest.mark.parametrize(
    "wrong",
    [
        raw(head(206, "Content-Length: 5") + b"wrong"),
        raw(head(206, "Content-Length: 5", "Content-Range: bytes 7-11/12") + b"wrong"),
        raw(head(206, "Content-Length: 5", "Content-Range: bytes 0-9/12") + b"wrong"),
        raw(head(206, "Content-Length: 5", "Content-Range: bytes 0-4/3") + b"wrong"),
        raw(head(206, "Content-Length: 5", "Content-Range: bytes 4-0/9") + b"wrong"),
        raw(head(206, "Content-Length: 5", "Content-Range: pages 0-4/9") + b"wrong"),
        raw(
            head(206, "Content-Length: 5", "Content-Range: bytes 0-4/9", "Content-Encoding: gzip")
            + b"wrong"
        ),
        raw(head(416, "Content-Length: 0")),
        raw(head(416, "Content-Length: 0", "Content-Range: bytes */300000")),
    ],
)
def test_wrong_ranges_are_asked_once_more_without(fetch: Any, wrong: Page) -> None:
    with MediaServer({"/a": in_turn([wrong, whole(CONTENT)])}) as server:
        remote = fetch(f"{server.origin}/a")
        assert remote.read(0, 10) == CONTENT[:10]
    assert (remote.size, remote.requests) == (300_000, 2)
    assert ["range" in request.headers for request in server.requests] == [True, False]


def test_a_server_that_stays_wrong(fetch: Any) -> None:
    with MediaServer(
        {"/a": raw(head(206, "Content-Length: 5", reason="Part") + b"wrong")}
    ) as server:
        error = fault(fetch, f"{server.origin}/a")
        assert len(server.requests) == 2
    assert (error.limit, error.actual) == (200, 206)
    assert error.message == f'{server.origin}/a answers HTTP 206 Part ("wrong")'


@pytest.mark.parametrize(
    "page",
    [
        whole(b""),
        chunked(b""),
        raw(head(200)),
        raw(head(204)),
        raw(head(416, "Content-Range: bytes */0", "Content-Length: 0")),
    ],
)
def test_an_empty_file(fetch: Any, page: Page) -> None:
    with MediaServer({"/a": page}) as server:
        error = fault(fetch, f"{server.origin}/a")
    assert (error.rule, error.message) == ("readable", f"{server.origin}/a is empty")


# --- redirects ---


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect(fetch: Any, status: int) -> None:
    pages = {
        "/x/a": redirect("../b%2Fc d?e=1#f", status, "Set-Cookie: session=1"),
        "/b%2Fc%20d": ranged(CONTENT),
    }
    with MediaServer(pages) as server:
        remote = fetch(f"{server.origin}/x/a")
    assert remote.url == f"{server.origin}/b%2Fc%20d?e=1"
    assert remote.requests == 2
    for request in server.requests:
        assert not {"cookie", "authorization", "referer"} & set(request.headers)


def test_redirects_have_a_limit(fetch: Any) -> None:
    pages = {f"/{n}": redirect(f"/{n + 1}") for n in range(7)}
    with MediaServer(pages | {"/end": ranged(CONTENT), "/5": redirect("/end")}) as server:
        assert fetch(f"{server.origin}/1").url.endswith("/end")  # five
        error = fault(fetch, f"{server.origin}/0")
    assert (error.limit, error.actual) == (5, 6)
    way = " to ".join(f"{server.origin}/{n}" for n in [0, 1, 2, 3, 4, 5, "end"])
    assert error.message == f"redirects more than 5 times: {way}"


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (redirect("/a"), "redirects in a circle: {0}/a to {0}/a"),
        (redirect(""), "{0}/a answers HTTP 302 Reason without saying where to"),
        (redirect("ftp://api.test/a"), "{0}/a redirects to what is no https URL"),
        (redirect("http://[::1/a"), "{0}/a redirects to what is no https URL"),
        (redirect("http://user:hunter2@127.0.0.1/"), "{0}/a redirects to what is no https URL"),
        (redirect("javascript:alert(1)"), "{0}/a redirects to what is no https URL"),
    ],
)
def test_a_redirect_that_leads_nowhere(fetch: Any, page: Page, words: str) -> None:
    with MediaServer({"/a": page}) as server:
        error = (
            fault(fetch, f"{server.origin}/a?secret=1")
            if "circle" not in words
            else fault(fetch, f"{server.origin}/a")
        )
    assert error.message == words.format(server.origin)


def test_what_a_redirect_led_to_is_named(fetch: Any) -> None:
    pages = {"/a": redirect("/login?to=secret"), "/login": whole(b"", status=404)}
    with MediaServer(pages) as server:
        error = fault(fetch, f"{server.origin}/a")
    assert error.message.startswith(
        f"{server.origin}/a redirects to {server.origin}/login, which answers HTTP 404 Reason;"
    )


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize(
    "location", ["https://10.0.0.1/a", "http://api.test/a", "https://localhost/a", "//127.1/a"]
)
def test_a_redirect_to_where_only_this_machine_gets(location: str) -> None:
    with MediaServer({"/a": redirect(location)}, tls=True) as server:
        url = f"https://api.test:{server.port}/a"
        with pytest.raises(Unreadable) as caught:
            public().fetch(url)
        assert len(server.requests) == 1
    assert caught.value.message.startswith(f"{url} redirects to http")
    assert "which can't be read by the API: " in caught.value.message


# --- where a name leads ---


@pytest.mark.usefixtures("names")
def test_tls_for_the_name_over_the_address() -> None:
    with MediaServer({"/a": ranged(CONTENT)}, tls=True) as server:
        remote = public().fetch(f"https://API.test.:{server.port}/a")
        assert remote.read(250_000, 10) == CONTENT[250_000:250_010]
        remote.close()
    assert [one.headers["host"] for one in server.requests] == [f"api.test:{server.port}"] * 2
    assert server.connections == 1


def test_a_name_that_is_not_public(names: Names) -> None:
    names.known["inside.test"] = ["127.0.0.1", "10.1.2.3"]
    with MediaServer({}, tls=True) as server, pytest.raises(Unreadable) as caught:
        public().fetch(f"https://inside.test:{server.port}/a")
    assert server.connections == 0
    assert caught.value.actual == "10.1.2.3"
    assert caught.value.message == (
        f"https://inside.test:{server.port}/a can't be read by the API: "
        "inside.test resolves to 10.1.2.3, which is not public"
    )


def test_a_name_is_looked_up_once_so_that_it_cannot_change(names: Names) -> None:
    """The second answer would be a private address; it is never asked for."""
    with MediaServer({"/a": ranged(CONTENT)}, tls=True) as server:
        remote = public().fetch(f"https://api.test:{server.port}/a")
        names.known["api.test"] = ["127.0.0.2"]
        assert len(remote.read(100_000, 10)) == 10
        assert names.asked == ["api.test"]
        with pytest.raises(Unreadable, match=r"resolves to 127\.0\.0\.2"):
            public().fetch(f"https://api.test:{server.port}/a")
        remote.close()


def test_a_redirect_is_looked_up_anew(names: Names) -> None:
    def rebound(exchange: Exchange) -> bool:
        names.known["api.test"] = ["192.168.0.1"]
        return redirect("/b")(exchange)

    with MediaServer({"/a": rebound}, tls=True) as server:
        with pytest.raises(Unreadable, match=r"api.test resolves to 192.168.0.1"):
            public().fetch(f"https://api.test:{server.port}/a")
        assert len(server.requests) == 1
    assert names.asked == ["api.test", "api.test"]


def test_no_network_is_not_the_files_fault(names: Names) -> None:
    with pytest.raises(
        OwnNetwork, match=r"can't look up gone\.test, nor control\.test \(not known\)"
    ):
        public(control="control.test").fetch("https://gone.test/a")
    names.known["control.test"] = ["127.0.0.1"]
    with pytest.raises(Unreadable, match=r"there is no host gone\.test"):
        public(control="control.test").fetch("https://gone.test/a")


# --- the deadline ---


@pytest.mark.parametrize(
    "page",
    [
        silent,
        drip(head(200, "Content-Length: 1000"), 0.1),
        drip(b"HTTP/1.1 302 Found\r\nLocation: /" + b"x" * 5000, 0.1),
    ],
)
def test_an_answer_that_does_not_come_in_time(fetch: Any, page: Page) -> None:
    with MediaServer({"/a": page}) as server:
        begin = time.monotonic()
        error = fault(fetch, f"{server.origin}/a", 0.5)
        assert 0.4 < time.monotonic() - begin < 20
    assert error.message == (
        f"{server.origin}/a was not read within the 0.5 s that a check of media may take "
        "(its server did not answer); Client(media_timeout=…) gives it longer"
    )
    assert (error.rule, error.limit, error.actual) == ("readable", 0.5, 0)


@pytest.mark.parametrize("coding", ["Content-Length: 5000", "X-Close: yes"])
def test_a_body_that_drips(fetch: Any, coding: str) -> None:
    page = drip(b"x" * 5000, 0.005, at_once=head(200, coding))
    with MediaServer({"/a": page}) as server:
        begin = time.monotonic()
        remote = fetch(f"{server.origin}/a", 1.0)
        with pytest.raises(Unreadable, match=r"within the 1 s .*\d+ bytes of") as caught:
            remote.read(0, 5000)
        assert 0.9 < time.monotonic() - begin < 20
    assert caught.value.actual == remote.bytes_read > 0


def test_all_files_share_one_deadline() -> None:
    with MediaServer({"/a": silent}) as server:
        fetcher = Fetcher(Deadline(0.3), allow_private=True)
        for _ in range(5):
            with pytest.raises(Unreadable, match=r"was not read within the 0.3 s"):
                fetcher.fetch(f"{server.origin}/a")
    assert server.connections == 1


@pytest.mark.parametrize(
    "page", [silent, drip(head(200) + b"x" * 1000, 5.0), raw(head(200, "Content-Length: 9") + b"x")]
)
def test_a_worker_that_is_late_ends_soon(page: Page) -> None:
    arrived = threading.Event()

    def noted(exchange: Exchange) -> bool:
        arrived.set()
        page(exchange)
        return silent(exchange)

    ended: list[BaseException] = []
    fetcher = Fetcher(Deadline(60.0), allow_private=True)

    def work(url: str) -> None:
        try:
            with closing(fetcher.fetch(url)) as remote:
                remote.read(0, 9)
        except Unreadable as error:
            ended.append(error)

    with MediaServer({"/a": noted}) as server:
        worker = threading.Thread(target=work, args=(f"{server.origin}/a",))
        worker.start()
        assert arrived.wait(10)
        fetcher.abort()
        worker.join(5)
        assert not worker.is_alive()
    assert len(ended) == 1
    with pytest.raises(Unreadable, match=r"within the 60 s"):
        fetcher.fetch(f"{server.origin}/a")


def test_a_look_up_that_hangs_is_over_when_it_returns(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]

    def slow(*arguments: Any, **options: Any) -> list[Any]:
        clock[0] = 16.0
        return names.look_up(*arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with MediaServer({}, tls=True) as server, pytest.raises(Unreadable, match=r"within the 15 s"):
        Fetcher(Deadline(15.0, lambda: clock[0]), allow_private=False).fetch(
            f"https://api.test:{server.port}/a"
        )
    assert server.connections == 0


def test_many_at_once() -> None:
    with MediaServer({"/a": ranged(CONTENT)}) as server:
        fetcher = Fetcher(Deadline(10.0), allow_private=True)
        found: list[bytes] = []

        def work() -> None:
            remote = fetcher.fetch(f"{server.origin}/a")
            found.append(remote.read(200_000, 50_000))
            remote.close()

        workers = [threading.Thread(target=work) for _ in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(10)
    assert found == [CONTENT[200_000:250_000]] * 8


def test_a_host_that_cannot_be_one(fetch: Any) -> None:
    assert "its host or port can't be one" in fault(fetch, "https://a..b/c").message


def test_too_much_is_not_the_files_fault(fetch: Any) -> None:
    content = bytes(2 * 1024 * 1024)
    with MediaServer({"/a": whole(content)}) as server:
        remote = fetch(f"{server.origin}/a")
        with pytest.raises(TooMuch, match=r"2,000,008 bytes of it would have to be read; a check"):
            remote.read(2_000_000, 8)
        assert remote.bytes_read == 1
