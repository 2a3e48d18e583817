"""What can go wrong with a request, as the libraries below say it, and in words."""

from __future__ import annotations

import re
from http.client import HTTPException
from typing import TYPE_CHECKING, Final

from urllib3.exceptions import HTTPError

if TYPE_CHECKING:
    from collections.abc import Sequence


class Unreached(Exception):  # noqa: N818 - the name says what happened
    """Nobody took the connection, so not a byte of a request can have left.

    Attributes:
        failures: Why, for each address that was tried.
        proxy: Whether that is the doing of a proxy, which can't be reached or does not lead on.
    """

    def __init__(self, failures: Sequence[BaseException], *, proxy: bool = False) -> None:
        super().__init__(failures[-1])
        self.failures = tuple(failures)
        self.proxy = proxy


#: Whatever urllib3, http.client, TLS and sockets raise.
FAULTS: Final = (Unreached, HTTPError, HTTPException, OSError, ValueError)

#: "HTTPSConnection(host='…', port=443): Failed to …", or in older versions "<… object at …>: …":
#: which host is known without it.
_OBJECT: Final = re.compile(r"^(?:<[^<>]+>|\w+\([^()]*\)): ")


def root(error: BaseException) -> BaseException:
    """What lies at the bottom of an error that wraps others."""
    while True:
        inner: object = error.args[-1] if error.args else None
        if not isinstance(inner, BaseException):
            # urllib3's errors of connecting say in words what they were raised from.
            inner = error.__cause__
        if inner is None:
            return error
        error = inner


def reason(error: BaseException, *, connect: float, read: float, left: bool) -> str:
    """An error in words, which may be several lines and hold what a server said.

    Args:
        error: One of :data:`FAULTS`.
        connect: Seconds that there were to connect.
        read: Seconds that there were for the answer.
        left: Whether the request may have left.
    """
    prefix = "the proxy: " if isinstance(error, Unreached) and error.proxy else ""
    said = error.failures[-1] if isinstance(error, Unreached) else error
    cause = root(said)
    if isinstance(cause, TimeoutError):
        # What it says itself of a tunnel or a handshake names no time, but places in C.
        if left:
            return f"timed out after {read:.3g} s"
        return f"{prefix}connecting timed out after {connect:.3g} s"
    text = _OBJECT.sub("", str(said if isinstance(said, HTTPError) else cause))
    # What OpenSSL makes of an answer in plain text.
    if getattr(cause, "reason", None) == "WRONG_VERSION_NUMBER":
        text += "; the server speaks no TLS: does its URL begin with http://?"
    return prefix + (text or type(cause).__name__)
