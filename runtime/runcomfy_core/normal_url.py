"""One way to write a base URL, so that all spellings of one address are one text.

It is the normal form of RFC 3986, 6.2.2 and 6.2.3: scheme and host in lower case, no default port,
no leading zeros in a port, nothing percent-encoded that need not be, no dot segments, no slash at
the end. Requests are sent to this form, and origins are compared in it.

Beyond the RFC, an IPv6 address is written in one way, and the dot that may end a full domain name
is dropped. ``localhost`` and ``127.0.0.1`` stay two: they need not be the same server.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from typing import Final
from urllib.parse import urlsplit

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}

_ENCODED: Final = re.compile(r"%([0-9A-Fa-f]{2})")

#: What means the same whether it is percent-encoded or not.
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]")


@functools.lru_cache(maxsize=64)
def normal_url(url: str) -> str:
    """Return a base URL in its normal form.

    A text that is none is returned as it is: a journal may hold any.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return url
    default = _DEFAULT_PORTS.get(parts.scheme)
    if default is None or not host or "@" in parts.netloc or parts.query or parts.fragment:
        return url
    place = _host(host) if port in {None, default} else f"{_host(host)}:{port}"
    return f"{parts.scheme}://{place}{_path(parts.path)}"


def _host(host: str) -> str:
    if ":" in host:  # urlsplit has taken the brackets off
        return f"[{_ipv6(host)}]"
    name = _decoded(host).lower()
    bare = name.removesuffix(".")
    # The dot after a single label keeps a resolver from trying that label elsewhere.
    return bare if bare == "localhost" or re.fullmatch(r".+\.[^.]+", bare) else name


def _ipv6(host: str) -> str:
    address, mark, zone = host.partition("%")
    try:
        return f"{ipaddress.IPv6Address(address).compressed}{mark}{zone}"
    except ValueError:
        return host


def _path(path: str) -> str:
    kept: list[str] = []
    for segment in _decoded(path).split("/"):
        if segment == "..":
            # Not the first, which stands before the first slash.
            kept = kept[:1] + kept[1:-1]
        elif segment != ".":
            kept.append(segment)
    return "/".join(kept).rstrip("/")


def _decoded(text: str) -> str:
    """A text in which nothing is percent-encoded that need not be, and the rest in capitals."""

    def one(found: re.Match[str]) -> str:
        char = chr(int(found[1], 16))
        return char if _UNRESERVED.fullmatch(char) else found[0].upper()

    return _ENCODED.sub(one, text)
