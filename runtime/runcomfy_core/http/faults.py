"""What can go wrong with a request: the exceptions of the libraries below, and words for them."""

from __future__ import annotations

import re
from http.client import HTTPException
from typing import TYPE_CHECKING, Final

from urllib3.exceptions import HTTPError

if TYPE_CHECKING:
    from collections.abc import Sequence


class Unreached(Exception):  # noqa: N818 - the name says what happened
    """No connection was made, so no byte of the request can have left.

    Attributes:
        failures: The errors, one for each address that was tried.
        proxy: Whether a proxy is at fault: it can't be reached or does not lead on.
    """

    def __init__(self, failures: Sequence[BaseException], *, proxy: bool = False) -> None:
        super().__init__(failures[-1])
        self.failures = tuple(failures)
        self.proxy = proxy


#: Whatever urllib3, http.client, TLS and sockets raise.
FAULTS: Final = (Unreached, HTTPError, HTTPException, OSError, ValueError)

#: How urllib3's messages begin: "HTTPSConnection(host='…', port=443): Failed to …", or in older
#: versions "<… object at …>: …". The caller knows the host, so this part is dropped.
_OBJECT: Final = re.compile(r"^(?:<[^<>]+>|\w+\([^()]*\)): ")


def root(error: BaseException) -> BaseException:
    """Return the innermost error of one that wraps others."""
    while True:
        inner: object = error.args[-1] if error.args else None
        if not isinstance(inner, BaseException):
            # urllib3's connection errors hold a text in args, and the inner error as __cause__.
            inner = error.__cause__
        if inner is None:
            return error
        error = inner


def reason(error: BaseException, *, connect: float, read: float, left: bool) -> str:
    """Return an error in words: maybe several lines, maybe with words of the server's.

    Args:
        error: One of :data:`FAULTS`.
        connect: The connect timeout in seconds.
        read: The read timeout in seconds.
        left: Whether the request may have left.
    """
    prefix = "the proxy: " if isinstance(error, Unreached) and error.proxy else ""
    said = error.failures[-1] if isinstance(error, Unreached) else error
    cause = root(said)
    if isinstance(cause, TimeoutError):
        # The error's own text names places in C code instead of a time.
        if left:
            return f"timed out after {read:.3g} s"
        return f"{prefix}connecting timed out after {connect:.3g} s"
    text = _OBJECT.sub("", str(said if isinstance(said, HTTPError) else cause))
    # OpenSSL reports an answer in plain text as a wrong version.
    if getattr(cause, "reason", None) == "WRONG_VERSION_NUMBER":
        text += "; the server speaks no TLS: does its URL begin with http://?"
    return prefix + (text or type(cause).__name__)
