"""Parsing media URLs into targets.

Rules:

- A URL is parsed once, here. Its parts are then resolved, connected to and sent, so that no second
  parser can read the URL in another way than the check did.
- Percent-encoded characters stay as they are. Only characters that can't be sent are encoded.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, urlsplit

from runcomfy_core.http.target import PORTS, Target

from .urls import ascii_name

#: Characters that stay unchanged in a path or query (RFC 3986, "pchar", and "/", "?" and "%").
_AS_IT_IS: Final = "%/?:@!$&'()*+,;=~"
_STRAY_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


def target_of(url: str) -> Target:
    """Return the target of a URL that :func:`~.urls.is_url` accepts.

    Raises:
        ValueError: The host or port can't be one.
    """
    parts = urlsplit(url)
    return Target(
        scheme=parts.scheme,
        host=_ascii(parts.hostname or ""),
        port=parts.port or PORTS[parts.scheme],
        path=encoded(parts.path or "/"),
        query=encoded(f"?{parts.query}") if parts.query else "",
    )


def encoded(text: str) -> str:
    """Percent-encode the characters that can't be sent."""
    return quote(_STRAY_PERCENT.sub("%25", text), safe=_AS_IT_IS)


def _ascii(host: str) -> str:
    """Return a host in ASCII, by the same rules as the check of the URL."""
    if ":" in host:
        return host
    name = ascii_name(host)
    if not name:
        raise ValueError("no host can have that name")
    return name
