"""Helpers for tests of maps: an API whose jobs do what their prompts say."""

from __future__ import annotations

import json
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support_server import _Listener, _read, answer

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

MODEL = "a/b"


class Api(_Listener):
    """An API that accepts submissions; the first word of a prompt decides what happens.

    ``ok``: the job succeeds after *polls* status requests; ``fails``: the job fails after as many;
    ``queues``: the job is queued until it is cancelled; ``runs``: it runs until ``release`` is set;
    ``refused``: no job is made; ``dropped``: the connection is dropped after the submission was
    read; ``held``: the answer is delayed until ``release`` is set.
    """

    def __init__(self, polls: int = 1) -> None:
        super().__init__()
        self.base_url = f"http://127.0.0.1:{self.port}/v1"
        self.release = threading.Event()
        #: Called with each prompt after its submission was read.
        self.on_submit: Callable[[str], object] = lambda _: None
        #: Called with a job's prompt when its status is asked for.
        self.on_status: Callable[[str], object] = lambda _: None
        self.submitted: list[str] = []
        self.cancelled: list[str] = []
        self.requests = 0
        self._polls = polls
        self._asked: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def doubled(self) -> list[str]:
        """Return the prompts that were submitted more than once."""
        return [prompt for prompt, times in Counter(self.submitted).items() if times > 1]

    def __exit__(self, *exception: object) -> None:
        self.release.set()
        super().__exit__(*exception)

    def serve(self, sock: socket.socket, number: int) -> None:
        try:
            with sock, sock.makefile("rb") as stream:
                while stream.peek(1):
                    request = _read(stream, number)
                    with self._lock:
                        self.requests += 1
                    reply = self._reply(request.path.removeprefix("/v1/").split("/"), request.body)
                    if reply is None:
                        return
                    sock.sendall(answer(*reply))
        except OSError:  # the client went away, or the server is being closed
            pass

    def _reply(self, path: list[str], body: bytes) -> tuple[Any, int] | None:
        if path[0] == "models":
            return self._submit(json.loads(body)["prompt"])
        _, request_id, what = path
        number = int(request_id.removeprefix("r-"))
        prompt = self.submitted[number]
        if what == "cancel":
            return self._cancel(prompt), 202
        with self._lock:
            self._asked[request_id] += what == "status"
            over = self._asked[request_id] > self._polls
        if what == "status":
            self.on_status(prompt)
            return {"status": self._state(prompt, over=over)}, 200
        if prompt.startswith("fails"):
            return {"status": "failed", "error": f"no {prompt}"}, 200
        return {"status": "succeeded", "output": prompt}, 200

    def _submit(self, prompt: str) -> tuple[Any, int] | None:
        if prompt.startswith("refused"):
            return {"error_code": 400001, "message": "no such thing"}, 400
        with self._lock:
            self.submitted.append(prompt)
            number = len(self.submitted) - 1
        self.on_submit(prompt)
        if prompt.startswith("held"):
            self.release.wait(10)
        if prompt.startswith("dropped"):
            return None
        return {"request_id": f"r-{number}"}, 200

    def _state(self, prompt: str, *, over: bool) -> str:
        with self._lock:
            if prompt in self.cancelled:
                return "cancelled"
        if prompt.startswith("queues"):
            return "in_queue"
        if prompt.startswith("runs"):
            over = self.release.is_set()
        return "completed" if over else "in_progress"

    def _cancel(self, prompt: str) -> dict[str, str]:
        if not prompt.startswith("queues"):
            return {"outcome": "not_cancellable"}
        with self._lock:
            self.cancelled.append(prompt)
        return {"outcome": "cancelled"}


def prompts(*texts: str) -> list[dict[str, object]]:
    """Inputs in wire form."""
    return [{"prompt": text} for text in texts]


def journal_bytes(path: Path) -> bytes:
    """Return all bytes of a journal on the disk."""
    files = [Path(f"{path}{end}") for end in ("", "-wal", "-shm")]
    return b"".join(file.read_bytes() for file in files if file.exists())
