"""An API that kills the maps that ask it, spoils a quarter of its answers, and counts what it took.

It runs in the process of the tests. The maps are processes of their own; each has a token of its
own, by which the API knows whom to kill.
"""

from __future__ import annotations

import json
import random
import socket
import struct
import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, Literal

import attrs
from support_server import _Listener, _read, answer

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

#: The share of answers, to submissions and to questions, that are spoilt.
FAULTS: Final = 0.25

#: How a submission may be spoilt: whether a job is made of it, and whether its answer leaves that
#: open and names no request id.
SPOILT: Final[dict[str, tuple[bool, bool]]] = {
    "dropped before it was taken": (False, True),
    "dropped after it was taken": (True, True),
    "reset after it was taken": (True, True),
    "cut off after the request id": (True, False),
    "cut off before the request id": (True, True),
    "garbled": (True, True),
    "HTTP 500, and taken": (True, True),
    "HTTP 502, and not taken": (False, True),
    "HTTP 504 with the request id": (True, False),
    "HTTP 429": (False, False),
    "HTTP 503 with Retry-After": (False, False),
    "HTTP 400, no balance": (False, False),
    "slow": (True, False),
}

#: Where in a submission, or in a question about a job, the process that sent it is killed.
Place = Literal["read", "taken", "answered", "asked"]

#: Seconds that a slow answer takes.
_SLOW: Final = 0.1

#: Maps over inputs, and prints what came of each. Its clock is fast: a pause of a second takes 10
#: ms.
MAP: Final = """
import asyncio, json, signal, sys, time
from runcomfy import AsyncClient, Client, Result, errors

base_url, journal, count, token, way, handler = sys.argv[1:]

class Fast:
    def monotonic(self):
        return time.monotonic() * 100
    def sleep(self, seconds):
        time.sleep(seconds / 100)

class AsyncFast(Fast):
    async def sleep(self, seconds):
        await asyncio.sleep(seconds / 100)

def leave(*_):
    sys.exit(143)

if handler == "handler":
    signal.signal(signal.SIGTERM, leave)

inputs = [{"prompt": f"number {n}"} for n in range(int(count))]
settings = {"base_url": base_url, "journal": journal, "read_timeout": 30}
found = []

def note(value, outcome):
    said = outcome.output["video"] if isinstance(outcome, Result) else type(outcome).__name__
    found.append((value["prompt"], said, getattr(outcome, "request_id", None)))

def plain():
    with Client(token, clock=Fast(), **settings) as client:
        for value, outcome in client.map("a/b", inputs, max_in_flight=16):
            note(value, outcome)

async def on_a_loop():
    async with AsyncClient(token, clock=AsyncFast(), **settings) as client:
        async for value, outcome in client.map("a/b", inputs, max_in_flight=16):
            note(value, outcome)

if way == "sync":
    plain()
elif way == "async":
    asyncio.run(on_a_loop())
else:
    loop = asyncio.new_event_loop()
    loop.run_until_complete(on_a_loop())
    loop.close()
print(json.dumps(found))
"""


@attrs.frozen
class Post:
    """A submission that arrived.

    Attributes:
        token: Whose it is.
        fate: How it was spoilt, or ``sound``.
        request_id: The job that was made of it, or None.
    """

    token: str
    fate: str
    request_id: str | None


@attrs.frozen
class _Reply:
    send: bytes
    then: Literal["keep", "close", "reset"] = "keep"
    slow: bool = False


