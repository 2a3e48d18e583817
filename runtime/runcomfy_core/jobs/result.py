"""The result of a job that succeeded.

Rules:

- ``raw`` is the whole answer, even where it could not be understood. Everything else is a view of
  it.
- A view never raises: a value that is missing, or has another type, is None or is left out.
- Only fetching files uses the network here, and it never sends the token.
"""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

import attrs

from runcomfy_core.errors import ConfigurationError, RunComfyError

from .saving import LIMIT, TIMEOUT, Saver  # noqa: TC001 - attrs resolves a class's annotations

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Generator
    from pathlib import Path

    from .saving import Progress

OutputT = TypeVar("OutputT")


@attrs.frozen
class Result(Generic[OutputT]):
    """The result of a job that succeeded.

    Attributes:
        request_id: The job.
        output: The output in the model's own type; a value that does not fit the type is None.
        raw: The whole answer, as parsed from JSON (docs/contract.md, "Outputs").
    """

    request_id: str
    output: OutputT
    # Any, because this is JSON that no schema vouches for.
    raw: dict[str, Any] = attrs.field(repr=False)
    # What the client saves files with; two results may be equal though their clients differ.
    _saver: Saver | None = attrs.field(default=None, repr=False, eq=False)

    @property
    def created_at(self) -> str | None:
        """When the job was submitted, as the API writes it, or None."""
        return _text(self.raw.get("created_at"))

    @property
    def finished_at(self) -> str | None:
        """When the job ended, as the API writes it, or None."""
        return _text(self.raw.get("finished_at"))

    @property
    def cost(self) -> float | None:
        """What the job cost, in US dollars, or None when the API does not say."""
        cost = self.raw.get("cost")
        if isinstance(cost, bool) or not isinstance(cost, int | float):
            return None
        try:
            price = float(cost)
        except OverflowError:  # the integer is too large for a float
            return None
        # Python's JSON parser accepts NaN and Infinity, which are no prices.
        return price if math.isfinite(price) else None

    @property
    def urls(self) -> tuple[str, ...]:
        """The http(s) URLs in the output, each once, in the order of the answer."""
        return urls_in(self.raw.get("output"))

    def download(
        self,
        directory: str | os.PathLike[str],
        *,
        allow_hosts: Collection[str] = (),
        limit: int = LIMIT,
        timeout: float = TIMEOUT,
        on_progress: Callable[[Progress], object] | None = None,
    ) -> list[Path]:
        """Save every file of the output (docs/contract.md, "Outputs"). It is safe to call again.

        A file is streamed to a temporary name, and gets its own name when it is whole. A download
        that breaks off is resumed. An existing file is never replaced, unless it is empty: if it
        equals the file on the server, it counts as saved, and otherwise it is an error. An empty
        file from the server is an error, too. This call blocks; on an event loop, call it in a
        thread.

        Args:
            directory: The directory to save in; it is created if it does not exist. The files'
                names begin with the request id.
            allow_hosts: Hosts that files may come from, besides RunComfy's own, as ``host`` or
                ``host:port``.
            limit: The most bytes that one file may have.
            timeout: Seconds that a server may be silent.
            on_progress: Called as each file grows; an exception that it raises ends the download.

        Returns:
            The paths, in the order of :attr:`urls`.

        Raises:
            DownloadFailed: A file could not be saved; the others were.
            ConfigurationError: An argument can't be used.
        """
        with self._known():
            return self._fetches().download(
                self.urls,
                directory,
                prefix=self.request_id,
                allow_hosts=allow_hosts,
                limit=limit,
                timeout=timeout,
                on_progress=on_progress,
            )

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        allow_hosts: Collection[str] = (),
        limit: int = LIMIT,
        timeout: float = TIMEOUT,
        on_progress: Callable[[Progress], object] | None = None,
    ) -> Path:
        """Save the only file of the output under exactly the name *path*.

        :meth:`download` describes the other arguments, and how a file is saved.

        Raises:
            DownloadFailed: The file could not be saved.
            ConfigurationError: The output has no file, or several; or an argument can't be used.
        """
        urls = self.urls
        with self._known():
            if len(urls) != 1:
                raise ConfigurationError(
                    f"the output of request {self.request_id} has {len(urls)} files, not one: "
                    "save them with download(directory)"
                )
            return self._fetches().save(
                urls[0],
                path,
                allow_hosts=allow_hosts,
                limit=limit,
                timeout=timeout,
                on_progress=on_progress,
            )

    @contextlib.contextmanager
    def _known(self) -> Generator[None]:
        """Have every error of ours that is raised in this block name the job."""
        try:
            yield
        except RunComfyError as error:
            error.of_job(self.request_id)
            raise

    def _fetches(self) -> Saver:
        if self._saver is None:
            raise ConfigurationError(
                f"the result of request {self.request_id} was made by hand, and so it has no way "
                "to fetch files; pick the job up with a client, and wait for its result"
            )
        return self._saver


def urls_in(output: object) -> tuple[str, ...]:
    """Return the http(s) URLs in an output, each once, in the order of the output."""
    found: dict[str, None] = {}
    # This is no recursion, because a server chooses the depth.
    pending = [output]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            if value.startswith(("https://", "http://")):
                found[value] = None
        elif isinstance(value, dict):
            pending.extend(reversed(cast("dict[str, object]", value).values()))
        elif isinstance(value, list):
            pending.extend(reversed(cast("list[object]", value)))
    return tuple(found)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
