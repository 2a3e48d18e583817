"""Servers of files that garble, cut, mix or drip: only whole files are saved, and in time."""

from __future__ import annotations

import contextlib
import gzip
import os
import random
import re
import signal
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from support_files_server import CONTENT, chunked, moved, options, whole
from support_server import FaultServer, Step, _Listener, answer
from support_transport import asking, transport_to

from runcomfy.errors import DownloadFailed
from runcomfy_core.download.download import download, save
from runcomfy_core.http.deadline import Deadline
from runcomfy_core.web.faults import Unreadable
from runcomfy_core.web.fetch import Fetcher
from runcomfy_core.wire.answer import Answer
from runcomfy_core.wire.clock import SystemClock

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from support_server import Request

SIZE = len(CONTENT)
HALF = SIZE // 2
OK = b"HTTP/1.1 200 OK\r\n"
LENGTH = b"Content-Length: %d\r\n" % SIZE
CHUNKED = b"Transfer-Encoding: chunked\r\n"
PLAIN = LENGTH + b"\r\n" + CONTENT
INTERIM = b"HTTP/1.1 %d X\r\nContent-Length: 9\r\n\r\n"
#: The file in two chunks, with the last one.
CHUNKS = b"%x\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (HALF, CONTENT[:HALF], HALF, CONTENT[HALF:])


def at(server: _Listener, path: str = "/a.bin") -> str:
    return f"http://127.0.0.1:{server.port}{path}"


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def checked(url: str, seconds: float) -> bytes:
    """What a check of media reads."""
    with contextlib.closing(Fetcher(Deadline(seconds), allow_private=True).fetch(url)) as remote:
        return remote.read(0, SIZE + 9)


SOUND = {
    "a length": OK + PLAIN,
    "a length, twice": OK + LENGTH + PLAIN,
    "chunks": OK + CHUNKED + b"\r\n" + CHUNKS,
    "chunks, in capitals": OK + b"TRANSFER-ENCODING: Chunked\r\n\r\n" + CHUNKS,
    # White space around a value is no part of it (RFC 9110, 5.5).
    "chunks, and white space": OK + b"Transfer-Encoding: \tchunked \t\r\n\r\n" + CHUNKS,
    "words beside a chunk's size": OK
    + CHUNKED
    + b"\r\n"
    + b"%x;a=b \r\n%b\r\n0\r\n\r\n" % (SIZE, CONTENT),
    "a trailer": OK + CHUNKED + b"\r\n" + CHUNKS[:-2] + b"X-Sum: 1\r\n\r\n",
    "line feeds alone in the header": OK.replace(b"\r", b"") + LENGTH[:-2] + b"\n\n" + CONTENT,
    "100": b"HTTP/1.1 100 Continue\r\n\r\n" + OK + PLAIN,
    "102": b"HTTP/1.1 102 Processing\r\n\r\n" + OK + PLAIN,
    "103": b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n" + OK + PLAIN,
    "103, 100, 199": INTERIM % 103 + INTERIM % 100 + INTERIM % 199 + OK + PLAIN,
    "folded lines": OK + b"X: a\r\n b\r\nTransfer-Encoding:\r\n\tchunked\r\n\r\n" + CHUNKS,
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\n" + PLAIN,
}


@pytest.mark.parametrize("way", SOUND)
def test_what_is_understood_is_saved(tmp_path: Path, way: str) -> None:
    with FaultServer(Step(SOUND[way])) as server:
        assert save(at(server), tmp_path / "a", options(server)).read_bytes() == CONTENT
        assert len(server.requests) == 1


@pytest.mark.parametrize("way", SOUND)
def test_what_is_understood_is_checked(way: str) -> None:
    with FaultServer(Step(SOUND[way])) as server:
        assert checked(at(server), 10.0) == CONTENT


