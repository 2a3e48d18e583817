"""The proxy that the environment, or the system, asks for.

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

_LOOKS_LIKE: Final = "it looks like http://proxy.example:3128"
#: What is in no host or port; some of it urlsplit() drops without a word.
_ODD: Final = re.compile(r"[\x00-\x20\x7f\s<>\\^`{|}\"]")


@attrs.frozen
class Proxy:
    """A proxy that can be used.

    Attributes:
        origin: Its scheme, host and port.
        host: Its host alone.
        headers: What it is to be told with each connection: the user name and password, if it
            needs them.
    """

    origin: str
    host: str
    headers: dict[str, str] = attrs.field(repr=False)


def find_proxy(scheme: str, host: str, netloc: str) -> Proxy | None:
    """The proxy that HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, or the system, ask for.

    Args:
        scheme: Of the URL that is asked for: ``http`` or ``https``.
        host: Its host.
        netloc: Its host and port, as NO_PROXY may name them.

    Raises:
        ConfigurationError: It is none that can be used.
    """
    name, found = _found(scheme, host, netloc)
    if isinstance(found, str):
        source = f"the proxy for {scheme} (the environment variable {name.upper()}_PROXY)"
        raise ConfigurationError(f"{source} {found}")
    # A plain http origin is on this machine (_config sees to that). Another machine's proxy could
    # not reach it, but would read the token.
    if found is not None and scheme == "http" and not is_loopback(found.host):
        return None
    return found


def _found(scheme: str, host: str, netloc: str) -> tuple[str, Proxy | str | None]:
    """The name of the setting that counts, and its proxy, or what is wrong with it, or None."""
    proxies = urllib.request.getproxies()
    name = scheme if proxies.get(scheme) else "all"
    url = proxies.get(name, "")
    if not url or urllib.request.proxy_bypass(netloc) or urllib.request.proxy_bypass(host):
        return name, None
    return name, _parsed(url.strip())


def _parsed(url: str) -> Proxy | str:
    """A proxy's URL taken apart, or what is wrong with it, in words that hold no part of it."""
    if not url:
        return "is blank; unset it, or give the proxy's URL"
    # Taken apart here and not by urlsplit(), which refuses some letters of passwords.
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
    """Why an origin leads to no host, or None."""
    if _ODD.search(origin):
        return f"has white space, or a mark that no host has, in its host or port; {_LOOKS_LIKE}"
    try:
        parts = urlsplit(origin)
        if not parts.hostname or parts.port == 0 or origin.endswith(":"):
            return f"is not a URL with a host; {_LOOKS_LIKE}"
        # What would fail later, and as an error of urllib3's, whenever something is sent.
        parse_url(origin)
        parts.hostname.encode("idna")
    except (ValueError, LocationParseError):  # a UnicodeError is a ValueError
        return f"is not a URL with a host; {_LOOKS_LIKE}"
    return None


def _authorization(userinfo: str) -> dict[str, str] | None:
    """The header that holds a user name and password; None where they can't be encoded.

    They are sent in UTF-8, and bytes that are percent-encoded as they are, as curl does both.
    """
    try:
        # The environment's own bytes, where these are no UTF-8.
        encoded = userinfo.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return None
    user, _, password = encoded.partition(b":")
    credentials = unquote_to_bytes(user) + b":" + unquote_to_bytes(password)
    return {"proxy-authorization": f"Basic {base64.b64encode(credentials).decode('ascii')}"}
