"""The object with which a client's results save their files.

It is made with each client, so it imports the code for downloads only when a file is requested.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from runcomfy_core.errors import ConfigurationError
from runcomfy_core.text import shown

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from runcomfy_core.jobs.saving import Progress

    from .options import Options


@attrs.frozen
class FileSaver:
    """A saver of one API's files.

    Attributes:
        local_host: The API's host and port if it is on this machine, and "" otherwise. No other
            rule allows files from this machine.
    """

    local_host: str = ""

    def download(  # noqa: PLR0913 - the Saver protocol has these arguments
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
        from .download import download  # noqa: PLC0415 - it loads urllib3

        options = self._options(allow_hosts, limit, timeout, on_progress)
        return download(urls, directory, options, prefix=prefix)

    def save(  # noqa: PLR0913 - the Saver protocol has these arguments
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
        from .download import save  # noqa: PLC0415 - it loads urllib3

        return save(url, path, self._options(allow_hosts, limit, timeout, on_progress))

    def _options(
        self,
        allow_hosts: Collection[str],
        limit: int,
        timeout: float,
        on_progress: Callable[[Progress], object] | None,
    ) -> Options:
        from .options import Options  # noqa: PLC0415 - needed only for a download

        if isinstance(allow_hosts, str):
            raise ConfigurationError(f"allow_hosts is a list of hosts: [{shown(allow_hosts)}]")
        hosts = [*allow_hosts, *([self.local_host] if self.local_host else [])]
        return Options(allow_hosts=hosts, limit=limit, timeout=timeout, on_progress=on_progress)
