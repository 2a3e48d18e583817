"""An API that accepts every submission, and a comparison of all records of a submission.

After an interruption three records must agree: the submissions that the API accepted, the journal's
entries, and the notes on the exception::

    with Till() as api:
        ...  # a submission of {"prompt": "x"} is interrupted by *error*; all clients are closed
        api.settle()
        assert Account(api.taken("x"), notes(error), entries).faults() == []
"""

from __future__ import annotations

import gc
import json
import socket
import traceback
from typing import TYPE_CHECKING, Any, Final

import attrs
from support_client import picture
from support_server import FaultServer, Step, answer, says

if TYPE_CHECKING:
    from support_server import Request

    from runcomfy_core.journal import Entry

#: The text of a note if it is unknown whether there is a job.
DOUBT: Final = "the job may exist and be billed"


class Till(FaultServer):
    """An API that takes every submission, and whose jobs are over at once, with a file each.

    The arguments are steps for the first submissions, which are then not accepted.
    """

    def __init__(self, *instead: Step) -> None:
        super().__init__()
        self.instead = list(instead)
        self._taken: list[tuple[str, object]] = []
        self._settled = 0

    def taken(self, prompt: str) -> list[str]:
        """Return the request ids of all submissions with a prompt."""
        return [request_id for request_id, said in self._taken if said == prompt]

    def settle(self) -> None:
        """Wait until everything that was sent has been read. All clients must be closed before."""
        # Connections are accepted in order, so this one is the last.
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as last:
            last.sendall(b"GET /v1/requests/r-0/status HTTP/1.1\r\n\r\n")
            assert last.recv(1)
        while self._settled < self.connections:
            if not self.closed.acquire(timeout=0.5):
                gc.collect()  # closes what an interruption left without an owner
                assert self.closed.acquire(timeout=10), "a connection was left open"
            self._settled += 1

    def _one(self, sock: socket.socket, stream: Any, number: int) -> bool:
        if not stream.peek(1):
            return False
        request = self.read(stream, number)
        with self._lock:
            self.requests.append(request)
            step = self._step(request)
        sock.sendall(step.send)
        return step.then == "keep"

    def _step(self, request: Request) -> Step:
        path = request.path.partition("?")[0].removeprefix("/v1")
        if path.startswith("/models/"):
            if self.instead:
                return self.instead.pop(0)
            request_id = f"r-{len(self.requests)}-"
            self._taken.append((request_id, json.loads(request.body).get("prompt")))
            return says({"request_id": request_id})
        if path == "/file.png":
            return Step(answer(picture(), headers=['ETag: "1"', "Content-Type: image/png"]))
        _, _, request_id, what = path.split("/")
        if what == "cancel":
            return says({"outcome": "not_cancellable"}, 202)
        if what == "status":
            return says({"request_id": request_id, "status": "completed"})
        output = {"image": f"{self.base_url}/file.png"}
        return says({"request_id": request_id, "status": "succeeded", "output": output})


@attrs.frozen
class Account:
    """The records of one submission after an interruption.

    Attributes:
        taken: The request ids that the API assigned to it.
        notes: The notes on the exception.
        entries: The journal's entries; None if there is no journal.
    """

    taken: list[str]
    notes: list[str]
    entries: list[Entry] | None = None

    def faults(self) -> list[str]:
        """Return the points in which the records disagree."""
        words = " ".join(self.notes)
        doubted = DOUBT in words
        found: list[str] = []
        if len(self.taken) > 1:
            found.append(f"it was paid {len(self.taken)} times")
        if self.taken and not (doubted or self.taken[0] in words):
            found.append("the exception says nothing of the job")
        if self.taken and self.entries == []:
            found.append("the journal knows nothing of the job")
        faults = [self._fault(entry, words, doubted=doubted) for entry in self.entries or ()]
        return found + [fault for fault in faults if fault]

    def _fault(self, entry: Entry, words: str, *, doubted: bool) -> str:
        if entry.request_id is not None:
            right = [entry.request_id] == self.taken and entry.request_id in words
            return "" if right else "the journal has another request id"
        if entry.state == "uncertain":
            return "" if doubted else "the journal is uncertain, and the exception is not"
        right = entry.state == "refused" and not (self.taken or doubted)
        return "" if right else f"the journal says {entry.state}"


def notes(error: BaseException) -> list[str]:
    """Return an exception's notes, and release its frames with all objects that they hold."""
    said: list[str] = getattr(error, "__notes__", [])
    traceback.clear_frames(error.__traceback__)
    error.__traceback__ = None
    return said
