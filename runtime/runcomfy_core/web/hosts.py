"""Which URLs a download may fetch: a check without I/O, for each URL and each redirect.

Rules:

- Allowed are https URLs at and under runcomfy.net and runcomfy.com, on the usual port. Other hosts
  are allowed only when the user names them; plain http only to this machine, and only when the user
  names it.
- Hosts are compared as plain ASCII. A URL that could be read in two ways (a user name, a dot at the
  end of the host, other alphabets) is refused, not repaired.
- The request is built anew from the parts that were checked, so that the HTTP library can't
  understand the same text as another URL.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from runcomfy_core.config import is_loopback
from runcomfy_core.errors import ConfigurationError
from runcomfy_core.http.target import PORTS, Target
from runcomfy_core.interrupts import pass_on
from runcomfy_core.text import one_line

from .faults import Refused
from .urls import shown

if TYPE_CHECKING:
    from collections.abc import Collection

#: The hosts of outputs (docs/contract.md, "Outputs").
OWN_HOSTS: Final = ("runcomfy.net", "runcomfy.com")

_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")

#: Characters that stay unchanged in a path or query. ``%`` is one, for both are percent-encoded.
_SAFE: Final = "%/?:@!$&'()*+,;=~"


class Hosts:
    """The hosts that files may come from.

    Args:
        more: Hosts to allow besides RunComfy's, as ``host`` or ``host:port``. A name covers the
            hosts under it, too. Without a port, only the usual port is allowed.

    Raises:
        ConfigurationError: An item is no host.
    """

    def __init__(self, more: Collection[str]) -> None:
        if isinstance(more, str):
            raise ConfigurationError(f"allow_hosts must be a list of hosts: [{more!r}]")
        self._allowed = [_entry(text) for text in (*OWN_HOSTS, *more)]

    def check(self, url: str) -> Target:
        """Return the target that *url* names.

        Raises:
            Refused: It is no URL, or none that files may come from.
        """
        target = _target(url)
        if target.scheme == "http" and not is_loopback(target.host):
            raise Refused("its address begins with http://, and only https:// is fetched")
        if any(_covers(name, port, target) for name, port in self._allowed):
            return target
        place = target.authority
        raise Refused(
            f"its host is {place!r}, and files are fetched from {' and '.join(OWN_HOSTS)} only; "
            f"if you trust it, pass allow_hosts=[{place!r}]"
        )

    def redirected(self, url: str) -> Target:
        """Return the target that *url*, the URL of a redirect, names.

        Raises:
            Refused: :meth:`check` refuses the URL.
        """
        try:
            return self.check(url)
        except Refused as fault:
            reason = f"it is redirected to {shown(url)}: {fault}"
        raise Refused(reason)


def _target(url: str) -> Target:
    """Return the parts of an http(s) URL, checked one by one."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        pass_on(error)
        raise Refused("its address is not a URL: its host or port can't be read") from None
    if parts.scheme not in PORTS or not url.isprintable():
        raise Refused("its address is not a URL that begins with https://")
    if "@" in parts.netloc:
        raise Refused("its address holds a user name or password, which ours never do")
    if not _is_host(host):
        raise Refused(f"its address has no plain host name but {one_line(host, 80)!r}")
    return Target(
        scheme=parts.scheme,
        host=host,
        port=PORTS[parts.scheme] if port is None else port,
        path=quote(parts.path, safe=_SAFE) or "/",
        query=f"?{quote(parts.query, safe=_SAFE)}" if parts.query else "",
    )


def _entry(text: object) -> tuple[str, int | None]:
    """Return the host and port of an item of ``allow_hosts``."""
    fault = f"allow_hosts holds {text!r}, which is not a host or host:port, such as 'cdn.test:8443'"
    if not isinstance(text, str):
        raise ConfigurationError(fault)
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        pass_on(error)
        raise ConfigurationError(fault) from None
    if parts.netloc != text or "@" in text or port == 0 or not _is_host(host):
        raise ConfigurationError(fault)
    return host, port


def _is_host(host: str) -> bool:
    return _is_address(host) or _HOST.fullmatch(host) is not None


def _is_address(host: str) -> bool:
    try:
        # An address with a zone, such as fe80::1%eth0, has a meaning on one machine only.
        return "%" not in host and bool(ipaddress.ip_address(host))
    except ValueError as error:
        pass_on(error)
        return False


def _covers(name: str, port: int | None, target: Target) -> bool:
    """Return whether an allowed name and port cover a target."""
    under = not _is_address(name) and target.host.endswith(f".{name}")
    usual = PORTS[target.scheme]
    return (target.host == name or under) and target.port == (usual if port is None else port)