#: The end of these is in doubt; each is what http.client takes for something.
DOUBTFUL = {
    "gzip, chunked": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + CHUNKS,
    "gzip and chunked": OK + b"Transfer-Encoding: gzip\r\n" + CHUNKED + b"\r\n" + CHUNKS,
    "chunked and gzip": OK + CHUNKED + b"Transfer-Encoding: gzip\r\n\r\n" + CHUNKS,
    "chunked, chunked": OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n" + CHUNKS,
    "chunked, identity": OK + b"Transfer-Encoding: chunked, identity\r\n\r\n" + CHUNKS,
    "identity": OK + b"Transfer-Encoding: identity\r\n" + PLAIN,
    "no name": OK + b"Transfer-Encoding:\r\n" + PLAIN,
    "a parameter": OK + b"Transfer-Encoding: chunked;q=1\r\n\r\n" + CHUNKS,
    "quotes": OK + b'Transfer-Encoding: "chunked"\r\n\r\n' + CHUNKS,
    "a vertical tab": OK + b"Transfer-Encoding: \x0bchunked\r\n\r\n" + CHUNKS,
    "a space before the colon": OK + b"Transfer-Encoding : chunked\r\n\r\n" + CHUNKS,
    "chunks and a length": OK + CHUNKED + LENGTH + b"\r\n" + CHUNKS,
    "chunks and another length": OK + b"Content-Length: 9\r\n" + CHUNKED + b"\r\n" + CHUNKS,
    "chunks in HTTP/1.0": b"HTTP/1.0 200 OK\r\n" + CHUNKED + b"\r\n" + CHUNKS,
    "two lengths": OK + b"Content-Length: 9\r\n" + PLAIN,
    "two lengths in one": OK + b"Content-Length: 9, %d\r\n\r\n" % SIZE + CONTENT,
    "a sign": OK + b"Content-Length: +%d\r\n\r\n" % SIZE + CONTENT,
    "less than nothing": OK + b"Content-Length: -1\r\n\r\n" + CONTENT,
    "an underscore": OK + b"Content-Length: 1_0\r\n\r\n" + CONTENT,
    "another base": OK + b"Content-Length: 0x2800\r\n\r\n" + CONTENT,
    "a folded length": OK + b"Content-Length: 1\r\n 0240\r\n\r\n" + CONTENT,
    "no header line": OK + b"nonsense\r\n" + PLAIN,
    "a header line without a name": OK + b": x\r\n" + PLAIN,
    "a carriage return": OK + b"X: a\rContent-Length: 9\r\n" + PLAIN,
    "a NUL": OK + b"X: a\0\r\n" + PLAIN,
}

SIZES = (b"-1", b"+1", b"0x1", b"1_0", b"", b" ", b"g", b"1 1", b"f" * 16, b"1" * 2000)
BROKEN = {
    **{
        f"a size: {size[:20]!r}": OK + CHUNKED + b"\r\n%b\r\nx\r\n0\r\n\r\n" % size
        for size in SIZES
    },
    "a chunk that is longer": OK + CHUNKED + b"\r\n5\r\n" + CONTENT[:9] + b"\r\n0\r\n\r\n",
    "a chunk without its end": OK + CHUNKED + b"\r\n5\r\n" + CONTENT[:5] + b"0\r\n\r\n",
    "a line feed alone": OK + CHUNKED + b"\r\n5\n" + CONTENT[:5] + b"\r\n0\r\n\r\n",
    "no last chunk": OK + CHUNKED + b"\r\n" + CHUNKS[:-5],
    "half a chunk": OK + CHUNKED + b"\r\n" + CHUNKS[:900],
    "half a size": OK + CHUNKED + b"\r\n" + CHUNKS[: CHUNKS.rindex(b"0\r\n\r\n") + 1],
    "half a file": OK + PLAIN[:-900],
    "half a header": OK + LENGTH,
    "too many lines": OK + b"X: y\r\n" * 200 + PLAIN,
    "too long a line": OK + b"X: " + b"y" * 70_000 + b"\r\n" + PLAIN,
    "too many interim answers": b"HTTP/1.1 100 Continue\r\n\r\n" * 50 + OK + PLAIN,
    "another protocol": b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n" + PLAIN,
    "HTTP/2": b"HTTP/2 200\r\n" + PLAIN,
    "no HTTP": b"200 OK\r\n" + PLAIN,
}
#: A check of media reads these as far as it can; what is saved must be all, and as it is.
NOT_ALL = {
    "no length": OK + b"\r\n" + CONTENT,
    "no length, HTTP/1.0": b"HTTP/1.0 200 OK\r\n\r\n" + CONTENT,
    "packed": OK
    + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(gzip.compress(CONTENT))
    + gzip.compress(CONTENT),
    "packed twice": OK + b"Content-Encoding: identity, x\r\n" + PLAIN,
    "a part as if it were all": OK + b"Content-Range: bytes 0-10239/20480\r\n" + PLAIN,
    "a part that nobody asked for": b"HTTP/1.1 206 Part\r\nContent-Range: bytes 0-10239/10240\r\n"
    + PLAIN,
    "no content": b"HTTP/1.1 204 No Content\r\n" + PLAIN,
    "no news": b"HTTP/1.1 304 Not Modified\r\n" + PLAIN,
    "a length of nothing": OK + b"Content-Length: 0\r\n\r\n" + CONTENT,
    "chunks of nothing": OK + CHUNKED + b"\r\n0\r\n\r\n" + CONTENT,
}


