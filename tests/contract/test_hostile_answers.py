"""A server that is broken or malicious gets the better of nobody.

Whatever it answers, over real sockets: a call ends with a result or with one of our errors, within
the caller's deadline and a bounded memory; a job's id is not lost on the way, and nothing stays
open.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import gzip
import json
import sys
import threading
import time
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import pytest
import support_server
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support_async import AsyncFakeClock
from support_client import TOKEN, FakeClock
from support_journal import output, script
from support_server import FaultServer, Step, answer, says
from support_threads import begun_since
from support_time import little_time

from runcomfy import AsyncClient, Client, errors
from runcomfy_core.http import transport
from runcomfy_core.wire import polls as _polls
from runcomfy_core.wire.polls import NONE_LEFT

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from pathlib import Path

MODEL = "a/b"
OVER = says({"request_id": "r-1", "status": "completed"})

#: Seconds that a call may take here at most, on a machine that is busy with other things.
PATIENCE = 10.0


@pytest.fixture(autouse=True)
def _no_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the last question of a wait more than its second: the machine may stall."""
    monkeypatch.setattr(_polls, "LEAST_LIMIT", 5.0)


# --- the four calls, each with one request that is answered badly ---


def submits(client: Any) -> Any:
    return client.submit(MODEL, {"prompt": "x"})


def asks(client: Any) -> Any:
    return client.job("r-1").wait(timeout=0)


def takes(client: Any) -> Any:
    """Ask for a result; the status before it is answered well."""
    return client.job("r-1").wait(timeout=0)


def cancels(client: Any) -> Any:
    return client.job("r-1").cancel(timeout=5)


CALLS = [submits, asks, takes, cancels]


class Ask(Protocol):
    """Makes one call; returns what it raised."""

    def __call__(
        self, base_url: str, call: Callable[[Any], Any], **options: Any
    ) -> BaseException | None: ...


def in_thread(base_url: str, call: Callable[[Any], Any], **options: Any) -> BaseException | None:
    given: dict[str, Any] = {"clock": FakeClock(), "read_timeout": 5} | options
    with Client(TOKEN, base_url=base_url, **given) as client:
        begin = time.monotonic()
        try:
            call(client)
        except Exception as error:  # noqa: BLE001 - of which kind it is, is what is tested
            return ended(call, error, begin)
        return ended(call, None, begin)


def on_loop(base_url: str, call: Callable[[Any], Any], **options: Any) -> BaseException | None:
    given: dict[str, Any] = {"clock": AsyncFakeClock(), "read_timeout": 5} | options

    async def run() -> BaseException | None:
        async with AsyncClient(TOKEN, base_url=base_url, **given) as client:
            begin = time.monotonic()
            try:
                await call(client)
            except Exception as error:  # noqa: BLE001 - any exception is a finding
                return ended(call, error, begin)
            return ended(call, None, begin)

    return asyncio.run(run())


def ended(call: Callable[[Any], Any], error: Exception | None, begin: float) -> Exception | None:
    """Check what holds for whatever a call raises."""
    assert time.monotonic() - begin < PATIENCE
    if error is not None:
        assert isinstance(error, errors.RunComfyError), repr(error)
        assert str(error).isprintable()
        assert len(str(error)) < 2000
        assert call is submits or vars(error)["request_id"] == "r-1"
    return error


@pytest.fixture(params=[in_thread, on_loop], ids=["Client", "AsyncClient"])
def ask(request: pytest.FixtureRequest) -> Ask:
    chosen: Ask = request.param
    return chosen


@pytest.fixture(scope="module")
def shared() -> Iterator[FaultServer]:
    """One server for all examples; the client has closed every connection at the end."""
    with FaultServer() as server:
        yield server
        for _ in range(server.connections):
            assert server.closed.acquire(timeout=PATIENCE)
    gc.collect()  # a socket that nobody closed is a ResourceWarning, which is an error


