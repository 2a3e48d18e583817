"""Connection errors: words for them, and whose fault they are, the server's or our network's."""

from __future__ import annotations

import errno
import http.client
import socket
import ssl
from typing import TYPE_CHECKING, Final

from runcomfy_core.http.faults import root
from runcomfy_core.http.response import CutOff
from runcomfy_core.text import one_line

from .faults import OwnNetwork, Unreadable, late

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runcomfy_core.http.deadline import Deadline
    from runcomfy_core.http.target import Target

#: The errors of a machine that has no route to an address. EPERM and EACCES come from a firewall.
_NO_WAY: Final = frozenset(
    {
        errno.ENETUNREACH,
        errno.ENETDOWN,
        errno.EHOSTUNREACH,
        errno.EADDRNOTAVAIL,
        errno.EAFNOSUPPORT,
        errno.EPERM,
        errno.EACCES,
    }
)


def not_reached(
    failures: Sequence[BaseException], target: Target, about: str, deadline: Deadline
) -> Unreadable | OwnNetwork:
    """Return the fault for a host none of whose addresses could be connected to.

    Args:
        failures: The errors, one for each address.
        target: The target.
        about: The file, as a message names it.
        deadline: The deadline of the whole check.
    """
    causes = [root(failure) for failure in failures]
    theirs = [cause for cause in causes if not _is_ours(cause)]
    if not theirs:
        return OwnNetwork(
            f"this machine's network does not lead to {target.host}: {_strerror(causes[-1])}"
        )
    if not deadline.left():
        return late(about, deadline, came=f"{target.host} does not answer")
    return _fault(about, f"{_connecting(theirs[-1], target)} (port {target.port})")


def no_proxy(failure: BaseException, target: Target) -> OwnNetwork:
    """Return the fault of a proxy that can't be reached or does not lead on."""
    return OwnNetwork(f"the proxy does not lead to {target.host}: {_strerror(root(failure))}")


def no_answer(error: BaseException, about: str, deadline: Deadline) -> Unreadable:
    """Return the fault of a server that accepted the connection but gave no valid answer."""
    cause = root(error)
    if isinstance(cause, TimeoutError) or not deadline.left():
        return late(about, deadline, came="its server did not answer")
    return _fault(about, _answering(cause))


def _is_ours(cause: BaseException) -> bool:
    # Here, the host is a numeric address. It fails to resolve only if this machine lacks its
    # address family.
    return isinstance(cause, socket.gaierror) or (
        isinstance(cause, OSError) and cause.errno in _NO_WAY
    )


def _connecting(cause: BaseException, target: Target) -> str:
    if isinstance(cause, ConnectionRefusedError):
        return f"{target.host} refuses the connection"
    if isinstance(cause, TimeoutError):
        return f"{target.host} does not answer"
    return f"{target.host} can't be connected to: {_strerror(cause)}"


def _answering(cause: BaseException) -> str:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its server's certificate is not trusted: {cause.verify_message.rstrip('.')}"
    if isinstance(cause, ssl.SSLError):
        return f"TLS with its server fails: {one_line(cause.reason or str(cause), 200)}"
    # http.client's RemoteDisconnected is a ConnectionError.
    if isinstance(cause, ConnectionError | CutOff):
        return "its server closed the connection without an answer"
    if isinstance(cause, http.client.HTTPException):
        return f"its server does not speak HTTP: {one_line(str(cause), 100)}"
    return f"its server gave no sound answer: {_strerror(cause)}"


def _fault(about: str, words: str) -> Unreadable:
    return Unreadable(f"{about} can't be read: {words}", limit="an answer", actual="none")


def _strerror(cause: BaseException) -> str:
    words = getattr(cause, "strerror", None)
    return one_line(str(words or cause), 200) or type(cause).__name__
