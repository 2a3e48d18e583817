from __future__ import annotations

import gzip
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from support_client import FakeClock
from support_files_server import CONTENT, ETAG, chunked, cut, moved, options, rest, whole
from support_server import DROP_READ, DROP_UNREAD, HANG, FaultServer, Step, answer

from runcomfy_core.download import fetch as _download_fetch
from runcomfy_core.download.fetch import Fetch, File
from runcomfy_core.download.files import PartFile
from runcomfy_core.download.names import Names
from runcomfy_core.web.faults import Refused
from runcomfy_core.web.hosts import Hosts
from runcomfy_core.web.stream import Streams

if TYPE_CHECKING:
    from pathlib import Path

    from runcomfy_core.jobs.saving import Progress

OTHER = CONTENT[::-1]
SIZE = len(CONTENT)


def fetched(server: FaultServer, directory: Path, **given: Any) -> bytes:
    """What is in the part file at the end."""
    chosen = options(server, **given)
    hosts = Hosts(chosen.allow_hosts)
    file = File(f"http://127.0.0.1:{server.port}/a.bin", directory / "a.bin")
    with (
        closing(Streams(hosts, chosen.timeout, chosen.clock)) as streams,
        PartFile(directory) as part,
    ):
        Fetch(file, part, streams, chosen).run()
        part.place(file.path)
    return file.path.read_bytes()


def asked(server: FaultServer) -> list[tuple[str, str]]:
    """Range and If-Range of each request."""
    return [
        (one.headers.get("range", ""), one.headers.get("if-range", "")) for one in server.requests
    ]


@pytest.mark.parametrize(
    ("step", "content"),
    [
        (whole(), CONTENT),
        (whole(b"x", headers=["Content-Encoding: identity"]), b"x"),
        (chunked(CONTENT[:5], CONTENT[5:]), CONTENT),
    ],
)
def test_in_one_go(tmp_path: Path, step: Step, content: bytes) -> None:
    with FaultServer(step) as server:
        assert fetched(server, tmp_path) == content
    assert asked(server) == [("", "")]


@pytest.mark.parametrize(
    ("script", "ranges"),
    [
        ([cut(5000), rest(5000)], [5000]),
        ([cut(1), rest(1)], [1]),
        ([cut(SIZE - 1), rest(SIZE - 1)], [SIZE - 1]),
        ([cut(5000), rest(5000, end=7000), rest(7000)], [5000, 7000]),
        ([cut(5000), DROP_READ, DROP_UNREAD, Step(answer(b"", 503)), rest(5000)], [5000] * 3),
        (
            [Step(cut(5000).send, "hang"), Step(rest(5000, end=7000).send, "hang"), rest(7000)],
            [5000, 7000],
        ),
        # it sends less than was asked for, which it may
        ([cut(5000), rest(5000, CONTENT[:6000], says=f"bytes 5000-5999/{SIZE}"), rest(6000)], None),
        # a length that only the second answer tells
        ([chunked(CONTENT[:5000], ended=False, headers=[f"ETag: {ETAG}"]), rest(5000)], [5000]),
    ],
)
def test_what_broke_off_goes_on_where_it_was(
    tmp_path: Path, script: list[Step], ranges: list[int] | None
) -> None:
    with FaultServer(*script) as server:
        assert fetched(server, tmp_path, timeout=0.3) == CONTENT
    first, *others = asked(server)
    assert first == ("", "")
    if ranges is not None:
        assert others == [(f"bytes={at}-", ETAG) for at in ranges]


def test_chunks_that_lack_only_their_end(tmp_path: Path) -> None:
    full = chunked(CONTENT, ended=False, headers=[f"ETag: {ETAG}"])
    shown = [f"Content-Range: bytes */{SIZE}", f"ETag: {ETAG}"]
    over = Step(answer(b"", 416, headers=shown))
    with FaultServer(full, over) as server:
        assert fetched(server, tmp_path) == CONTENT