@pytest.fixture
def server(shared: FaultServer) -> FaultServer:
    play(shared)
    return shared


def play(server: FaultServer, *script: Step) -> None:
    """Begin a new script."""
    server._script.clear()
    server.requests.clear()
    server.add(*script)


def meet(
    server: FaultServer,
    call: Callable[[Any], Any],
    step: Step,
    ask: Ask = in_thread,
    **options: Any,
) -> BaseException | None:
    """Make one call that is answered with *step*."""
    play(server, *([OVER] if call is takes else []), step)
    error = ask(server.base_url, call, **options)
    # Nothing was asked for twice, and nothing else.
    paths = [one.path.rpartition("/")[2] for one in server.requests]
    result = "result?include_cost=true"
    expected: dict[object, list[str]]
    expected = {submits: ["b"], asks: ["status"], takes: ["status", result], cancels: ["cancel"]}
    # A status may say that the job is over.
    assert paths == expected[call] or (call is asks and paths == expected[takes])
    return error


# --- what is known to be nasty ---

DEEP = 100_000
LONG = b"9" * 5000
ID = b'{"request_id": "r-1", "status": "completed", "x": '


def text(begin: bytes, *lines: bytes, body: bytes = b"") -> Step:
    """An answer as its bytes."""
    return Step(b"\r\n".join([begin, *lines, b"", body]), "close")


def ok(*lines: bytes, body: bytes = b"{}") -> Step:
    return text(b"HTTP/1.1 200 OK", *lines, body=body)


