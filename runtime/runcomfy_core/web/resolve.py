"""Resolving a host's name to the IP addresses that may be connected to.

Rules:

- A name is resolved once for each connection, and the connection goes to an address that was
  checked. So a name server can't give one address to the check and another to the connection.
- If one address is not public, the host is refused: nobody knows which of them the API would take.
- A name that can't be resolved is the URL's fault, unless a name that surely exists can't be
  resolved either.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

from runcomfy_core.http.connection import is_recorded
from runcomfy_core.interrupts import pass_on

from .faults import MORE_TIME, OwnNetwork, Unreadable, within
from .urls import is_public

if TYPE_CHECKING:
    from runcomfy_core.http.deadline import Deadline
    from runcomfy_core.http.target import Target

#: The advice when no name can be resolved.
CHECK_NETWORK: Final = "see that it is online and that its name server answers"


def resolve(target: Target, about: str, *, control: str, allow_private: bool) -> list[str]:
    """Return the IP addresses of a target's host, in the system's order of preference.

    This has no timeout: only the system bounds it, and may take longer than the deadline.

    Args:
        target: The target.
        about: The file, as a message names it.
        control: A host name that resolves as long as this machine's network works, or "".
        allow_private: Whether addresses may be of this machine or its network.

    Returns:
        At least one address; or none if the name can't be resolved while a recorder is active,
        which may play the file back.

    Raises:
        Unreadable: There is no such host, or it has an address that is not public.
        OwnNetwork: This machine's name server doesn't answer.
    """
    host = target.host
    try:
        addresses = _look_up(host, target.port)
    except socket.gaierror as error:
        pass_on(error)
        if is_recorded():  # playing back needs no network
            return []
        raise _unknown(error, host, about, control) from None
    except UnicodeError as error:  # a label of over 63 characters
        pass_on(error)
        raise _no_host(host, about) from None
    if not addresses:
        raise _no_host(host, about)
    if not allow_private:
        _demand_public(addresses, host, about)
    return addresses


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def _unknown(
    error: socket.gaierror, host: str, about: str, control: str
) -> Unreadable | OwnNetwork:
    """Return the fault for a name that can't be resolved: the URL's or this machine's."""
    if error.errno != socket.EAI_AGAIN and _resolves(control):
        return _no_host(host, about)
    others = f", nor {control}" if control and error.errno != socket.EAI_AGAIN else ""
    return OwnNetwork(
        f"this machine can't look up {host}{others} ({error.strerror}); {CHECK_NETWORK}"
    )


def slow_look_up(host: str, deadline: Deadline) -> OwnNetwork:
    """Return the fault of this machine's name server when it lets the deadline pass."""
    return OwnNetwork(
        f"this machine did not look up {host} {within(deadline)}; {CHECK_NETWORK}; {MORE_TIME}"
    )


def _resolves(control: str) -> bool:
    """Return whether the control name resolves. Without one, the network counts as working."""
    if not control:
        return True
    try:
        socket.getaddrinfo(control, None)
    except OSError as error:
        pass_on(error)
        return False
    return True


def _no_host(host: str, about: str) -> Unreadable:
    return Unreadable(
        f"{about} can't be read: there is no host {host}; check the URL's spelling",
        limit="a host that exists",
        actual=host,
    )


def _demand_public(addresses: list[str], host: str, about: str) -> None:
    for address in addresses:
        if not is_public(address):
            raise Unreadable(
                f"{about} can't be read by the API: {host} resolves to {address}, "
                "which is not public",
                limit="a public address",
                actual=address,
            )
