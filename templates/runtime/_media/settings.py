"""How a client reads media."""

from __future__ import annotations

from typing import Final

import attrs

#: Seconds that all media of one input may take together.
TIMEOUT: Final = 15.0


@attrs.frozen
class MediaSettings:
    """How media are read, and which may be.

    Attributes:
        allow_private: Whether URLs may be http, or lead to this machine or its network.
        timeout: Seconds that all media of one input may take together.
        api_host: A name that can be looked up while this machine's network works.
    """

    allow_private: bool = False
    timeout: float = TIMEOUT
    api_host: str = "model-api.runcomfy.net"
