"""A server that misbehaves as a script says, with one step for each request.

It speaks HTTP over plain sockets on 127.0.0.1, so that it can stop at any byte. All connections
share one script, in the order in which requests arrive. After its end, each request gets a 599.
Nothing depends on timing: a step that hangs does so until the server is closed.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import socket
import ssl
import struct
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import trustme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_folder = tempfile.TemporaryDirectory(prefix="runcomfy-tests-")
atexit.register(_folder.cleanup)

#: A certificate authority for this run, and the file by which clients trust it.
_authority = trustme.CA()
CERTIFICATE = Path(_folder.name) / "authority.pem"
_authority.cert_pem.write_to_path(str(CERTIFICATE))

_PATIENCE = 10.0


@dataclass(frozen=True)
class Step:
    """The handling of one request."""

    send: bytes = b""
    then: Literal["keep", "close", "reset", "hang"] = "keep"
    #: Whether the request is read at all.
    read: bool = True
    #: Called in the server's thread after the request was read.
    hook: Callable[[], object] | None = None


@dataclass(frozen=True)
class Request:
    connection: int
    method: str
    path: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)


def answer(
    body: object = b"", status: int = 200, *, headers: Iterable[str] = (), length: int | None = None
) -> bytes:
    """Return a complete answer; ``body`` is bytes, or any JSON value."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [
        f"HTTP/1.1 {status} Reason",
        f"Content-Length: {len(content) if length is None else length}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + content


def says(body: object, status: int = 200, **options: Any) -> Step:
    """Return a step that answers with JSON."""
    return Step(answer(body, status, **options))


DROP_UNREAD = Step(read=False, then="reset")
DROP_READ = Step(then="close")
RESET_READ = Step(then="reset")
HANG = Step(then="hang")
CUT_OFF = Step(answer(b'{"request_id": "r-1", "sta', length=400), then="close")


class _Listener:
    """A server on its own port, with a thread for each connection, until its block ends."""

    def __init__(self) -> None:
        self.connections = 0
        self.over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def serve(self, sock: socket.socket, number: int) -> None:
        raise NotImplementedError

    def hold(self, sock: socket.socket) -> socket.socket:
        """Remember a socket, which is shut down at the end of the block."""
        self._sockets.append(sock)
        return sock

    def start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def __enter__(self) -> Self:
        self.start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for sock in [self._listener, *self._sockets]:
            shut(sock)
        for thread in list(self._threads):
            thread.join(_PATIENCE)
            assert not thread.is_alive()

    def _accept(self) -> None:
        while not self.over.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:  # the block has ended
                return
            self.connections += 1
            self.start(self.serve, self.hold(sock), self.connections)


def shut(sock: socket.socket) -> None:
    """Shut down a connection, which also ends another thread's wait for it."""
    with contextlib.suppress(OSError):  # it is closed already
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()


class FaultServer(_Listener):
    """A server that follows a script. Use it as a context manager."""

    def __init__(self, *script: Step, tls: bool = False) -> None:
        super().__init__()
        self.requests: list[Request] = []
        self._script = list(script)
        self._lock = threading.Lock()
        self._tls: ssl.SSLContext | None = None
        if tls:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            _authority.issue_cert("api.test", "localhost", "127.0.0.1").configure_cert(self._tls)
        self.base_url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}/v1"
        #: The function that reads a request; a test may replace it by a slower one.
        self.read = _read
        #: Released once for each connection that the server has closed.
        self.closed = threading.Semaphore(0)

    def calls(self) -> list[str]:
        """Return the method and path of each request, without the version."""
        return [f"{one.method} {one.path.removeprefix('/v1')}" for one in self.requests]

    def add(self, *script: Step) -> None:
        with self._lock:
            self._script.extend(script)

    def serve(self, sock: socket.socket, number: int) -> None:
        try:
            sock.settimeout(_PATIENCE)
            self._converse(self._secured(sock), number)
        except OSError:  # the client went away, or the server is being closed
            pass
        finally:
            sock.close()
            self.closed.release()

    def _secured(self, sock: socket.socket) -> socket.socket:
        if self._tls is None:
            return sock
        return self.hold(self._tls.wrap_socket(sock, server_side=True))

    def _converse(self, sock: socket.socket, number: int) -> None:
        with sock, sock.makefile("rb") as stream:
            while self._one(sock, stream, number):
                pass

    def _one(self, sock: socket.socket, stream: Any, number: int) -> bool:
        """Perform one step; return whether the connection stays open."""
        if not stream.peek(1):
            return False
        step = self._next()
        if step.read:
            request = self.read(stream, number)
            with self._lock:
                self.requests.append(request)
        if step.hook is not None:
            step.hook()
        sock.sendall(step.send)
        if step.then == "hang":
            self.over.wait(_PATIENCE)
        if step.then == "reset":
            # A linger time of zero turns the close into a reset.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return step.then == "keep"

    def _next(self) -> Step:
        with self._lock:
            return self._script.pop(0) if self._script else says({"message": "no more"}, 599)


def _read(stream: Any, number: int) -> Request:
    method, path, _ = stream.readline().decode("latin-1").split(" ", 2)
    headers: dict[str, str] = {}
    while line := stream.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return Request(
        number, method, path, headers, stream.read(int(headers.get("content-length", 0)))
    )


class Proxy(_Listener):
    """An HTTP proxy that forwards every request to one port and records the requests."""

    def __init__(self, target: int, refusal: bytes = b"") -> None:
        super().__init__()
        self.asked: list[str] = []
        self._target = target
        self._refusal = refusal
        self.url = f"http://127.0.0.1:{self.port}"

    def serve(self, sock: socket.socket, number: int) -> None:  # noqa: ARG002 - as declared above
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            part = sock.recv(1)
            if not part:
                sock.close()
                return
            head += part
        self.asked.append(head.decode("latin-1"))
        if self._refusal:
            sock.sendall(self._refusal)
            sock.close()
            return
        onward = self.hold(socket.create_connection(("127.0.0.1", self._target)))
        if head.startswith(b"CONNECT"):
            sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            onward.sendall(head)
        self.start(_pump, sock, onward)
        _pump(onward, sock)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):  # one side is closed
        while data := source.recv(65536):
            sink.sendall(data)
    shut(source)
    shut(sink)