class KillingApi(_Listener):
    """Takes submissions, and kills those who send them, as planned.

    Args:
        signal: What kills.
        plan: When and where: how many submissions have arrived, and the place in the next one.
        seed: Of what is random.
    """

    def __init__(self, signal: int, plan: list[tuple[int, Place]], seed: int) -> None:
        super().__init__()
        self.base_url = f"http://127.0.0.1:{self.port}/v1"
        #: Every submission, by its prompt.
        self.posts: defaultdict[str, list[Post]] = defaultdict(list)
        #: The prompt of each job.
        self.taken: dict[str, str] = {}
        #: The tokens of those that were killed.
        self.killed: dict[str, Place] = {}
        #: Those that may be killed, by their tokens.
        self.victims: dict[str, subprocess.Popen[str]] = {}
        self.requests = 0
        self.spoilt = 0
        #: Whether answers are spoilt.
        self.faulty = True
        self._signal = signal
        self._plan = plan
        self._arrived = 0
        self._random = random.Random(seed)  # noqa: S311 - faults, no secrets
        self._lock = threading.Lock()

    def serve(self, sock: socket.socket, number: int) -> None:
        try:
            with sock, sock.makefile("rb") as stream:
                while stream.peek(1):
                    request = _read(stream, number)
                    token = request.headers["authorization"].removeprefix("Bearer ")
                    with self._lock:
                        self.requests += 1
                    if request.method == "POST":
                        goes_on = self._take(sock, token, json.loads(request.body)["prompt"])
                    else:
                        goes_on = self._tell(sock, token, request.path)
                    if not goes_on:
                        return
        # The client was killed, in the midst of its request perhaps, or the API is being closed.
        except (OSError, ValueError):
            pass

    def _take(self, sock: socket.socket, token: str, prompt: str) -> bool:
        with self._lock:
            self._arrived += 1
            place = self._next_kill(token, asked=False)
            fate = self._random.choice(list(SPOILT)) if self._is_spoilt() else "sound"
        kill = self._kill(token, place)
        kill("read")
        with self._lock:
            request_id = None
            if SPOILT.get(fate, (True, False))[0]:
                request_id = f"r-{len(self.taken)}"
                self.taken[request_id] = prompt
            self.posts[prompt].append(Post(token, fate, request_id))
        kill("taken")
        goes_on = self._send(sock, _submission_reply(fate, request_id))
        kill("answered")
        return goes_on

    def _tell(self, sock: socket.socket, token: str, path: str) -> bool:
        *_, request_id, what = path.partition("?")[0].split("/")
        with self._lock:
            place = self._next_kill(token, asked=True)
            fault = self._random.randrange(6) if self._is_spoilt() else None
        self._kill(token, place)("asked")
        status: dict[str, Any] = {"request_id": request_id, "status": "completed"}
        if what == "result":  # any JSON
            status |= {"status": "succeeded", "output": {"video": self.taken[request_id]}}
        replies = [
            _Reply(b"", "close"),
            _Reply(b"", "reset"),
            _Reply(answer({"message": "no"}, 500)),
            _Reply(answer({"message": "no"}, 429, headers=["Retry-After: 1"])),
            _Reply(answer(b"<html>")),
            _Reply(answer(status), slow=True),
        ]
        return self._send(sock, _Reply(answer(status)) if fault is None else replies[fault])

    def _is_spoilt(self) -> bool:
        spoilt = self.faulty and self._random.random() < FAULTS
        self.spoilt += spoilt
        return spoilt

    def _next_kill(self, token: str, *, asked: bool) -> Place | None:
        """Where to kill whoever has sent a request, if it is time; each is killed once."""
        if not self._plan or token in self.killed or token not in self.victims:
            return None
        arrived, place = self._plan[0]
        if self._arrived < arrived or asked != (place == "asked"):
            return None
        del self._plan[0]
        self.killed[token] = place
        return place

    def _kill(self, token: str, place: Place | None) -> Callable[[Place], None]:
        def kill(here: Place) -> None:
            if here == place:
                self.victims[token].send_signal(self._signal)

        return kill

    def _send(self, sock: socket.socket, reply: _Reply) -> bool:
        if reply.slow:
            half = len(reply.send) // 2
            sock.sendall(reply.send[:half])
            self.over.wait(_SLOW)
            sock.sendall(reply.send[half:])
        else:
            sock.sendall(reply.send)
        if reply.then == "reset":
            # Lingering for no time turns the close into a reset.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return reply.then == "keep"


def _submission_reply(fate: str, request_id: str | None) -> _Reply:
    taken = {"request_id": request_id, "status": "in_queue"}
    soon = ["Retry-After: 1"]
    replies = {
        "dropped before it was taken": _Reply(b"", "close"),
        "dropped after it was taken": _Reply(b"", "close"),
        "reset after it was taken": _Reply(b"", "reset"),
        "cut off after the request id": _Reply(
            answer(json.dumps(taken).encode()[:-12], length=400), "close"
        ),
        "cut off before the request id": _Reply(answer(b'{"request_', length=400), "close"),
        "garbled": _Reply(answer(b"\x00\xff{]")),
        "HTTP 500, and taken": _Reply(answer({"message": "no"}, 500)),
        "HTTP 502, and not taken": _Reply(answer(b"<html>Bad Gateway", 502)),
        "HTTP 504 with the request id": _Reply(answer(taken, 504)),
        "HTTP 429": _Reply(answer({"message": "no"}, 429, headers=soon)),
        "HTTP 503 with Retry-After": _Reply(answer({"message": "no"}, 503, headers=soon)),
        "HTTP 400, no balance": _Reply(answer({"error_code": 400002}, 400)),
        "slow": _Reply(answer(taken), slow=True),
        "sound": _Reply(answer(taken)),
    }
    return replies[fate]
