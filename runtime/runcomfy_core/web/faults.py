"""Reasons why a file can't be fetched from its server.

None of these exceptions reaches the user. In a download, they become a ``DownloadFailed``, which
names the file. In a media check, they become a problem of the input, a ``ConnectionFailed``, or a
note that something could not be checked. They are classes of our own, so that they can't be
mistaken for an exception of the user's progress callback.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from runcomfy_core.http.deadline import Deadline

#: The advice for a deadline that is too short.
MORE_TIME: Final = "Client(media_timeout=…) gives it longer"


class Refused(Exception):  # noqa: N818 - the name says what happened
    """A download failed, and a retry would end the same way. The message is the reason."""


class Dropped(Exception):  # noqa: N818 - the name says what happened
    """A download broke off, and a retry may bring the rest. The message is the reason.

    Attributes:
        retry_after: Seconds that the server asks to wait, or None.
        restart: Whether the file must be fetched from its beginning again.
    """

    def __init__(
        self, reason: str, *, retry_after: float | None = None, restart: bool = False
    ) -> None:
        self.retry_after = retry_after
        self.restart = restart
        super().__init__(reason)


class Unreadable(Exception):  # noqa: N818 - the name says what happened
    """A media check failed because of the file or its server. The API's own fetch would fail too.

    Attributes:
        rule: ``complete`` for a body that ends too early, else ``readable``.
        limit: What was required: a status, or a number of bytes, seconds or redirects.
        actual: What was found instead.
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
    """A media check failed because of the user's own network or proxy. The file may be sound."""


class TooMuch(Exception):  # noqa: N818 - the name says what happened
    """A media check would have to read more than it may. The file may be sound."""


def late(about: str, deadline: Deadline, *, came: str = "", received: int = 0) -> Unreadable:
    """Return the fault of a server that lets the deadline pass.

    Args:
        about: The file, as a message names it.
        deadline: The deadline, which has passed.
        came: How far the check got, in words, or "" if that is unknown.
        received: The number of bytes of the body that arrived.
    """
    so_far = f" ({came})" if came else ""
    return Unreadable(
        f"{about} was not read {within(deadline)}{so_far}; {MORE_TIME}",
        limit=deadline.seconds,
        actual=received,
    )


def within(deadline: Deadline) -> str:
    """Return words for the time limit."""
    return f"within the {deadline.seconds:g} s that a check of media may take"