@pytest.mark.parametrize("way", [*DOUBTFUL, *BROKEN, *NOT_ALL])
def test_what_is_not_is_never_saved(tmp_path: Path, way: str) -> None:
    step = Step((DOUBTFUL | BROKEN | NOT_ALL)[way], "close")
    with FaultServer(*[step] * 5) as server, pytest.raises(DownloadFailed) as caught:
        save(at(server), tmp_path / "a", options(server))
    assert str(caught.value).startswith(at(server))
    assert str(caught.value).isprintable()
    assert names(tmp_path) == []
    # What is in doubt stays so; what broke off may come whole the next time.
    assert len(server.requests) == (5 if way in BROKEN and "another" not in way else 1) or (
        way.startswith("two lengths")
    )


@pytest.mark.parametrize("way", [*DOUBTFUL, *BROKEN])
def test_what_is_not_is_no_media_either(way: str) -> None:
    step = Step((DOUBTFUL | BROKEN)[way], "close")
    with FaultServer(step, step) as server, pytest.raises(Unreadable) as caught:
        checked(at(server), 10.0)
    assert caught.value.message.startswith(at(server))
    assert caught.value.message.isprintable()


def test_the_words_name_what_is_wrong(tmp_path: Path) -> None:
    with FaultServer(Step(DOUBTFUL["gzip, chunked"], "close")) as server:
        with pytest.raises(DownloadFailed) as caught:
            save(at(server), tmp_path / "a", options(server))
        server.add(Step(DOUBTFUL["gzip, chunked"], "close"))
        with pytest.raises(Unreadable) as unreadable:
            checked(at(server), 10.0)
    doubt = "its Transfer-Encoding is 'gzip, chunked', not 'chunked'"
    assert f"where the server's answer ends is in doubt: {doubt}. Noth" in str(caught.value)
    assert unreadable.value.message == f"{at(server)} can't be read: {doubt}"


# --- no bytes ---


@pytest.mark.parametrize("empty", [whole(b""), chunked(), Step(answer(b"", 204))])
def test_a_file_of_no_bytes_is_a_failure(tmp_path: Path, empty: Step) -> None:
    with FaultServer(empty, whole(), empty) as server:
        urls = [at(server, "/a.png"), at(server, "/b.png")]
        with pytest.raises(DownloadFailed) as caught:
            download(urls, tmp_path, options(server))
        assert (caught.value.url, caught.value.received) == (urls[0], 0)
        assert caught.value.saved == (tmp_path / "b.png",)
        with pytest.raises(DownloadFailed):
            save(urls[0], tmp_path / "c.png", options(server))
    said = "HTTP 204 No Content" if b" 204 " in empty.send else "the server sent a file of no bytes"
    assert said in str(caught.value)
    assert names(tmp_path) == ["b.png"]


def test_what_a_crash_left_under_a_name_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    (tmp_path / "b.png").touch()
    with FaultServer(whole(), whole()) as server:
        download([at(server, "/a.png")], tmp_path, options(server))
        save(at(server, "/x"), tmp_path / "b.png", options(server))
    assert [(tmp_path / name).read_bytes() for name in names(tmp_path)] == [CONTENT, CONTENT]
    assert names(tmp_path) == ["a.png", "b.png"]


# --- in time ---


class Endless(_Listener):
    """Sends a beginning, then the same over and over: a piece each time that *pause* is over."""

    def __init__(self, begin: bytes, piece: bytes, pause: float) -> None:
        super().__init__()
        self._begin = begin
        self._piece = piece
        self._pause = pause

    def serve(self, sock: socket.socket, number: int) -> None:  # noqa: ARG002 - as declared
        with contextlib.suppress(OSError), sock:  # the client has had enough
            sock.recv(65536)
            sock.sendall(self._begin)
            while not self.over.wait(self._pause):
                sock.sendall(self._piece)