CHUNKED = b"Transfer-Encoding: chunked"
BODIES = {
    "deep lists": b"[" * DEEP + b"]" * DEEP,
    "deep objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "deep inside": ID + b"[" * DEEP + b"]" * DEEP + b"}",
    "a deep status": b'{"status": ' + b"[" * 500 + b"]" * 500 + b"}",
    "a long integer": b'{"status": "completed", "queue_position": ' + LONG + b"}",
    "an integer just short enough": b'{"status": "x", "error_code": ' + LONG[:4300] + b"}",
    "a float beyond floats": b'{"status": "completed", "cost": 1e999, "error_code": -1e999}',
    "NaN": b'{"status": "completed", "cost": NaN, "queue_position": -Infinity, "output": NaN}',
    "not UTF-8": b'{"status": "\xff\xfe", "request_id": "r-1"}',
    "UTF-16": '{"status": "completed"}'.encode("utf-16"),
    "a BOM": b'\xef\xbb\xbf{"status": "completed", "request_id": "r-1"}',
    "two BOMs": b"\xef\xbb\xbf" * 2 + b"{}",
    "half surrogates": b'{"status": "\\ud800", "outcome": "\\udfff", "error": "\\ud800"}',
    "control characters": b'{"status": "\\u0000\\u001b[2J\\r\\n", "message": "\\u202e"}',
    "a line break in a text": b'{"status": "a\nb"}',
    "names twice": b'{"status": "failed", "status": "x", "request_id": 1, "request_id": "r-1"}',
    "many values": b'{"output": [' + b"[]," * 600_000 + b"1]}",
    "a long word": b'{"status": "' + b"a" * 100_000 + b'", "outcome": "' + b"b" * 100_000 + b'"}',
    "long words of an error": b'{"error_code": "' + b"a" * 100_000 + b'", "detail": "x"}',
    "a text": b'"completed"',
    "a number": b"1e999",
    "null": b"null",
    "two": b"{}{}",
    "NUL": b"\x00" * 1000,
    "a bomb": b"",
}
BOMB = gzip.compress(b"[" * 1_000_000)
PACKED = b"Content-Encoding: gzip"
ANSWERS = {
    **{name: Step(answer(body)) for name, body in BODIES.items()},
    **{f"400, {name}": Step(answer(body, 400)) for name, body in BODIES.items()},
    "too short a length": ok(b"Content-Length: 1", body=b'{"status": "completed"}'),
    "too great a length": ok(b"Content-Length: 999"),
    "a length below zero": ok(b"Content-Length: -1"),
    "two lengths": ok(b"Content-Length: 2", b"Content-Length: 3"),
    "a length in words": ok(b"Content-Length: two"),
    "a length of 5,000 digits": ok(b"Content-Length: " + LONG),
    "a length in other digits": ok("Content-Length: ٢".encode()),
    "a length and chunks": ok(b"Content-Length: 5", CHUNKED, body=b"2\r\n{}\r\n0\r\n\r\n"),
    "no chunks": ok(CHUNKED, body=b"zz\r\n{}"),
    "a chunk below zero": ok(CHUNKED, body=b"-5\r\n{}\r\n0\r\n\r\n"),
    "a chunk without end": ok(CHUNKED, body=b"f" * 16 + b"\r\n{}"),
    "chunks cut off": ok(CHUNKED, body=b"2\r\n{}\r\n"),
    "a chunk's long extension": ok(CHUNKED, body=b"2;" + b"x" * 100_000 + b"\r\n{}\r\n0\r\n\r\n"),
    "many trailers": ok(CHUNKED, body=b"2\r\n{}\r\n0\r\n" + b"X: y\r\n" * 10_000 + b"\r\n"),
    "tiny chunks": ok(CHUNKED, body=b"1\r\n \r\n" * 20_000 + b"0\r\n\r\n"),
    "another coding": ok(b"Transfer-Encoding: gzip, chunked"),
    "a gzip that is none": ok(PACKED),
    "a gzip cut off": ok(PACKED, body=BOMB[:500]),
    "a gzip of a deep text": ok(PACKED, body=BOMB),
    "a gzip twice": ok(b"Content-Encoding: gzip, gzip", body=gzip.compress(BOMB)),
    "10,000 headers": ok(*[b"X: y"] * 10_000),
    "a header of 10 MB": ok(b"X: " + b"y" * 10_000_000),
    "a header's name of 10 MB": ok(b"X" * 10_000_000),
    "headers that are none": ok(b"\x00", b": x", b" folded", b"\xff\xfe: \x85"),
    "headers of a message": ok(b"Content-Type: multipart/mixed; boundary=x", b"Content-Length: 2"),
    "headers without end": Step(b"HTTP/1.1 200 OK\r\nX: y\r\n", "close"),
    "line feeds alone": Step(b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}", "close"),
    "10,000 times 100": Step(b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000, "close"),
    **{
        f"{line[:20]!r}": text(line)
        for line in (
            b"",
            b"HTTP/1.1",
            b"HTTP/1.1 OK",
            b"HTTP/1.1 099 OK",
            b"HTTP/1.1 1000 OK",
            b"HTTP/1.1 -20 OK",
            "HTTP/1.1 ٢٠٠ OK".encode(),
            b"HTTP/1.1 101 Switching Protocols",
            b"HTTP/1.1 103 Early Hints",
            b"HTTP/1.1 999 OK",
            b"HTTP/9.9 200 OK",
            b"ICY 200 OK",
            b"\x16\x03\x01\x02",
            b"HTTP/1.1 200 " + b"x" * 100_000,
        )
    },
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("step", ANSWERS.values(), ids=ANSWERS)
def test_what_is_known_to_be_nasty(server: FaultServer, ask: Ask, step: Step) -> None:
    for call in CALLS:
        meet(server, call, step, ask)


def test_a_deep_answer_takes_no_time(server: FaultServer) -> None:
    step = Step(answer(b'{"a":' * 1_000_000))
    with little_time(5):  # quadratic time would take hours
        assert isinstance(meet(server, cancels, step), errors.UnexpectedResponse)


def test_as_deep_as_can_be_read(server: FaultServer) -> None:
    """What is done with an answer needs a stack too; some depths leave none for it."""
    deepest = 10
    with contextlib.suppress(RecursionError):
        while deepest < DEEP:
            json.loads("[" * deepest + "]" * deepest)
            deepest += 10
    for depth in range(max(1, deepest - 150), deepest + 10):
        nested = b"[" * depth + b"]" * depth
        for call, body in [
            (cancels, b'{"detail": [{"loc": [1, %b, "x"], "msg": "m"}]}'),
            (submits, b'{"request_id": %b}'),
            (asks, b'{"status": "x", "queue_position": %b}'),
        ]:
            meet(server, call, Step(answer(body % nested, 422 if call is cancels else 200)))


@pytest.mark.parametrize("depth", [100, 700, 900, 950, 980])
def test_a_deep_output_is_not_lost_to_the_journal(
    server: FaultServer, ask: Ask, tmp_path: Path, depth: int
) -> None:
    nested = b"[" * depth + b"]" * depth
    body = b'{"request_id": "r-1", "status": "succeeded", "output": %b}' % nested
    play(server, says({"request_id": "r-1"}), OVER, Step(answer(body)))
    results: list[Any] = []

    def run(client: Any) -> Any:
        if isinstance(client, Client):
            results.append(client.submit(MODEL, {}).wait(timeout=0))
            return None

        async def go() -> None:
            results.append(await (await client.submit(MODEL, {})).wait(timeout=0))

        return go()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the journal says that it has no room for it
        error = ask(server.base_url, run, journal=tmp_path / "journal.sqlite3")
    # Either it could be read, and is there; or it never could, and its job is.
    assert bool(results) is (error is None)
    assert error is None or isinstance(error, errors.WaitTimeout)


# --- answers that never end ---


class Stream(support_server._Listener):
    """Answers with a beginning, then a block again and again, with a pause before each.

    With *count*, that often, and then with an end.
    """

    def __init__(
        self,
        begin: bytes,
        block: bytes,
        *,
        pause: float = 0.0,
        count: int = sys.maxsize,
        end: bytes = b"",
    ) -> None:
        super().__init__()
        self._parts = (begin, block, end)
        self._pause = pause
        self._count = count
        #: Whether the status, which is asked for before a result, is answered well.
        self.result = False
        self.base_url = f"http://127.0.0.1:{self.port}/v1"

    def serve(self, sock: socket.socket, number: int) -> None:
        begin, block, end = self._parts
        with contextlib.suppress(OSError), sock, sock.makefile("rb") as stream:
            while stream.peek(1):
                request = support_server._read(stream, number)
                if self.result and request.path.endswith("/status"):
                    sock.sendall(OVER.send)
                    continue
                sock.sendall(begin)
                for _ in range(self._count):
                    if self.over.wait(self._pause):
                        return
                    sock.sendall(block)
                sock.sendall(end)


HEAD = b"HTTP/1.1 200 OK\r\n"
BODY = HEAD + b"Content-Length: 10000000000\r\n\r\n"
MANY = 16 * 1024
ENDLESS: dict[str, tuple[bytes, bytes]] = {
    "a status line": (b"HTTP/1.1 200 ", b"x" * MANY),
    "a header": (HEAD + b"X: ", b"y" * MANY),
    "headers": (HEAD, b"X: y\r\n" * 1000),
    "100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "100 Continue with headers": (b"", b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" * 1000),
    "a body": (BODY + ID + b'"', b"a" * MANY),
    "a body without length": (HEAD + b"\r\n" + ID + b'"', b"a" * MANY),
    "chunks": (HEAD + CHUNKED + b"\r\n\r\n", b"4000\r\n" + b"a" * MANY + b"\r\n"),
    "chunks of a byte": (HEAD + CHUNKED + b"\r\n\r\n", b"1\r\na\r\n" * 1000),
    "a chunk's size": (HEAD + CHUNKED + b"\r\n\r\n", b"0" * MANY),
    "trailers": (HEAD + CHUNKED + b"\r\n\r\n0\r\n", b"X: y\r\n" * 1000),
    "a bomb": (HEAD + PACKED + b"\r\n\r\n", gzip.compress(b"a" * 1_000_000)),
}
SLOW: dict[str, tuple[bytes, bytes]] = {
    "nothing": (b"", b""),
    "a status line": (b"", b"H"),
    "a header": (HEAD + b"X: ", b"y"),
    "a byte of 100 Continue": (b"HTTP/1.1 100 Continue\r\nX: ", b"y"),
    "100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a body": (BODY + ID + b'"', b"a"),
    "a chunk": (HEAD + CHUNKED + b"\r\n\r\nfff\r\n", b"a"),
    "chunks": (HEAD + CHUNKED + b"\r\n\r\n", b"1\r\na\r\n"),
    "a chunk's size": (HEAD + CHUNKED + b"\r\n\r\n", b"0"),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("begin", "block", "pause"),
    [
        *[pytest.param(*parts, 0.0, id=f"endless {name}") for name, parts in ENDLESS.items()],
        *[pytest.param(*parts, 0.02, id=f"slowly {name}") for name, parts in SLOW.items()],
    ],
)
def test_answers_without_end(
    monkeypatch: pytest.MonkeyPatch,
    call: Callable[[Any], Any],
    begin: bytes,
    block: bytes,
    pause: float,
) -> None:
    """A read timeout bounds all of an answer, and a limit all that is kept of it."""
    monkeypatch.setattr(transport, "MAX_BODY", 4 * 1024 * 1024)  # quicker; 64 MiB stand below
    with Stream(begin, block, pause=pause) as stream:
        stream.result = call is takes
        start = time.monotonic()
        error = in_thread(stream.base_url, call, read_timeout=0.3)
        assert time.monotonic() - start < PATIENCE
    assert isinstance(error, errors.RunComfyError)
    if call is submits:
        assert type(error) is errors.SubmissionUncertain
        assert error.request_id == ("r-1" if ID in begin else None)


