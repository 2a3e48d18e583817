"""What keeps a remote file from being read: it, the caller's network, or our own limit.

These three never leave the package: the first becomes a problem of the input, the second a
``ConnectionFailed``, the third something that could not be checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from .deadline import Deadline


#: What to do about a deadline that is too short.
MORE_TIME: Final = "Client(media_timeout=…) gives it longer"


class Unreadable(Exception):  # noqa: N818 - the name says what happened
    """The file, or its server, is at fault: the API's own fetch would fail alike.

    Attributes:
        rule: ``complete`` for a body that ends too early, else ``readable``.
        limit: What is asked for: a status, a number of bytes, of seconds, of redirects.
        actual: What there is.
        message: Words that follow the file's JSON pointer.
    """

    def __init__(
        self,
        message: str,
        *,
        limit: object,
        actual: object,
        rule: Literal["readable", "complete"] = "readable",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.rule = rule
        self.limit = limit
        self.actual = actual


class OwnNetwork(Exception):  # noqa: N818 - the name says what happened
    """The caller's own network is at fault, or its proxy; nothing is known of the file."""


class TooMuch(Exception):  # noqa: N818 - the name says what happened
    """What is wanted of the file lies beyond what a check reads; the file may well be sound."""


def late(about: str, deadline: Deadline, *, came: str = "", received: int = 0) -> Unreadable:
    """The fault of a server that lets the deadline pass.

    Args:
        about: The file, as a message names it.
        deadline: What has passed.
        came: How far it got, in words; "" where that is not known.
        received: How many bytes of the body came.
    """
    so_far = f" ({came})" if came else ""
    return Unreadable(
        f"{about} was not read {within(deadline)}{so_far}; {MORE_TIME}",
        limit=deadline.seconds,
        actual=received,
    )


def within(deadline: Deadline) -> str:
    """The time that there was, in words."""
    return f"within the {deadline.seconds:g} s that a check of media may take"
