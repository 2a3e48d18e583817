"""An API that takes every submission, and the accounts that it, the journal and the client give.

After an interruption the three must agree: what the API took, what the journal says of it, and what
the notes on the exception tell its user.
"""

from __future__ import annotations

import gc
import traceback
from typing import TYPE_CHECKING, Any, Final

import attrs
from support_server import FaultServer, Request, Step, says

if TYPE_CHECKING:
    import socket

    from runcomfy._journal import Entry

#: What a note says when it isn't known whether there is a job.
DOUBT: Final = "the job may exist and be billed"


class Till(FaultServer):
    """An API that takes every submission, and whose jobs are over at once.

    What it does with the first submissions may be said: each is a step, in place of being taken.

    Attributes:
        taken: The request ids of what it took.
    """

    def __init__(self, *instead: Step) -> None:
        super().__init__()
        self.taken: list[str] = []
        self.instead = list(instead)
        self._settled = 0

    def _step(self, request: Request) -> Step:
        path = request.path.partition("?")[0].removeprefix("/v1")
        if path.startswith("/models/"):
            if self.instead:
                return self.instead.pop(0)
            self.taken.append(f"r-{len(self.requests)}")
            return says({"request_id": self.taken[-1]})
        _, _, request_id, what = path.split("/")
        if what == "cancel":
            return says({"outcome": "not_cancellable"}, 202)
        if what == "status":
            return says({"request_id": request_id, "status": "completed"})
        output = {"image": f"https://example.com/{request_id}.png"}
        return says({"request_id": request_id, "status": "succeeded", "output": output})

    def _one(self, sock: socket.socket, stream: Any, number: int) -> bool:
        if not stream.peek(1):
            return False
        request = self.read(stream, number)
        with self._lock:
            self.requests.append(request)
            step = self._step(request)
        sock.sendall(step.send)
        return step.then == "keep"

    def settle(self) -> None:
        """Return when all that clients sent has been read. They must have closed."""
        gc.collect()
        # What connects last is accepted last.
        with socket_to(self.port) as last:
            last.sendall(b"GET /v1/requests/r-0/status HTTP/1.1\r\n\r\n")
            assert last.recv(1)
        while self._settled < self.connections:
            assert self.closed.acquire(timeout=10)
            self._settled += 1


def socket_to(port: int) -> socket.socket:
    import socket  # noqa: PLC0415

    return socket.create_connection(("127.0.0.1", port), timeout=10)


@attrs.frozen
class Account:
    """What is known of one submission after it was interrupted.

    Attributes:
        taken: The request ids that the API gave for it.
        notes: What the exception says.
        entries: What the journal says; None where there is none.
    """

    taken: list[str]
    notes: list[str]
    entries: list[Entry] | None

    @property
    def words(self) -> str:
        return " ".join(self.notes)

    def faults(self) -> list[str]:
        """Return what does not agree."""
        found: list[str] = []
        if len(self.taken) > 1:
            found.append(f"paid {len(self.taken)} times")
        named = any(one in self.words for one in self.taken)
        doubted = DOUBT in self.words
        if self.taken and not (named or doubted):
            found.append("the exception says nothing of the job")
        if not self.taken and "request r-" in self.words:
            found.append("the exception names a job that is not there")
        for entry in self.entries or []:
            found += self._entry(entry, named=named, doubted=doubted)
        if self.taken and self.entries == []:
            found.append("the journal has no entry")
        return found

    def _entry(self, entry: Entry, *, named: bool, doubted: bool) -> list[str]:
        if entry.request_id is not None:
            return [] if [entry.request_id] == self.taken and named else ["the journal's id is not the job's, or not in the notes"]
        if entry.state == "uncertain":
            return [] if doubted else ["uncertain, and the exception does not say so"]
        if entry.state == "refused":
            return ["refused, though it was taken"] if self.taken else []
        return [f"left as {entry.state}"]


def notes(error: BaseException) -> list[str]:
    """Return an exception's notes, and let go of all that its frames hold."""
    said: list[str] = getattr(error, "__notes__", [])
    traceback.clear_frames(error.__traceback__)
    return said
