"""What is asked for, in the parts that the network takes."""

from __future__ import annotations

from typing import Final

import attrs

PORTS: Final = {"http": 80, "https": 443}


@attrs.frozen
class Target:
    """An address that was taken apart and checked: these parts are what is connected to and sent.

    Attributes:
        scheme: ``http`` or ``https``.
        host: A name in ASCII, in lower case and without a dot at its end, or an IP address without
            brackets.
        port: The one in the address, or the scheme's own.
        path: Percent-encoded, with its slash at the start.
        query: With its question mark, or empty. It may be a signature, so no log shows it.
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
        """The address of the server, without a slash at its end."""
        return f"{self.scheme}://{self.authority}"

    @property
    def selector(self) -> str:
        """The path and the query, as they are sent."""
        return self.path + self.query

    @property
    def url(self) -> str:
        """The whole address."""
        return self.origin + self.selector