@pytest.mark.parametrize(
    "second",
    [
        [whole(OTHER, etag='"v2"')],
        [rest(5000, OTHER, etag='"v2"'), whole(OTHER, etag='"v2"')],
        [rest(5000, OTHER, says=f"bytes 5000-{SIZE}/{SIZE + 1}"), whole(OTHER)],
        [rest(5000, OTHER, says=f"bytes 4999-{SIZE - 1}/{SIZE}"), whole(OTHER)],
        [rest(5000, OTHER, says="nonsense"), whole(OTHER)],
        [Step(answer(b"", 416, headers=["Content-Range: bytes */5000"])), whole(OTHER)],
        [
            rest(5000, OTHER, says="nonsense"),
            cut(70, OTHER, etag='"v2"'),
            rest(70, OTHER, etag='"v2"'),
        ],
    ],
    ids=["200", "etag", "total", "offset", "nonsense", "416", "twice"],
)
def test_a_file_that_changed_starts_over(tmp_path: Path, second: list[Step]) -> None:
    with FaultServer(cut(5000), *second) as server:
        assert fetched(server, tmp_path) == OTHER
    assert asked(server)[1] == ("bytes=5000-", ETAG)
    if len(second) > 1:
        assert asked(server)[2] == ("", "")


@pytest.mark.parametrize("etag", ['W/"v1"', ""])
def test_without_a_validator_it_starts_over(tmp_path: Path, etag: str) -> None:
    with FaultServer(cut(5000, etag=etag), whole()) as server:
        assert fetched(server, tmp_path) == CONTENT
    assert asked(server) == [("", ""), ("", "")]


def test_a_shorter_file_after_a_longer_one(tmp_path: Path) -> None:
    with FaultServer(cut(5000), whole(b"short", etag='"v2"')) as server:
        assert fetched(server, tmp_path) == b"short"


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(tmp_path: Path, status: int) -> None:
    clock = FakeClock()
    busy = Step(answer(b"busy", status, headers=["Retry-After: 30"]))
    busier = Step(answer(b"busy", status, headers=["Retry-After: 3000"]))
    with FaultServer(busy, busier, Step(answer(b"", status)), whole()) as server:
        assert fetched(server, tmp_path, clock=clock) == CONTENT
    assert clock.sleeps[:2] == [30, 60]
    assert 2.0 < clock.sleeps[2] < 2.5


@pytest.mark.parametrize("status", [204, 304, 400, 401, 403, 404, 410, 416, 451])
def test_what_is_final_is_not(tmp_path: Path, status: int) -> None:
    final = pytest.raises(Refused, match=f"the server answers HTTP {status} ")
    with FaultServer(Step(answer(b"", status)), whole()) as server, final:
        fetched(server, tmp_path)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (DROP_READ, "the server could not be reached, or gave no answer ("),
        (HANG, "timed out after 0.1 s"),
        (Step(answer(b"", 503)), "the server answers HTTP 503 Service Unavailable; it was tried 5"),
        (cut(5000, etag=""), "the connection broke off (the connection was closed before its end)"),
    ],
)
def test_five_tries_are_enough(tmp_path: Path, step: Step, reason: str) -> None:
    clock = FakeClock()
    with FaultServer(*[step] * 9) as server, pytest.raises(Refused) as caught:
        fetched(server, tmp_path, clock=clock, timeout=0.1)
    assert len(server.requests) == 5
    assert reason in str(caught.value)
    assert str(caught.value).endswith("; it was tried 5 times")
    assert len(clock.sleeps) == 4
    assert clock.sleeps == sorted(clock.sleeps)
    assert list(tmp_path.iterdir()) == []


def test_a_try_that_gets_further_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_download_fetch, "WORTHWHILE", 1000)
    clock = FakeClock()
    steps = [
        cut(1000),
        *[rest(at, end=at + 1000) for at in range(1000, 10_000, 1000)],
        rest(10_000),
    ]
    with FaultServer(*steps) as server:
        assert fetched(server, tmp_path, clock=clock) == CONTENT
    assert len(server.requests) == 11
    assert max(clock.sleeps) < 1.2


