"""The proxy that the environment or the system asks for.

A proxy's URL may hold a password: no message shows it, and no frame that raises has it in a local
variable.
"""

from __future__ import annotations

import base64
import re
import urllib.request
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

import attrs
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from runcomfy_core.config import is_loopback
from runcomfy_core.errors import ConfigurationError
from runcomfy_core.interrupts import pass_on

_LOOKS_LIKE: Final = "it looks like http://proxy.example:3128"
#: Characters that no host or port contains. urlsplit() drops some of them silently.
_ODD: Final = re.compile(r"[\x00-\x20\x7f\s<>\\^`{|}\"]")


@attrs.frozen
class Proxy:
    """A proxy that can be used.

    Attributes:
        origin: Its scheme, host and port.
        host: Its host alone.
        headers: Headers for the proxy: its user name and password, if it needs them.
    """

    origin: str
    host: str
    headers: dict[str, str] = attrs.field(repr=False)


def find_proxy(scheme: str, host: str, netloc: str) -> Proxy | None:
    """Return the proxy for a URL, or None.

    It comes from HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, or from the system's settings.

    Args:
        scheme: The URL's scheme: ``http`` or ``https``.
        host: The URL's host.
        netloc: The URL's host and port, which NO_PROXY may name.

    Raises:
        ConfigurationError: The proxy can't be used.
    """
    name, found = _found(scheme, host, netloc)
    if isinstance(found, str):
        source = f"the proxy for {scheme} (the environment variable {name.upper()}_PROXY)"
        raise ConfigurationError(f"{source} {found}")
    # An API at plain http is on this machine (see config.py). A proxy on another machine could not
    # reach it, and would read the token.
    if found is not None and scheme == "http" and not is_loopback(found.host):
        return None
    return found


def _found(scheme: str, host: str, netloc: str) -> tuple[str, Proxy | str | None]:
    """Return the name of the setting that holds, and its proxy, its fault in words, or None."""
    proxies = urllib.request.getproxies()
    name = scheme if proxies.get(scheme) else "all"
    url = proxies.get(name, "")
    if not url or urllib.request.proxy_bypass(netloc) or urllib.request.proxy_bypass(host):
        return name, None
    return name, _parsed(url.strip())


def _parsed(url: str) -> Proxy | str:
    """Parse a proxy's URL, or return what is wrong with it, in words that repeat no part of it."""
    if not url:
        return "is blank; unset it, or give the proxy's URL"
    # urlsplit() is not used here, because it refuses some characters that passwords have.
    scheme, separator, rest = url.partition("://")
    if not separator:
        scheme, rest = "http", url
    if scheme.lower() not in {"http", "https"}:
        return "must begin with http:// or https://; no other kind of proxy is supported"
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in rest[len(authority) :]:
        return "has a /, ? or # in its user name or password: write it as %2F, %3F or %23"
    userinfo, _, place = authority.rpartition("@")
    origin = f"{scheme.lower()}://{place}"
    headers = _authorization(userinfo) if userinfo else {}
    if headers is None:
        return "has half a surrogate pair in its user name or password"
    return _place_fault(origin) or Proxy(origin, urlsplit(origin).hostname or "", headers)


def _place_fault(origin: str) -> str | None:
    """Return why an origin can't be a proxy's, or None if it can."""
    if _ODD.search(origin):
        return f"has white space, or a mark that no host has, in its host or port; {_LOOKS_LIKE}"
    try:
        parts = urlsplit(origin)
        if not parts.hostname or parts.port == 0 or origin.endswith(":"):
            return f"is not a URL with a host; {_LOOKS_LIKE}"
        # These two would fail later, with each request, and with an error of urllib3's.
        parse_url(origin)
        parts.hostname.encode("idna")
    except (ValueError, LocationParseError) as error:  # a UnicodeError is a ValueError
        pass_on(error)
        return f"is not a URL with a host; {_LOOKS_LIKE}"
    return None


def _authorization(userinfo: str) -> dict[str, str] | None:
    """Return the header with a user name and password, or None if they can't be encoded.

    Text is sent in UTF-8, and percent-encoded bytes are sent unchanged, as curl does.
    """
    try:
        # surrogateescape restores the environment's own bytes where they are not UTF-8.
        encoded = userinfo.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        pass_on(error)
        return None
    user, _, password = encoded.partition(b":")
    credentials = unquote_to_bytes(user) + b":" + unquote_to_bytes(password)
    return {"proxy-authorization": f"Basic {base64.b64encode(credentials).decode('ascii')}"}
