"""How a client reads media."""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import urlsplit

import attrs

from runcomfy_core.config import DEFAULT_BASE_URL, is_loopback
from runcomfy_core.errors import ConfigurationError
from runcomfy_core.text import shown

#: Seconds that all media of one input may take together.
TIMEOUT: Final = 15.0


#: Where the API is.
API_HOST: Final = urlsplit(DEFAULT_BASE_URL).hostname or ""


def _yes_or_no(value: object) -> bool:
    # The text "false" would be true, and this lifts a protection.
    if not isinstance(value, bool):
        raise ConfigurationError(f"allow_private_media must be True or False, not {shown(value)}")
    return value


def _public_name(host: str) -> str:
    """The host, or the API's where this one is found without any name server."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return API_HOST if is_loopback(host) else host
    return API_HOST


@attrs.frozen
class MediaSettings:
    """How media are read, and which may be.

    Attributes:
        allow_private: Whether URLs may be http, or lead to this machine or its network.
        timeout: Seconds that all media of one input may take together.
        api_host: A name that can be looked up while this machine's network works: the API's, also
            where the client's own API is a sandbox on this machine, or an address.

    Raises:
        ConfigurationError: ``allow_private`` is neither True nor False.
    """

    allow_private: bool = attrs.field(default=False, converter=_yes_or_no)
    timeout: float = TIMEOUT
    api_host: str = attrs.field(default=API_HOST, converter=_public_name)
