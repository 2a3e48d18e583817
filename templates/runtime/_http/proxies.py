"""The proxy that the environment, or the system, asks for.

A proxy's URL may hold a password: no message shows it.
"""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import urllib3

from .._config import is_loopback
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from urllib.parse import SplitResult


def find_proxy(scheme: str, host: str, netloc: str) -> SplitResult | None:
    """The proxy that HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, or the system, ask for.

    Args:
        scheme: Of the URL that is asked for: ``http`` or ``https``.
        host: Its host.
        netloc: Its host and port, as NO_PROXY may name them.

    Raises:
        ConfigurationError: It is none that can be used.
    """
    proxies = urllib.request.getproxies()
    name = scheme if proxies.get(scheme) else "all"
    url = proxies.get(name, "")
    if not url or urllib.request.proxy_bypass(netloc) or urllib.request.proxy_bypass(host):
        return None
    source = f"the proxy for {scheme} (the environment variable {name.upper()}_PROXY)"
    proxy = _split(url if "://" in url else f"http://{url}")
    if proxy is None:
        raise ConfigurationError(f"{source} is not a URL with a host")
    if proxy.scheme not in {"http", "https"}:
        raise ConfigurationError(f"{source} must begin with http:// or https://, not others")
    # A plain http origin is on this machine (_config sees to that). Another machine's proxy could
    # not reach it, but would read the token.
    if scheme == "http" and not is_loopback(proxy.hostname or ""):
        return None
    return proxy


def proxy_pool(proxy: SplitResult, *, maxsize: int) -> urllib3.ProxyManager:
    """The pool of connections through a proxy.

    Args:
        proxy: What :func:`find_proxy` found.
        maxsize: Connections to one host that are kept.
    """
    headers = None
    if proxy.username is not None:
        user, password = unquote(proxy.username), unquote(proxy.password or "")
        headers = urllib3.make_headers(proxy_basic_auth=f"{user}:{password}")
    origin = f"{proxy.scheme}://{proxy.netloc.rpartition('@')[2]}"
    return urllib3.ProxyManager(origin, proxy_headers=headers, num_pools=1, maxsize=maxsize)


def _split(url: str) -> SplitResult | None:
    """A URL's parts, or None when it has no sound host and port."""
    try:
        parts = urlsplit(url)
        sound = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if sound else None
