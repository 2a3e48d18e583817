from __future__ import annotations

import gzip
import os
import tracemalloc
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from support_media_server import MediaServer, chunked, head, in_turn, ranged, raw, whole

from runcomfy_core.http.deadline import Deadline
from runcomfy_core.web.faults import TooMuch, Unreadable
from runcomfy_core.web.fetch import Fetcher
from runcomfy_core.web.remote import MOST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support_media_server import Page

    from runcomfy_core.web.remote import Remote

KIB_64 = 64 * 1024
CONTENT = os.urandom(10 * 1024 * 1024)


@pytest.fixture
def serve() -> Iterator[Callable[[Page], tuple[MediaServer, Remote]]]:
    """Serves a page, and fetches it."""
    opened: list[MediaServer] = []
    found: list[Remote] = []

    def one(page: Page) -> tuple[MediaServer, Remote]:
        server = MediaServer({"/a": page})
        opened.append(server.__enter__())
        found.append(Fetcher(Deadline(20.0), allow_private=True).fetch(f"{server.origin}/a"))
        return server, found[-1]

    yield one
    for remote in found:
        remote.close()
    for server in opened:
        server.__exit__()


Serve = Any  # the fixture above


def asked(server: MediaServer) -> list[str]:
    return [request.headers.get("range", "") for request in server.requests]


@pytest.mark.parametrize(
    "page",
    [ranged(CONTENT), whole(CONTENT), chunked(CONTENT, size=3000), ranged(CONTENT, total="*")],
)
def test_any_part_within_reach_is_what_the_file_has(serve: Serve, page: Page) -> None:
    _, remote = serve(page)
    for offset, size in [(10, 100), (0, KIB_64), (65_000, 2000), (200_000, 70_000), (5, 1), (0, 0)]:
        assert remote.read(offset, size) == CONTENT[offset : offset + size]


def test_a_byte_is_fetched_once(serve: Serve) -> None:
    server, remote = serve(ranged(CONTENT))
    for _ in range(3):
        assert remote.read(0, 1000) == CONTENT[:1000]
        assert remote.read(9_000_000, 1000) == CONTENT[9_000_000:9_001_000]
    assert asked(server) == ["bytes=0-65535", "bytes=9000000-9065535"]
    assert remote.requests == 2
    assert server.connections == 1
    assert remote.bytes_read == KIB_64 + 1000


def test_reading_on_asks_for_twice_as_much_each_time(serve: Serve) -> None:
    server, remote = serve(ranged(CONTENT))
    read = bytearray()
    while len(read) < 983_040:
        read += remote.read(len(read), 16_384)
    assert read == CONTENT[:983_040]
    assert asked(server) == [
        "bytes=0-65535",
        "bytes=65536-196607",
        "bytes=196608-458751",
        "bytes=458752-983039",
    ]
    remote.read(983_040, 10)
    assert asked(server)[-1] == f"bytes=983040-{MOST - 1}"
    with pytest.raises(TooMuch, match=r"1,048,577 bytes of it would .* reads 1,048,576 at most"):
        remote.read(MOST, 1)
    assert remote.read(MOST - 5, 5) == CONTENT[MOST - 5 : MOST]
    assert server.connections == 1


def test_one_large_read_is_one_request(serve: Serve) -> None:
    server, remote = serve(ranged(CONTENT))
    assert remote.read(5_000_000, 500_000) == CONTENT[5_000_000:5_500_000]
    assert asked(server)[1:] == ["bytes=5000000-5499999"]
    with pytest.raises(TooMuch):
        remote.read(2_000_000, 600_000)
    assert remote.requests == 2


def test_the_end_of_the_file(serve: Serve) -> None:
    server, remote = serve(ranged(CONTENT))
    size = len(CONTENT)
    assert remote.read(size - 10, 100) == CONTENT[-10:]
    assert (remote.read(size, 1), remote.read(size + 5, 1)) == (b"", b"")
    assert asked(server)[1:] == [f"bytes={size - 10}-{size - 1}"]


