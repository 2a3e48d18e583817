"""What keeps a remote file from being read: it, the caller's network, or our own limit.

These three never leave the package: the first becomes a problem of the input, the second a
``ConnectionFailed``, the third something that could not be checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from .deadline import Deadline


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


def late(about: str, deadline: Deadline, received: int | None = None) -> Unreadable:
    """The fault of a server that lets the deadline pass.

    Args:
        about: The file, as a message names it.
        deadline: What has passed.
        received: How many bytes of the body came; None when not even an answer did.
    """
    came = "its server did not answer" if received is None else f"only {received:,} bytes came"
    return Unreadable(
        f"{about} can't be read: {came} within the {deadline.seconds:g} s that a check may take",
        limit=deadline.seconds,
        actual=received or 0,
    )
