"""What a result asks of the floor above, which fetches files: to save those of its output."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - attrs resolves a class's annotations
from typing import TYPE_CHECKING, Final, Protocol

import attrs

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Sequence

#: The most bytes of one file, if the caller says nothing.
LIMIT: Final = 2 * 1024**3

#: Seconds that a server may be silent, if the caller says nothing.
TIMEOUT: Final = 60.0


@attrs.frozen
class Progress:
    """How far a file is.

    Attributes:
        url: The file.
        path: What it becomes.
        received: Bytes that are on disk. Goes back to zero when the file has to start over.
        total: Its length in bytes, or None when the server doesn't say.
    """

    url: str
    path: Path
    received: int
    total: int | None


class Saver(Protocol):
    """Fetches files and saves them; the arguments are those of :class:`~.result.Result`."""

    def download(  # noqa: PLR0913 - all but two are by name
        self,
        urls: Sequence[str],
        directory: str | os.PathLike[str],
        *,
        prefix: str,
        allow_hosts: Collection[str],
        limit: int,
        timeout: float,
        on_progress: Callable[[Progress], object] | None,
    ) -> list[Path]:
        """Save files in a directory, under names that begin with *prefix*."""
        ...

    def save(  # noqa: PLR0913 - all but two are by name
        self,
        url: str,
        path: str | os.PathLike[str],
        *,
        allow_hosts: Collection[str],
        limit: int,
        timeout: float,
        on_progress: Callable[[Progress], object] | None,
    ) -> Path:
        """Save one file under exactly this name."""
        ...