class NoPauses(SystemClock):
    """The machine's clock, with which nobody waits between two tries."""

    def sleep(self, seconds: float, /) -> None:
        """Return at once."""


HINT = b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n"
ENDLESS = {
    "a status line": (b"HTTP/1.1 ", b"2"),
    "a header": (OK + b"X: ", b"y"),
    "header lines": (OK, b"X: y\r\n"),
    "100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "103 Early Hints": (b"", HINT),
    "lines of an interim answer": (b"HTTP/1.1 103 Early Hints\r\n", b"X: y\r\n"),
    "a header after interim answers": (HINT * 3 + OK, b"X: y\r\n"),
    "a redirect": (b"HTTP/1.1 302 Found\r\nLocation: /", b"x"),
    "words beside a size": (OK + CHUNKED + b"\r\n5;x=", b"y"),
    "a size": (OK + CHUNKED + b"\r\n", b"0"),
    "a trailer": (OK + CHUNKED + b"\r\n5\r\nabcde\r\n0\r\nX: ", b"y"),
    "trailers": (OK + CHUNKED + b"\r\n5\r\nabcde\r\n0\r\n", b"X: y\r\n"),
    "a body": (OK + LENGTH.replace(b"10240", b"999999999") + b"\r\n", b"x"),
    "chunks": (OK + CHUNKED + b"\r\n", b"1\r\nx\r\n"),
}
#: At full speed, these bring what is asked for, until it is too much.
BODIES = {"a body", "chunks"}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("way", ENDLESS)
def test_a_download_of_what_drips_ends(tmp_path: Path, way: str) -> None:
    """Each piece comes well within the time that a server may be silent."""
    with Endless(*ENDLESS[way], 0.01) as server:
        given = options(server, timeout=0.1, clock=NoPauses())
        with pytest.raises(DownloadFailed) as caught:
            save(at(server), tmp_path / "a", given)
    assert "; it was tried 5 times" in str(caught.value)
    assert names(tmp_path) == []


@pytest.mark.timeout(60)
@pytest.mark.parametrize("way", sorted(ENDLESS.keys() - BODIES))
def test_a_download_of_a_flood_ends(tmp_path: Path, way: str) -> None:
    """It is too much at once, and not only when the time is over."""
    begin, piece = ENDLESS[way]
    with Endless(begin, piece * 1000, 0.0) as server:
        given = options(server, timeout=50.0, clock=NoPauses())
        with pytest.raises(DownloadFailed) as caught:
            save(at(server), tmp_path / "a", given)
    assert "; it was tried 5 times" in str(caught.value)
    assert "timed out" not in str(caught.value)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("way", sorted(ENDLESS))
def test_a_check_of_what_drips_ends(way: str) -> None:
    with Endless(*ENDLESS[way], 0.01) as server, pytest.raises(Unreadable) as caught:
        checked(at(server), 0.2)
    assert "was not read within the 0.2 s that a check of media may take" in caught.value.message


@pytest.mark.timeout(60)
@pytest.mark.parametrize("way", sorted(ENDLESS))
def test_a_request_to_the_api_that_drips_ends(way: str) -> None:
    with Endless(*ENDLESS[way], 0.01) as server:
        transport = transport_to(server, read=0.2)
        outcome = transport.send(asking())
        transport.close()
    reason = outcome.fault if isinstance(outcome, Answer) else outcome.reason
    assert reason is not None
    assert "timed out after 0.2 s" in reason


@pytest.mark.timeout(60)
def test_redirects_that_drip_end(tmp_path: Path) -> None:
    """Each hop may take its time, and there are few; a circle is none."""
    with FaultServer() as server:
        server.add(*[moved(f"/{n}") for n in range(6)])
        with pytest.raises(DownloadFailed, match="it redirects more than 5 times"):
            save(at(server), tmp_path / "a", options(server))
        server.add(moved("/b.bin"), moved("/a.bin"))
        with pytest.raises(DownloadFailed, match="it redirects in a circle"):
            save(at(server), tmp_path / "a", options(server))


# --- what a signal handler raises is the caller's own ---


