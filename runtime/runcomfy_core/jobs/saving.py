"""What a result needs of the download package, which lies above this one and saves files."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - attrs resolves a class's annotations
from typing import TYPE_CHECKING, Final, Protocol

import attrs

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Sequence

#: The default for the most bytes that one file may have.
LIMIT: Final = 2 * 1024**3

#: The default for the seconds that a server may be silent.
TIMEOUT: Final = 60.0


@attrs.frozen
class Progress:
    """How much of a file has been downloaded.

    Attributes:
        url: The file's URL.
        path: The name under which the whole file will be saved.
        received: Bytes that are on disk; zero again when the download has to start over.
        total: The length of the file in bytes, or None when the server doesn't say.
    """

    url: str
    path: Path
    received: int
    total: int | None


class Saver(Protocol):
    """Fetches files and saves them.

    :class:`~.result.Result` documents the arguments, under ``download`` and ``save``.
    """

    def download(  # noqa: PLR0913 - all but two are keyword-only
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

    def save(  # noqa: PLR0913 - all but two are keyword-only
        self,
        url: str,
        path: str | os.PathLike[str],
        *,
        allow_hosts: Collection[str],
        limit: int,
        timeout: float,
        on_progress: Callable[[Progress], object] | None,
    ) -> Path:
        """Save one file under exactly the name *path*."""
        ...
