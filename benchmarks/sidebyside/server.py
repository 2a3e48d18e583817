"""A server that is faster than any client here: canned answers from one event loop.

It runs in a separate process, so that its work doesn't count as the clients'. It knows a job's
round for each API: submission, some polls until the job is over, and the result. It also serves a
picture, whole or by range.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from typing import TYPE_CHECKING, Any, Self

from .picture import png

if TYPE_CHECKING:
    from collections.abc import Callable

_IMAGE = "https://example.com/out.png"
_RANGE = re.compile(rb"\r\nrange: *bytes=([0-9]+)-([0-9]*)", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_PATIENCE = 10.0


class Jobs:
    """The jobs of all APIs, with the number of polls of each.

    Args:
        base: The server's own address.
        polls: The number of the poll at which a job is over.
        picture: The bytes of the picture.
    """

    def __init__(self, base: str, polls: int, picture: bytes) -> None:
        self._base = base
        self._polls = polls
        self._asked: Counter[bytes] = Counter()
        self._picture = picture
        self._next = 0
        self._sent = 0

    def answer(self, request: bytes) -> bytes:
        """The answer to a request."""
        method, target, _ = request.split(b" ", 2)
        path, _, query = target.partition(b"?")
        if method == b"POST":
            return self._take(path)
        if path.endswith(b"/result"):
            return _json(200, {"request_id": _name(path), **_RESULT})
        if path.endswith(b"/status"):
            # RunComfy's states are in lower case, fal's in upper case. Only fal sends this query.
            return self._status(path, loud=query.startswith(b"logs="))
        if path.startswith(b"/v1/predictions/"):
            return self._prediction(path)
        return self._rest(path, request)

    def _take(self, path: bytes) -> bytes:
        self._next += 1
        name = f"r-{self._next}"
        if path == b"/v1/predictions":
            return _json(201, _prediction(name, "starting"))
        there = f"{self._base}/v1/requests/{name}"
        # The answer has the keys of both APIs; "response_url" is fal's.
        return _json(
            200,
            {
                "request_id": name,
                "status": "in_queue",
                "status_url": f"{there}/status",
                "result_url": f"{there}/result",
                "response_url": f"{there}/result",
                "cancel_url": f"{there}/cancel",
            },
        )

    def _status(self, path: bytes, *, loud: bool) -> bytes:
        state = "completed" if self._over(path) else "in_progress"
        more: dict[str, object] = {"logs": None, "metrics": {}} if loud else {}
        state = state.upper() if loud else state
        return _json(200, {"request_id": _name(path), "status": state, **more})

    def _prediction(self, path: bytes) -> bytes:
        name = path.rpartition(b"/")[2].decode()
        state = "succeeded" if self._over(path) else "processing"
        return _json(200, _prediction(name, state))

    def _over(self, job: bytes) -> bool:
        self._asked[job] += 1
        return self._asked[job] >= self._polls

    def _rest(self, path: bytes, request: bytes) -> bytes:
        if path == b"/picture.png":
            return self._part(request)
        return _json(200, {"cpu": time.process_time(), "picture_bytes": self._sent})

    def _part(self, request: bytes) -> bytes:
        total = len(self._picture)
        wanted = _RANGE.search(request)
        begin = int(wanted[1]) if wanted else 0
        end = min(int(wanted[2]) + 1, total) if wanted and wanted[2] else total
        part = self._picture[begin:end]
        self._sent += len(part)
        where = f"Content-Range: bytes {begin}-{end - 1}/{total}\r\n" if wanted else ""
        return (
            f"HTTP/1.1 {206 if wanted else 200} OK\r\nContent-Type: image/png\r\n{where}"
            f"Accept-Ranges: bytes\r\nContent-Length: {len(part)}\r\n\r\n"
        ).encode() + part


def _prediction(name: str, state: str) -> dict[str, Any]:
    """Return a prediction as Replicate's API describes it."""
    return {
        "id": name,
        "model": "vendor/model",
        "version": "1",
        "status": state,
        "input": {"prompt": "p"},
        "output": _IMAGE if state == "succeeded" else None,
        "logs": "",
        "error": None,
        "metrics": {},
        "created_at": "2026-01-01T00:00:00Z",
        "started_at": "2026-01-01T00:00:00Z",
        "completed_at": None,
        "urls": {},
    }


def _json(status: int, body: object) -> bytes:
    content = json.dumps(body).encode()
    return (
        f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    ).encode() + content


def _name(path: bytes) -> str:
    return path.rsplit(b"/", 2)[1].decode()


_RESULT = {
    "status": "succeeded",
    "output": {"image": _IMAGE},
    "created_at": "2026-01-01T00:00:00Z",
    "finished_at": "2026-01-01T00:00:01Z",
}


class _Connection(asyncio.Protocol):
    """One connection: requests in, answers out, each after the same time."""

    def __init__(self, answer: Callable[[bytes], bytes], latency: float) -> None:
        self._answer = answer
        self._latency = latency
        self._buffer = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101 - a server always gets this type
        self._transport = transport

    def connection_lost(self, _: Exception | None, /) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._buffer, 0, end)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._buffer) < whole:
                return
            request, self._buffer = self._buffer[:whole], self._buffer[whole:]
            self._reply(self._answer(request))

    def _reply(self, answer: bytes) -> None:
        if self._latency:
            asyncio.get_running_loop().call_later(self._latency, self._write, answer)
        else:
            self._write(answer)

    def _write(self, answer: bytes) -> None:
        if self._transport is not None:
            self._transport.write(answer)


class Server:
    """The server in a process of its own, until the block is left.

    Args:
        latency: Seconds until an answer.
        polls: At which question a job is over.
    """

    def __init__(self, latency: float = 0.0, polls: int = 2) -> None:
        self._arguments = ["--latency", str(latency), "--polls", str(polls)]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603 - this package
            [sys.executable, "-m", __name__, *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        port = self._process.stdout.readline().strip()
        self.origin = f"http://127.0.0.1:{port}"
        return self

    def __exit__(self, *_: object) -> None:
        # The child ends when its input is closed, however this process ends.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.communicate(timeout=_PATIENCE)
        self._process.kill()
        self._process.wait()

    def counts(self) -> dict[str, float]:
        """Return the server's CPU seconds and the bytes of the picture that it has sent so far."""
        with urllib.request.urlopen(f"{self.origin}/counts", timeout=_PATIENCE) as answer:  # noqa: S310 - its own
            found: dict[str, float] = json.load(answer)
        return found


async def _serve(latency: float, polls: int) -> None:
    loop = asyncio.get_running_loop()
    jobs: Jobs | None = None

    def answer(request: bytes) -> bytes:
        assert jobs is not None  # noqa: S101 - made before the port is told
        return jobs.answer(request)

    server = await loop.create_server(
        lambda: _Connection(answer, latency), "127.0.0.1", 0, backlog=4096
    )
    port = server.sockets[0].getsockname()[1]
    jobs = Jobs(f"http://127.0.0.1:{port}", polls, png())
    print(port, flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--polls", type=int, default=2)
    options = parser.parse_args()
    asyncio.run(_serve(options.latency, options.polls))