def test_nothing_is_left_behind() -> None:
    earlier = set(threading.enumerate())
    with Stream(BODY, b"a" * MANY, pause=0.01) as stream:
        for ask in (in_thread, on_loop):
            assert ask(stream.base_url, cancels, read_timeout=0.1) is not None
            deadline = time.monotonic() + PATIENCE
            while begun_since(earlier):
                assert time.monotonic() < deadline
                threading.Event().wait(0.01)
    # Leaving the block joined the server's threads: each connection had been closed by the client
    # or by that. A socket that the client forgot would be a ResourceWarning.
    gc.collect()


# --- memory ---

MEASURED = """
import resource, sys
from runcomfy import Client, errors
with Client("token-of-a-test", base_url=sys.argv[1]) as client:
    try:
        client.job("r-0").cancel(timeout=1)  # so that all is imported
    except errors.RunComfyError:
        pass
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        if sys.argv[2] == "submit":
            client.submit("a/b", {"prompt": "x"})
        elif sys.argv[2] == "status":
            client.job("r-1").status()
        else:
            client.job("r-1").wait()
    except errors.RunComfyError as error:
        print(type(error).__name__, error.request_id)
    else:
        print("no error")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""

MAX = 64 * 1024 * 1024
ANSWERED = b'{"request_id": "r-1", "status": "succeeded", "x": '
EMOJI = "😀".encode()


class Large(Stream):
    """The same; a cancel is answered well, and shortly."""

    def serve(self, sock: socket.socket, number: int) -> None:
        # Any, as the type of a buffered reader of a socket.
        stream: Any
        with contextlib.suppress(OSError), sock, sock.makefile("rb") as stream:
            support_server._read(stream, number)
            sock.sendall(answer({"outcome": "cancelled"}))
            super().serve(sock, number)


def large(begin: bytes, block: bytes, end: bytes, size: int = MAX) -> Large:
    """An answer of *size* bytes, about all of which is a block, repeated."""
    count = (size - len(begin) - len(end)) // (len(block) * 1000)
    length = len(begin) + count * 1000 * len(block) + len(end)
    begin = HEAD + b"Content-Length: %d\r\n\r\n" % length + begin
    return Large(begin, block * 1000, count=count, end=end)


#: What the server answers, and how many MiB it may take, by who asks. The answer itself has 64.
MEMORY: dict[str, tuple[Callable[[], Large], str, dict[str, int]]] = {
    "a text": (
        partial(large, ANSWERED + b'"', b"a" * 64, b'"}'),
        "no error",
        {"submit": 100, "status": 170, "result": 170},
    ),
    "a wide text": (
        partial(large, ANSWERED + '"두'.encode(), b"a" * 64, b'"}'),
        "no error",
        {"submit": 100, "status": 230},
    ),
    # In Python, such a text takes 256 MiB.
    "a text with an emoji": (
        partial(large, ANSWERED + b'"' + EMOJI, b"a" * 64, b'"}'),
        "no error",
        {"submit": 100, "status": 360, "result": 360},
    ),
    "a text with an emoji and escapes": (
        partial(large, ANSWERED + b'"' + EMOJI, b"\\n" + b"a" * 62, b'"}'),
        "no error",
        {"submit": 100, "result": 430},
    ),
    "a text beside an emoji": (
        partial(large, ANSWERED + b'["' + EMOJI + b'", "', b"a" * 64, b'"]}'),
        "no error",
        {"submit": 100, "status": 170, "result": 170},
    ),
    "short texts and an emoji": (
        partial(large, ANSWERED + b'["' + EMOJI + b'"', b',"%b"' % (b"a" * 96), b"]}"),
        "no error",
        {"submit": 340, "result": 340},
    ),
    "a key with an emoji": (
        partial(large, ANSWERED + b'1, "' + EMOJI, b"a" * 64, b'": 1}'),
        "no error",
        {"submit": 100, "result": 360},
    ),
    "a text without an end": (
        partial(large, ANSWERED + b'"', b'\\"' * 32, b""),
        "SubmissionUncertain r-1",
        {"submit": 200},
    ),
    "lists": (
        partial(large, ANSWERED + b"[", b"[],", b"1]}"),
        "SubmissionUncertain r-1",
        {"submit": 100},
    ),
    "objects": (
        partial(large, ANSWERED + b"[", b'{"":1},', b"1]}"),
        "SubmissionUncertain r-1",
        {"submit": 100},
    ),
    "a million numbers": (
        partial(large, ANSWERED + b"[", b"1,", b"1]}", 1_900_000),
        "no error",
        {"submit": 40},
    ),
    "half a million objects": (
        partial(large, ANSWERED + b"[", b'{"":1},', b"1]}", 3_400_000),
        "no error",
        {"submit": 160},
    ),
    "too large": (
        partial(large, ANSWERED + b'"', b"a" * 64, b'"}', 10 * MAX),
        "SubmissionUncertain r-1",
        {"submit": 100},
    ),
}


@pytest.mark.skipif(sys.platform != "linux", reason="measures in Linux's units")
@pytest.mark.parametrize(
    ("name", "asks"), [(name, asks) for name, (_, _, most) in MEMORY.items() for asks in most]
)
def test_memory_has_a_bound(name: str, asks: str) -> None:
    given, said, most = MEMORY[name]
    with given() as stream:
        stream.result = asks == "result"
        words, used = output(script(MEASURED, stream.base_url, asks)).splitlines()
    assert words == said
    assert int(used) < most[asks]


# --- what is kept ---


@pytest.mark.parametrize(
    "step",
    [
        ok(b"Content-Length: 999", body=ID),
        ok(CHUNKED, body=b"%x\r\n%b\r\nzz" % (len(ID), ID)),
        ok(PACKED, body=gzip.compress(ID + b'"a"}')[:-9]),
        ok(PACKED, body=gzip.compress(ID + b'"' + b"a" * 4_000_000 + b'"}')),
        *[
            Step(answer(ID + rest))
            for rest in (
                b"[" * DEEP,
                LONG + b"}",
                b'"\xff"}',
                b"1}{}",
                b"[" + b"0," * 1_000_001 + b"0]}",
                b'"' + b"a" * 4_000_000 + b'"}',
            )
        ],
        Step(answer(b"[" + ID + b"1}]")),
        Step(answer(ID + b'"a"}', 500)),
    ],
)
def test_a_usable_id_in_a_broken_answer_is_kept(
    monkeypatch: pytest.MonkeyPatch, server: FaultServer, ask: Ask, step: Step
) -> None:
    monkeypatch.setattr(transport, "MAX_BODY", 3_000_000)
    error = meet(server, submits, step, ask)
    assert isinstance(error, errors.SubmissionUncertain)
    assert error.request_id == "r-1"


@pytest.mark.parametrize(
    "request_id",
    [
        "/../", "a/../b", "..", ".", "", " ", "a b", "r-1\n", "r-1\r\nX: y", "r?x=1", "r#x", "%2e",
        "٣", "r\u200b", "\ud800", "\x00", "x" * 129, "x" * 10_000, None, 7, 1.5, True, ["r-1"],
        {"a": "r-1"}, "http://127.0.0.1:1/x", "r-1;x", "é", "\uff52-1",
    ],
)  # fmt: skip
def test_what_is_no_request_id(server: FaultServer, ask: Ask, request_id: object) -> None:
    error = meet(server, submits, says({"request_id": request_id, "status": "in_queue"}), ask)
    assert isinstance(error, errors.SubmissionUncertain)
    assert error.request_id is None
    assert "the answer has no usable request id" in str(error)


def test_urls_in_answers_are_never_followed(server: FaultServer, ask: Ask) -> None:
    with FaultServer() as elsewhere:
        base = f"{elsewhere.base_url}/requests/r-1"
        headers = [f"Location: {base}", f"Content-Location: {base}", f"Refresh: 0; url={base}"]
        headers += [f"Link: <{base}>; rel=next", f"Alt-Svc: http/1.1=127.0.0.1:{elsewhere.port}"]
        urls = {f"{name}_url": f"{base}/{name}" for name in ("status", "result", "cancel")}
        told = {"request_id": "r-1", **urls}
        play(
            server,
            says({**told, "status": "in_queue"}, 202, headers=headers),
            says({**told, "status": "completed"}, headers=headers),
            says({**told, "status": "succeeded", "output": {"image": base}}, headers=headers),
            says({**told, "outcome": "cancelled"}, 202, headers=headers),
        )
        for call in CALLS[:2] + CALLS[3:]:
            assert ask(server.base_url, call) is None
        for call in CALLS:
            error = meet_redirect(server, call, headers, ask)
            assert isinstance(error, errors.RunComfyError)
    assert elsewhere.connections == 0
    assert [one.path for one in server.requests] == ["/v1/requests/r-1/cancel"]


def meet_redirect(
    server: FaultServer, call: Callable[[Any], Any], headers: list[str], ask: Ask
) -> BaseException | None:
    return meet(server, call, says(b"", 307, headers=headers), ask)


PAUSES = {
    "-5": None, "1e9": None, "NaN": None, "inf": None, "٣": None, "0x10": None, "": None,
    "9" * 9: 3600.0, "9" * 10: None, "9" * 5000: None, "5, 5": None,
    "Mon, 01 Jan 0001 00:00:00 GMT": 0.0, "Thu, 01 Jan 1970 00:00:00 GMT": 0.0,
    "Fri, 31 Dec 9999 23:59:59 GMT": 3600.0, "Fri, 31 Dec 9999 23:59:59 -2359": 3600.0,
    "Mon, 99 Foo 99999 99:99:99 +9999": None, "(" * 5000: None, "soon": None,
}  # fmt: skip


@pytest.mark.parametrize(("value", "seconds"), PAUSES.items())
def test_pauses_that_a_server_asks_for(
    server: FaultServer, value: str, seconds: float | None
) -> None:
    step = Step(answer({}, 429, headers=[f"Retry-After: {value}"]))
    clock = FakeClock()
    play(server, *[step] * 4)
    error = in_thread(server.base_url, submits, clock=clock, submit_deadline=60)
    assert isinstance(error, errors.RateLimited)
    assert error.retry_after == seconds
    assert sum(clock.sleeps) <= 60
    assert len(server.requests) == (1 if seconds else 4)
    # A wait pauses for as long as it may, and no longer.
    clock = FakeClock()
    play(server, *[step] * 40)
    error = in_thread(server.base_url, lambda one: one.job("r-1").wait(timeout=30), clock=clock)
    assert isinstance(error, errors.WaitTimeout)
    assert sum(clock.sleeps) == pytest.approx(30, abs=NONE_LEFT)


# --- what nobody thought of ---

WORDS = st.sampled_from(
    ["in_queue", "completed", "succeeded", "failed", "cancelled", "Canceled", "r-1", "x", ""]
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**4299, -(10**18), 400002, 400005, 429001, 500001, 0])
    | st.floats()
    | st.text(st.characters(codec=None))
    | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["message", "detail", "loc", "msg", "x"]), inner)
    ),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["request_id", "status", "queue_position", "status_url", "result_url", "cancel_url", "outcome",
     "output", "error", "created_at", "finished_at", "cost", "error_code", "error_message",
     "message", "detail", "instance_id"]
)  # fmt: skip
STATUSES = st.sampled_from([200, 200, 200, 202, 204, 302, 304, 400, 404, 408, 422, 429, 500, 503])
EXAMPLES = settings(max_examples=100, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("call", CALLS)
@EXAMPLES
@given(fields=st.dictionaries(FIELDS, JSON, max_size=8), status=STATUSES)
def test_any_value_in_any_field(
    shared: FaultServer, call: Callable[[Any], Any], fields: dict[str, Any], status: int
) -> None:
    meet(shared, call, Step(answer(fields, status), "close"), submit_attempts=1)


WELL = answer(
    {
        "request_id": "r-1",
        "status": "succeeded",
        "outcome": "cancelled",
        "queue_position": 3,
        "output": {"images": ["https://x/a.png"]},
        "error": {"message": "m"},
        "cost": 0.25,
    },
    headers=["Content-Type: application/json", "Retry-After: 3", "Connection: keep-alive"],
)
#: Where an answer is changed, by how many bytes, and to what.
CHANGES = st.lists(
    st.tuples(
        st.integers(0, len(WELL)),
        st.integers(0, 40),
        st.binary(max_size=8)
        | st.sampled_from(
            [b"\r\n", b"\r\n\r\n", b'"', b"{", b"[", b"\\", b",", b":", b"\x00", b"\xff"]
        ),
    ),
    min_size=1,
    max_size=6,
)


@pytest.mark.parametrize("call", CALLS)
@EXAMPLES
@given(changes=CHANGES)
def test_any_change_of_a_sound_answer(
    shared: FaultServer, call: Callable[[Any], Any], changes: list[tuple[int, int, bytes]]
) -> None:
    changed = WELL
    for place, length, new in changes:
        changed = changed[:place] + new + changed[place + length :]
    meet(shared, call, Step(changed, "close"))


@pytest.mark.parametrize("call", CALLS)
@EXAMPLES
@given(
    lines=st.lists(st.binary(max_size=60), max_size=6),
    begin=st.sampled_from([b"", b"HTTP/1.1 ", b"HTTP/1.1 200 OK\r\n", BODY]),
)
def test_any_bytes(
    shared: FaultServer, call: Callable[[Any], Any], lines: list[bytes], begin: bytes
) -> None:
    meet(shared, call, Step(begin + b"\r\n".join(lines), "close"))
