"""Which addresses a file may be fetched from: a pure check, for each URL and each redirect.

Rules:

- https, to hosts at and under runcomfy.net and runcomfy.com, on the usual port. Others only when
  the caller names them; plain http only to this machine, and only when the caller names it.
- A host is compared as plain ASCII letters. What could be read in two ways (a user name, a dot at
  the end, other alphabets) is refused, not repaired.
- What is fetched is put together anew from the parts that were checked, so that the HTTP library
  can't read the same text as another address.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from runcomfy_core.config import is_loopback
from runcomfy_core.errors import ConfigurationError
from runcomfy_core.http.target import PORTS, Target
from runcomfy_core.text import one_line

from .faults import Refused
from .urls import shown

if TYPE_CHECKING:
    from collections.abc import Collection

#: Where outputs lie (docs/contract.md, "Outputs").
OWN_HOSTS: Final = ("runcomfy.net", "runcomfy.com")

_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")

#: What may stand in a path or query as it is; ``%`` too, for they come percent-encoded.
_SAFE: Final = "%/?:@!$&'()*+,;=~"


class Hosts:
    """The hosts that files may come from.

    Args:
        more: Beside our own, as ``host`` or ``host:port``; a name stands for the hosts under it
            too, without a port for the usual one.

    Raises:
        ConfigurationError: One of them is no host.
    """

    def __init__(self, more: Collection[str]) -> None:
        if isinstance(more, str):
            raise ConfigurationError(f"allow_hosts must be a list of hosts: [{more!r}]")
        self._allowed = [_entry(text) for text in (*OWN_HOSTS, *more)]

    def check(self, url: str) -> Target:
        """The address that *url* is.

        Raises:
            Refused: It is none, or none that files may come from.
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
        """The address that *url*, to which a redirect leads, is.

        Raises:
            Refused: As by :meth:`check`.
        """
        try:
            return self.check(url)
        except Refused as fault:
            reason = f"it is redirected to {shown(url)}: {fault}"
        raise Refused(reason)


def _target(url: str) -> Target:
    """The parts of an http(s) URL, checked one by one."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
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
    """Host and port of an item of ``allow_hosts``."""
    fault = f"allow_hosts holds {text!r}, which is not a host or host:port, such as 'cdn.test:8443'"
    if not isinstance(text, str):
        raise ConfigurationError(fault)
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ConfigurationError(fault) from None
    if parts.netloc != text or "@" in text or port == 0 or not _is_host(host):
        raise ConfigurationError(fault)
    return host, port


def _is_host(host: str) -> bool:
    return _is_address(host) or _HOST.fullmatch(host) is not None


def _is_address(host: str) -> bool:
    try:
        # A zone, as in fe80::1%eth0, is for one machine to know.
        return "%" not in host and bool(ipaddress.ip_address(host))
    except ValueError:
        return False


def _covers(name: str, port: int | None, target: Target) -> bool:
    """Whether an allowed name and port are those of an address."""
    under = not _is_address(name) and target.host.endswith(f".{name}")
    usual = PORTS[target.scheme]
    return (target.host == name or under) and target.port == (usual if port is None else port)