@pytest.mark.parametrize("error", [TimeoutError, ValueError, ConnectionError, InterruptedError])
@pytest.mark.parametrize("when", ["before an answer", "in a body"])
def test_the_caller_s_own_alarm_ends_a_download(
    tmp_path: Path, error: type[Exception], when: str
) -> None:
    def alarm(*_: object) -> None:
        raise error("the caller's own")

    def later() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.2)

    before = signal.signal(signal.SIGALRM, alarm)
    begin = OK + LENGTH + b"\r\n" + CONTENT[:5] if when == "in a body" else b""
    try:
        with FaultServer(Step(begin, "hang", hook=later)) as server, pytest.raises(error) as caught:
            save(at(server), tmp_path / "a", options(server, timeout=30.0))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert str(caught.value) == "the caller's own"
    assert names(tmp_path) == []


# --- two versions ---


class Versions(FaultServer):
    """Serves two versions of a file, now one and now the other, and rarely to the end."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._dice = random.Random(seed)  # noqa: S311 - the same for the same seed
        size = self._dice.randrange(1, 3000)
        other = self._dice.choice([size, self._dice.randrange(1, 3000)])
        # Every byte tells of which version it is, and where it stands.
        self.versions = (
            bytes(n % 100 for n in range(size)),
            bytes(100 + n % 100 for n in range(other)),
        )
        strong = ('"1"', '"2"')
        self._tags = self._dice.choice([strong, strong, ('W/"1"', 'W/"2"'), ("", "")])
        self._dated = self._dice.random() < 0.5
        self._now = 0
        #: Whether a part was served.
        self.resumed = False

    def _one(self, sock: socket.socket, stream: Any, number: int) -> bool:
        if not stream.peek(1):
            return False
        data, goes_on = self._answer(self.read(stream, number))
        sock.sendall(data)
        return goes_on

    def _answer(self, request: Request) -> tuple[bytes, bool]:
        dice = self._dice
        self._now ^= dice.random() < 0.3
        content, tag = self.versions[self._now], self._tags[self._now]
        asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
        # Some servers don't look at the condition, and some don't name the version of a part.
        heeds = request.headers.get("if-range") == tag or dice.random() < 0.5
        first = int(asked[1]) if asked and heeds else 0
        self.resumed |= first > 0
        lines = self._names_version(tag) if not first or dice.random() < 0.7 else []
        if first >= len(content):
            lines.append(f"Content-Range: bytes */{len(content)}")
            return answer(b"", 416, headers=lines), True
        if first:
            begin = dice.choice([first, first, first, first - 1])
            total = dice.choice([len(content), len(content), len(content) + 1, "*"])
            lines.append(f"Content-Range: bytes {begin}-{len(content) - 1}/{total}")
        return self._framed(content[first:], 206 if first else 200, lines)

    def _names_version(self, tag: str) -> list[str]:
        lines = [f"ETag: {tag}"] if tag else []
        if self._dated:
            lines.append(f"Last-Modified: Tue, 01 Sep 2026 10:00:0{self._now} GMT")
            lines.append("Date: Tue, 01 Sep 2026 10:00:09 GMT")
        return lines

    def _framed(self, body: bytes, status: int, lines: list[str]) -> tuple[bytes, bool]:
        dice = self._dice
        stop = dice.choice([len(body), dice.randrange(len(body) + 1)])
        kind = dice.choice(["length", "length", "chunks", "chunks", "both", "packed"])
        if kind == "length":
            full = answer(body, status, headers=lines)
        elif kind == "packed":
            full = answer(body, status, headers=[*lines, "Transfer-Encoding: gzip, chunked"])
        else:
            both = [f"Content-Length: {stop}"] if kind == "both" and dice.random() < 0.3 else []
            full = chunked(body, headers=[*lines, *both], status=status).send
        if dice.random() < 0.5:
            return full[: full.index(b"\r\n\r\n") + 4 + stop], False
        return full, dice.random() < 0.5


@pytest.mark.timeout(900)
def test_random_resumes_mix_nothing_and_cut_nothing(tmp_path: Path) -> None:
    """RESUMES=2000 has it try more of them."""
    outcomes: Counter[str] = Counter()
    for seed in range(int(os.environ.get("RESUMES", "250"))):
        with Versions(seed) as server:
            try:
                made = save(at(server), tmp_path / str(seed), options(server))
            except DownloadFailed:
                outcomes["failed"] += 1
                continue
        outcomes["resumed" if server.resumed else "saved"] += 1
        assert made.read_bytes() in server.versions, f"seed {seed}"
        made.unlink()
    assert names(tmp_path) == []
    assert min(outcomes.values()) > 5, outcomes
