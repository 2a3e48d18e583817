"""Servers of files: steps that serve a file or a part of it, TLS under our names, and a flood."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import support_server
from support_client import FakeClock
from support_server import FaultServer, Step, answer

from runcomfy_core.download.options import Options

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable

ETAG = '"v1"'
CONTENT = bytes(range(256)) * 40


def whole(
    content: bytes = CONTENT, *, etag: str = ETAG, headers: Iterable[str] = ("Content-Type: a/b",)
) -> Step:
    """Answer with the whole file."""
    return Step(answer(content, headers=[f"ETag: {etag}", *headers]))


def cut(at: int, content: bytes = CONTENT, *, etag: str = ETAG) -> Step:
    """Answer with the file, but close the connection before byte *at*."""
    head = answer(content[:at], length=len(content), headers=[f"ETag: {etag}"])
    return Step(head, then="close")


def rest(
    at: int,
    content: bytes = CONTENT,
    *,
    etag: str = ETAG,
    says: str | None = None,
    end: int | None = None,
) -> Step:
    """Answer with the file from byte *at*; *says* replaces the Content-Range."""
    shown = says or f"bytes {at}-{len(content) - 1}/{len(content)}"
    headers = [f"Content-Range: {shown}", f"ETag: {etag}"]
    full = answer(content[at:], 206, headers=headers)
    return Step(full) if end is None else Step(full[: end - len(content)], then="close")


def chunked(
    *pieces: bytes, ended: bool = True, headers: Iterable[str] = (), status: int = 200
) -> Step:
    """Answer with the file in chunks, so that its length is unknown."""
    lines = [f"HTTP/1.1 {status} OK", "Transfer-Encoding: chunked", *headers]
    head = "\r\n".join([*lines, "", ""]).encode()
    body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    if ended:
        return Step(head + body + b"0\r\n\r\n")
    return Step(head + body, then="close")


def moved(location: str, status: int = 302) -> Step:
    return Step(answer(b"", status, headers=[f"Location: {location}"]))


def options(server: support_server._Listener, **given: Any) -> Options:
    """Return options that allow the server's address, with a fake clock."""
    settings: dict[str, Any] = {
        "allow_hosts": [f"127.0.0.1:{server.port}"],
        "clock": FakeClock(),
        "timeout": 5.0,
    }
    return Options(**settings | given)


class FilesServer(FaultServer):
    """A fault server with TLS, whose certificate covers RunComfy's names and another one."""

    def __init__(self, *script: Step) -> None:
        super().__init__(*script)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        names = ("files.runcomfy.net", "cdn.runcomfy.com", "cdn.test")
        support_server._authority.issue_cert(*names).configure_cert(self._tls)


class Flood(support_server._Listener):
    """A server that answers each request with a file of *size* bytes without storing them."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size
        self.url = f"http://127.0.0.1:{self.port}/flood.bin"

    def serve(self, sock: socket.socket, number: int) -> None:  # noqa: ARG002 - as declared above
        block = bytes(1024 * 1024)
        try:
            sock.recv(65536)
            sock.sendall(answer(b"", length=self._size))
            for _ in range(self._size // len(block)):
                sock.sendall(block)
            self.over.wait(support_server._PATIENCE)
        except OSError:  # the client closed the connection
            pass
        finally:
            support_server.shut(sock)