def test_a_try_that_starts_over_for_ever_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server brings enough each time, but nothing that an earlier try had not."""
    monkeypatch.setattr(_download_fetch, "WORTHWHILE", 1000)
    with FaultServer(*[cut(1500, etag="")] * 20) as server, pytest.raises(Refused):
        fetched(server, tmp_path)
    assert len(server.requests) == 6


def test_a_redirect_is_asked_for_anew_by_each_try(tmp_path: Path) -> None:
    with FaultServer(moved("/b"), cut(5000), moved("/c"), rest(5000)) as server:
        assert fetched(server, tmp_path) == CONTENT
    assert [one.path for one in server.requests] == ["/a.bin", "/b", "/a.bin", "/c"]
    assert asked(server)[3] == ("bytes=5000-", ETAG)


@pytest.mark.parametrize(
    ("script", "received"),
    [
        ([whole()], range(1)),
        ([chunked(CONTENT[:5000], CONTENT[5000:])], range(5000, SIZE)),
        (
            [chunked(CONTENT[:5000], ended=False, headers=[f"ETag: {ETAG}"]), rest(5000)],
            range(5000, 5001),
        ),
    ],
    ids=["a length", "chunks", "a length that comes later"],
)
def test_a_limit(tmp_path: Path, script: list[Step], received: range) -> None:
    seen: list[Progress] = []
    with FaultServer(*script, *script) as server:
        with pytest.raises(Refused, match=f"it is larger than the limit of {SIZE - 1} bytes; a hi"):
            fetched(server, tmp_path, limit=SIZE - 1, on_progress=seen.append)
        assert list(tmp_path.iterdir()) == []
        assert fetched(server, tmp_path, limit=SIZE) == CONTENT
    assert max((one.received for one in seen), default=0) in received


def test_more_than_there_should_be(tmp_path: Path) -> None:
    shown = [f"Content-Range: bytes 5000-{SIZE - 1}/{SIZE}", f"ETag: {ETAG}"]
    longer = chunked(CONTENT[5000:] + b"more", status=206, headers=shown)
    final = pytest.raises(Refused, match="more came than the server said")
    with FaultServer(cut(5000), longer) as server, final:
        fetched(server, tmp_path)


def test_a_packed_file_is_refused(tmp_path: Path) -> None:
    packed = whole(gzip.compress(CONTENT), headers=["Content-Encoding: gzip"])
    with FaultServer(packed) as server, pytest.raises(Refused, match="it came packed as 'gzip'"):
        fetched(server, tmp_path)


def test_a_file_without_a_length_is_refused(tmp_path: Path) -> None:
    endless = Step(b"HTTP/1.0 200 OK\r\n\r\n" + CONTENT, "close")
    with FaultServer(endless) as server, pytest.raises(Refused, match="doesn't say how long it is"):
        fetched(server, tmp_path)


def test_progress(tmp_path: Path) -> None:
    seen: list[Progress] = []
    script = [cut(5000), cut(70, OTHER, etag='"v2"'), rest(70, OTHER, etag='"v2"')]
    with FaultServer(*script) as server:
        assert fetched(server, tmp_path, on_progress=seen.append) == OTHER
    assert {(one.path, one.total) for one in seen} == {(tmp_path / "a.bin", SIZE)}
    assert {one.url for one in seen} == {f"http://127.0.0.1:{server.port}/a.bin"}
    counts = [one.received for one in seen]
    assert counts[0] == 0
    assert counts[-1] == SIZE
    assert counts[counts.index(5000) + 1] == 0
    assert counts.count(70) == 2


def test_progress_of_a_file_of_unknown_length(tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    with FaultServer(chunked(b"ab", b"c")) as server:
        fetched(server, tmp_path, on_progress=lambda one: seen.append((one.received, one.total)))
    assert seen == [(0, None), (2, None), (3, None)]


def test_another_file_in_its_place_is_known_before_it_is_fetched(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"mine")
    seen: list[Progress] = []
    with FaultServer(whole()) as server, pytest.raises(Refused, match="exists already"):
        fetched(server, tmp_path, on_progress=seen.append)
    assert seen == []
    assert (tmp_path / "a.bin").read_bytes() == b"mine"


def test_a_name_is_settled_once(tmp_path: Path) -> None:
    names = Names()
    file = File("u", tmp_path / names.take("a"), names)
    file.settle("image/png")
    file.settle("image/jpeg")
    assert file.path == tmp_path / "a.png"
    unknown = File("u", tmp_path / names.take("b"), names)
    unknown.settle("what/ever")
    unknown.settle("image/png")
    assert unknown.path == tmp_path / "b"
    as_it_is = File("u", tmp_path / "a")
    as_it_is.settle("image/png")
    assert as_it_is.path == tmp_path / "a"
