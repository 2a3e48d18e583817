"""A client's settings for reading media."""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import urlsplit

import attrs

from runcomfy_core.config import DEFAULT_BASE_URL, is_loopback
from runcomfy_core.errors import ConfigurationError
from runcomfy_core.interrupts import pass_on
from runcomfy_core.text import shown

#: The timeout in seconds for checking all media of one input together.
TIMEOUT: Final = 15.0


#: The host of the API.
API_HOST: Final = urlsplit(DEFAULT_BASE_URL).hostname or ""


def _yes_or_no(value: object) -> bool:
    # Only a bool is accepted, because a string such as "false" would lift a protection.
    if not isinstance(value, bool):
        raise ConfigurationError(f"allow_private_media must be True or False, not {shown(value)}")
    return value


def _public_name(host: str) -> str:
    """Return the host, or the API's host if this one resolves without a name server."""
    try:
        ipaddress.ip_address(host)
    except ValueError as error:
        pass_on(error)
        return API_HOST if is_loopback(host) else host
    return API_HOST


@attrs.frozen
class MediaSettings:
    """How media are read, and which media may be read.

    Attributes:
        allow_private: Whether URLs may be plain http, or lead to this machine or its network.
        timeout: The timeout in seconds for checking all media of one input together.
        api_host: A host name that resolves as long as this machine's network works. It is the
            API's real host even if the client's API is a sandbox or is named by an IP address.

    Raises:
        ConfigurationError: ``allow_private`` is neither True nor False.
    """

    allow_private: bool = attrs.field(default=False, converter=_yes_or_no)
    timeout: float = TIMEOUT
    api_host: str = attrs.field(default=API_HOST, converter=_public_name)