@pytest.mark.parametrize(
    ("etag", "condition"),
    [('"a b"', None), ('"v1"', '"v1"'), ('W/"v1"', None), ("v1", None), (None, None)],
)
def test_a_strong_etag_is_the_condition(
    serve: Serve, etag: str | None, condition: str | None
) -> None:
    server, remote = serve(ranged(CONTENT, *([f"ETag: {etag}"] if etag else [])))
    remote.read(1_000_000, 1)
    assert [request.headers.get("if-range") for request in server.requests] == [None, condition]


def test_an_answer_of_more_than_was_asked_for(serve: Serve) -> None:
    """Its rest is too long to be read for the connection's sake."""
    size = len(CONTENT)
    greedy = raw(
        head(206, f"Content-Length: {size}", f"Content-Range: bytes 0-{size - 1}/{size}") + CONTENT
    )
    server, remote = serve(in_turn([greedy, ranged(CONTENT)]))
    assert remote.read(0, 70_000) == CONTENT[:70_000]
    assert remote.requests == 1
    with pytest.raises(TooMuch):
        remote.read(9_000_000, 10)
    assert server.connections == 1


def test_a_server_that_closes_after_each_answer(serve: Serve) -> None:
    part = ranged(CONTENT, "Connection: close")
    server, remote = serve(part)
    assert remote.read(8_000_000, 10) == CONTENT[8_000_000:8_000_010]
    assert server.connections == 2


PART: Any = ranged(CONTENT, 'ETag: "1"')


@pytest.mark.parametrize(
    "page",
    [
        whole(CONTENT),
        ranged(CONTENT, 'ETag: "2"'),
        ranged(CONTENT[:-1], 'ETag: "1"'),
        raw(head(206, "Content-Range: bytes 0-65535/10485760") + CONTENT[:KIB_64]),
        raw(head(206) + CONTENT[:KIB_64]),
        raw(head(416, "Content-Range: bytes */7", "Content-Length: 0")),
    ],
)
def test_two_versions_are_not_put_together(serve: Serve, page: Page) -> None:
    server, remote = serve(in_turn([PART, page]))
    with pytest.raises(Unreadable) as caught:
        remote.read(5_000_000, 10)
    assert caught.value.limit == 206
    assert "/a changed while it was read, or its server gives wrong parts" in str(caught.value)
    assert len(server.requests) == 2


def test_a_part_that_is_refused(serve: Serve) -> None:
    _, remote = serve(in_turn([PART, whole(b"slow down", status=429)]))
    with pytest.raises(Unreadable, match=r'answers HTTP 429 Reason \("slow down"\); too many'):
        remote.read(5_000_000, 10)


@pytest.mark.parametrize(
    ("page", "message", "limit"),
    [
        (raw(head(200, "Content-Length: 900") + b"x" * 700), "700 of 900 bytes", 900),
        (
            raw(head(206, "Content-Range: bytes 0-899/900") + b"x" * 700),
            "700 of 900 bytes",
            900,
        ),
        (
            raw(head(200, "Transfer-Encoding: chunked") + b"2bc\r\n" + b"x" * 700),
            "700 bytes",
            "all of it",
        ),
        (
            raw(head(200, "Content-Encoding: gzip") + gzip.compress(b"x" * 700)[:-9]),
            r"\d+ bytes",
            "all of it",
        ),
    ],
)
def test_a_body_that_ends_too_early(serve: Serve, page: Page, message: str, limit: object) -> None:
    _, remote = serve(page)
    with pytest.raises(Unreadable, match=f"/a breaks off after {message}") as caught:
        remote.read(0, 900)
    assert (caught.value.rule, caught.value.limit) == ("complete", limit)
    assert caught.value.actual == remote.bytes_read


# --- counting ---


