"""Where a URL leads, in the parts that the network takes.

Rules:

- A URL is taken apart once, here. What is looked up, connected to and sent are these parts, so
  that no second reading of a URL can differ from the one that was checked.
- What is percent-encoded is left alone; only what can't be sent as it is gets encoded.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, urlsplit

from runcomfy_core.http.target import PORTS, Target

from .urls import ascii_name

#: What may stand in a path or a query as it is (RFC 3986, "pchar", and "/", "?" and "%").
_AS_IT_IS: Final = "%/?:@!$&'()*+,;=~"
_STRAY_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


def target_of(url: str) -> Target:
    """The parts of a URL that :func:`~.urls.is_url` accepts.

    Raises:
        ValueError: Its host or port can't be one.
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
    """Percent-encode what can't be sent as it is."""
    return quote(_STRAY_PERCENT.sub("%25", text), safe=_AS_IT_IS)


def _ascii(host: str) -> str:
    """A host as it is looked up: the very name that was checked."""
    if ":" in host:
        return host
    name = ascii_name(host)
    if not name:
        raise ValueError("no host can have that name")
    return name
