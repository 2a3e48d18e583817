"""Where a URL leads, in the parts that the network takes.

Rules:

- A URL is taken apart once, here. What is looked up, connected to and sent are these parts, so
  that no second reading of a URL can differ from the one that was checked.
- What is percent-encoded is left alone; only what can't be sent as it is gets encoded.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, urldefrag, urljoin, urlsplit

import attrs

from .urls import ascii_name

_PORTS: Final = {"http": 80, "https": 443}

#: What may stand in a path or a query as it is (RFC 3986, "pchar", and "/", "?" and "%").
_AS_IT_IS: Final = "%/?:@!$&'()*+,;=~"
_STRAY_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


@attrs.frozen
class Target:
    """One file on one server.

    Attributes:
        scheme: ``http`` or ``https``.
        host: A name in ASCII without a dot at its end, or an IP address without brackets.
        port: The URL's, or the scheme's own.
        path: The path and the query, as they are sent.
    """

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def target_of(url: str) -> Target:
    """The parts of a URL that :func:`~.urls.is_url` accepts.

    Raises:
        ValueError: Its host or port can't be one.
    """
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return Target(
        scheme=parts.scheme,
        host=_ascii(parts.hostname or ""),
        port=parts.port or _PORTS[parts.scheme],
        path=_encoded(parts.path or "/") + _encoded(query),
    )


def redirected(url: str, location: str) -> str:
    """The URL that a Location header in the answer for ``url`` names, without its fragment.

    Raises:
        ValueError: It can't be a URL.
    """
    # A header's bytes come as Latin-1; those that are not ASCII are nearly always UTF-8. Blanks
    # are not allowed either, and are sent by some.
    text = location.encode("latin-1", "replace").decode("utf-8", "replace").strip()
    return urldefrag(urljoin(url, text.replace(" ", "%20"))).url


def _ascii(host: str) -> str:
    """A host as it is looked up: the very name that was checked."""
    if ":" in host:
        return host
    name = ascii_name(host)
    if not name:
        raise ValueError("no host can have that name")
    return name


def _encoded(text: str) -> str:
    return quote(_STRAY_PERCENT.sub("%25", text), safe=_AS_IT_IS)