@pytest.mark.parametrize(
    "page",
    [
        chunked(CONTENT[:300_000]),
        raw(head(200) + CONTENT[:300_000]),
        ranged(CONTENT[:300_000], total="*"),
        whole(gzip.compress(CONTENT[:300_000]), "Content-Encoding: gzip"),
    ],
)
def test_an_unknown_size_is_counted(serve: Serve, page: Page) -> None:
    _, remote = serve(page)
    assert remote.read(0, 100) == CONTENT[:100]
    assert remote.size is None
    assert remote.count(400_000) == 300_000
    assert remote.size == 300_000
    assert remote.count(1) == 300_000
    assert remote.read(0, 100) == CONTENT[:100]


@pytest.mark.parametrize("page", [chunked(CONTENT), ranged(CONTENT, total="*")])
def test_counting_stops_above_the_limit(serve: Serve, page: Page) -> None:
    server, remote = serve(page)
    assert 300_000 < remote.count(300_000) <= 300_000 + KIB_64
    assert remote.size is None
    assert server.sent < 3_000_000
    assert remote.count(200_000) > 200_000


def test_a_size_that_is_known_is_not_counted(serve: Serve) -> None:
    _, remote = serve(whole(CONTENT))
    assert remote.count(5) == len(CONTENT)
    assert remote.bytes_read == 1


def test_counting_keeps_nothing(serve: Serve) -> None:
    _, remote = serve(chunked(CONTENT, size=30_000))
    tracemalloc.start()
    assert remote.count(len(CONTENT)) == len(CONTENT)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * 1024 * 1024
    with pytest.raises(TooMuch):
        remote.read(100_000, 1)


def test_counting_after_a_part_from_further_on(serve: Serve) -> None:
    _, remote = serve(ranged(CONTENT[:300_000], total="*"))
    assert remote.read(200_000, 10) == CONTENT[200_000:200_010]
    assert remote.count(10**6) == 300_000
    assert remote.read(250_000, 10) == CONTENT[250_000:250_010]


def test_the_end_of_a_file_of_unknown_size(serve: Serve) -> None:
    _, remote = serve(ranged(CONTENT[:70_000], total="*"))
    assert remote.read(0, 100_000) == CONTENT[:70_000]
    assert remote.size == 70_000


def test_beyond_the_end_of_a_file_of_unknown_size(serve: Serve) -> None:
    told = raw(head(416, "Content-Range: bytes */65537", "Content-Length: 0"))
    first = ranged(CONTENT, total="*")
    _, remote = serve(in_turn([first, told]))
    assert remote.read(100_000, 1) == b""
    assert remote.size == 65_537
    for page in [raw(head(416, "Content-Length: 0")), whole(CONTENT)]:
        _, remote = serve(in_turn([first, page]))
        with pytest.raises(Unreadable, match="changed while it was read"):
            remote.read(100_000, 1)


# --- packed bodies ---


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(CONTENT[:100_000])),
        ("X-GZIP", gzip.compress(CONTENT[:100_000])),
        ("deflate", zlib.compress(CONTENT[:100_000])),
        ("identity", CONTENT[:100_000]),
    ],
)
def test_a_body_that_is_packed_unasked(serve: Serve, coding: str, packed: bytes) -> None:
    _, remote = serve(whole(packed, f"Content-Encoding: {coding}"))
    assert remote.read(50_000, 100_000) == CONTENT[50_000:100_000]
    assert remote.size == 100_000


def test_a_bomb_is_unpacked_no_further_than_asked(serve: Serve) -> None:
    bomb = zlib.compressobj(wbits=31)
    packed = b"".join(bomb.compress(bytes(1024 * 1024)) for _ in range(300)) + bomb.flush()
    assert len(packed) < 400_000
    _, remote = serve(whole(packed, "Content-Encoding: gzip"))
    tracemalloc.start()
    assert remote.read(0, KIB_64) == bytes(KIB_64)
    with pytest.raises(TooMuch):
        remote.read(MOST, 1)
    assert remote.count(20_000_000) > 20_000_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * 1024 * 1024
    assert remote.bytes_read < 100_000
