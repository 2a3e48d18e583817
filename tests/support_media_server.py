"""A media server with well-behaved and misbehaving pages by path, over plain sockets.

It extends the scripted server of support_server, but its answers depend on the path. It counts all
bytes that it sends, and keeps socket buffers small, so that the count is close to what a client
read.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from support_server import FaultServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import TypeAlias

    from support_server import Request

    #: Answers a request, and returns whether the connection stays open.
    Page: TypeAlias = Callable[["Exchange"], bool]

_BUFFER = 16 * 1024
_STEP = 4096


@dataclass(frozen=True)
class Exchange:
    """One request, and the way to answer it."""

    request: Request
    server: MediaServer
    _sock: socket.socket

    def send(self, data: bytes) -> None:
        for begin in range(0, len(data), _STEP):
            step = data[begin : begin + _STEP]
            self._sock.sendall(step)
            self.server.sent += len(step)

    def pause(self, seconds: float) -> bool:
        """Wait, unless the server is closed meanwhile; return whether it is still open."""
        return not self.server.over.wait(seconds)


class Names:
    """A replacement for ``socket.getaddrinfo`` with its own table of names.

    Attributes:
        known: The addresses of each name, or the error that looking it up raises.
        asked: The names that were looked up, without numeric addresses.
    """

    def __init__(self) -> None:
        self.known: dict[str, list[str] | OSError] = {}
        self.asked: list[str] = []
        self._numeric = socket.getaddrinfo

    def look_up(self, host: str, port: int | None, *_: object, **__: object) -> list[Any]:
        try:
            ipaddress.ip_address(host)
        except ValueError:
            self.asked.append(host)
        else:
            return self._numeric(host, port, type=socket.SOCK_STREAM)
        found = self.known.get(host, socket.gaierror(socket.EAI_NONAME, "not known"))
        if isinstance(found, OSError):
            raise found
        return [answer for one in found for answer in self._numeric(one, port)]


class MediaServer(FaultServer):
    """A server of pages by path. Use it as a context manager."""

    def __init__(self, pages: Mapping[str, Page], *, tls: bool = False) -> None:
        super().__init__(tls=tls)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        self.pages = pages
        self.sent = 0
        self.origin = self.base_url.removesuffix("/v1")

    def _one(self, sock: socket.socket, stream: Any, number: int) -> bool:
        if not stream.peek(1):
            return False
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request = self.read(stream, number)
        self.requests.append(request)
        page = self.pages[request.path.partition("?")[0]]
        return page(Exchange(request, self, sock))


def head(status: int, *headers: str, reason: str = "Reason") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status} {reason}", *headers, "", ""]).encode("latin-1")


def raw(data: bytes, *, keep: bool = False) -> Page:
    """Send these bytes, whatever the request is."""

    def page(exchange: Exchange) -> bool:
        exchange.send(data)
        return keep

    return page


def whole(content: bytes, *headers: str, status: int = 200) -> Page:
    """Send everything with its length, and ignore Range."""
    return raw(head(status, f"Content-Length: {len(content)}", *headers) + content, keep=True)


def chunked(content: bytes, *headers: str, size: int = 1000) -> Page:
    """Send everything without its length."""
    parts = [content[begin : begin + size] for begin in range(0, len(content), size)]
    body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in [*parts, b""])
    return raw(head(200, "Transfer-Encoding: chunked", *headers) + body, keep=True)


def ranged(content: bytes, *headers: str, total: str | None = None) -> Page:
    """Send the requested range, or everything if there is none."""

    def page(exchange: Exchange) -> bool:
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", exchange.request.headers.get("range", ""))
        size = str(len(content)) if total is None else total
        if match is None:
            return whole(content, *headers)(exchange)
        first = int(match[1])
        if first >= len(content):
            exchange.send(head(416, f"Content-Range: bytes */{size}", "Content-Length: 0"))
            return True
        last = min(int(match[2] or len(content)), len(content) - 1)
        part = content[first : last + 1]
        told = f"Content-Range: bytes {first}-{last}/{size}"
        exchange.send(head(206, told, f"Content-Length: {len(part)}", *headers) + part)
        return True

    return page


def drip(data: bytes, interval: float, *, at_once: bytes = b"") -> Page:
    """Send *at_once*, and then *data* byte by byte."""

    def page(exchange: Exchange) -> bool:
        exchange.send(at_once)
        for byte in data:
            exchange.send(bytes([byte]))
            if not exchange.pause(interval):
                break
        return False

    return page


def redirect(location: str, status: int = 302, *headers: str) -> Page:
    return whole(b"", f"Location: {location}", *headers, status=status)


def in_turn(pages: Iterable[Page]) -> Page:
    """Use the first page for the first request, the second for the second, and so on."""
    left = iter(pages)

    def page(exchange: Exchange) -> bool:
        return next(left)(exchange)

    return page


def silent(exchange: Exchange) -> bool:
    """Send nothing at all."""
    exchange.server.over.wait(10)
    return False
