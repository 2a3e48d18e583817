"""A parsed URL: what to connect to and what to request."""

from __future__ import annotations

from typing import Final

import attrs

PORTS: Final = {"http": 80, "https": 443}


@attrs.frozen
class Target:
    """A URL that was parsed and checked. Connections and requests use exactly these parts.

    Attributes:
        scheme: ``http`` or ``https``.
        host: A name in ASCII, in lower case and without a dot at its end, or an IP address without
            brackets.
        port: The URL's port, or the scheme's default.
        path: The percent-encoded path, with its slash at the start.
        query: The query with its question mark, or "". It may be a signature, so no log shows it.
    """

    scheme: str
    host: str
    port: int
    path: str
    query: str = attrs.field(default="", repr=False)

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """The URL of the server, without a slash at its end."""
        return f"{self.scheme}://{self.authority}"

    @property
    def selector(self) -> str:
        """The path and the query, as a request line holds them."""
        return self.path + self.query

    @property
    def url(self) -> str:
        """The whole URL."""
        return self.origin + self.selector
