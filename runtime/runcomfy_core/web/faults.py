"""What keeps a file of a stranger's from being fetched.

None of it reaches a caller as it is. What goes wrong with a download becomes a ``DownloadFailed``,
which names the file. What goes wrong with a check becomes a problem of the input, a
``ConnectionFailed``, or something that could not be checked. Being of our own kind, none of it is
ever mistaken for what a caller's progress callback raises.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from runcomfy_core.http.deadline import Deadline

#: What to do about a deadline that is too short.
MORE_TIME: Final = "Client(media_timeout=…) gives it longer"


class Refused(Exception):  # noqa: N818 - the name says what happened
    """Of a download: another try would end the same way. The message is the reason."""


class Dropped(Exception):  # noqa: N818 - the name says what happened
    """Of a download: another try may bring the rest. The message is the reason.

    Attributes:
        retry_after: Seconds that the server asks to wait, or None.
        restart: Whether what came so far can't be continued.
    """

    def __init__(
        self, reason: str, *, retry_after: float | None = None, restart: bool = False
    ) -> None:
        self.retry_after = retry_after
        self.restart = restart
        super().__init__(reason)


class Unreadable(Exception):  # noqa: N818 - the name says what happened
    """Of a check: the file, or its server, is at fault: the API's own fetch would fail alike.

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
    """Of a check: the caller's own network, or its proxy, is at fault. The file may be sound."""


class TooMuch(Exception):  # noqa: N818 - the name says what happened
    """Of a check: what is wanted lies beyond what a check reads. The file may be sound."""


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
