"""The two ways in which fetching a file goes wrong, as the modules below ``_download`` say them.

Both stay inside: ``_download`` turns them into :class:`~.errors.DownloadFailed`, which knows the
file. Being of our own kind, they are never mistaken for what a caller's progress callback raises.
"""

from __future__ import annotations


class Refused(Exception):  # noqa: N818 - the name says what happened
    """Another try would end the same way. The message is the reason."""


class Dropped(Exception):  # noqa: N818 - likewise
    """Another try may bring the rest. The message is the reason.

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
