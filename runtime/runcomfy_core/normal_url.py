"""The normal form of a base URL, so that all spellings of one address become the same text.

It is the normal form of RFC 3986, 6.2.2 and 6.2.3: scheme and host are in lower case, and there is
no default port, no leading zero in a port, no needless percent-encoding, no dot segment, and no
slash at the end. Requests are sent to this form, and origins are compared in it.

Beyond the RFC, an IPv6 address is written in its shortest form, and the dot at the end of a full
domain name is dropped. ``localhost`` and ``127.0.0.1`` stay different, because they need not be the
same server.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from typing import Final
from urllib.parse import urlsplit

from .interrupts import pass_on

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}

_ENCODED: Final = re.compile(r"%([0-9A-Fa-f]{2})")

#: Characters that mean the same with and without percent-encoding.
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]")


@functools.lru_cache(maxsize=64)
def normal_url(url: str) -> str:
    """Return a base URL in its normal form.

    A text that is no base URL is returned unchanged, because a journal may hold any text.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        pass_on(error)
        return url
    default = _DEFAULT_PORTS.get(parts.scheme)
    if default is None or not host or "@" in parts.netloc or parts.query or parts.fragment:
        return url
    place = _host(host) if port in {None, default} else f"{_host(host)}:{port}"
    return f"{parts.scheme}://{place}{_path(parts.path)}"


def _host(host: str) -> str:
    if ":" in host:  # an IPv6 address, from which urlsplit has removed the brackets
        return f"[{_ipv6(host)}]"
    name = _decoded(host).lower()
    bare = name.removesuffix(".")
    # The dot after a single label matters: it keeps a resolver from adding a search domain.
    return bare if bare == "localhost" or re.fullmatch(r".+\.[^.]+", bare) else name


def _ipv6(host: str) -> str:
    address, mark, zone = host.partition("%")
    try:
        return f"{ipaddress.IPv6Address(address).compressed}{mark}{zone}"
    except ValueError as error:
        pass_on(error)
        return host


def _path(path: str) -> str:
    kept: list[str] = []
    for segment in _decoded(path).split("/"):
        if segment == "..":
            # The first part stays, because it is the empty text before the first slash.
            kept = kept[:1] + kept[1:-1]
        elif segment != ".":
            kept.append(segment)
    return "/".join(kept).rstrip("/")


def _decoded(text: str) -> str:
    """Return a text without needless percent-encoding; the rest of it is in upper case."""

    def one(found: re.Match[str]) -> str:
        char = chr(int(found[1], 16))
        return char if _UNRESERVED.fullmatch(char) else found[0].upper()

    return _ENCODED.sub(one, text)
