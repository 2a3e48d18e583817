"""What a finished job gives.

Rules:

- ``raw`` is the whole answer, whatever became of reading it; the rest is a view of it.
- A view never raises: what is missing or of another type is None, or left out.
- Fetching its files is the only thing here that uses the network, and never with the token.
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
    """The answer of a job that succeeded.

    Attributes:
        request_id: The job.
        output: The output in the model's own type; what did not fit it is None there.
        raw: The whole answer, as parsed from JSON (docs/contract.md, "Outputs").
    """

    request_id: str
    output: OutputT
    # Any, because this is JSON that no schema vouches for.
    raw: dict[str, Any] = attrs.field(repr=False)
    # What its client gave it to save files with. It is equal to another that has another.
    _saver: Saver | None = attrs.field(default=None, repr=False, eq=False)

    @property
    def created_at(self) -> str | None:
        """When the job was submitted, in the API's own writing, or None."""
        return _text(self.raw.get("created_at"))

    @property
    def finished_at(self) -> str | None:
        """When the job ended, in the API's own writing, or None."""
        return _text(self.raw.get("finished_at"))

    @property
    def cost(self) -> float | None:
        """What the job cost, in US dollars, or None when the API does not say."""
        cost = self.raw.get("cost")
        if isinstance(cost, bool) or not isinstance(cost, int | float):
            return None
        try:
            price = float(cost)
        except OverflowError:  # an integer of more digits than a float can stand for
            return None
        # Python's JSON takes NaN and Infinity, which are no prices.
        return price if math.isfinite(price) else None

    @property
    def urls(self) -> tuple[str, ...]:
        """Every http(s) URL in the output, once, in the order in which the answer has them."""
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
        """Save every file of the output (docs/contract.md, "Outputs"); it is safe to do it again.

        A file is streamed to a temporary name and stands under its own when it is whole. One that
        breaks off is resumed. Nothing is ever replaced but a file of no bytes: a file that is
        there and equal counts as saved, any other is an error. So is a file of no bytes that a
        server sends. This blocks; on an event loop, call it in a thread.

        Args:
            directory: Where to; it is made if it isn't there. The files' names begin with the
                request id.
            allow_hosts: Where files may come from, beside hosts of RunComfy's, as ``host`` or
                ``host:port``.
            limit: The most bytes that one file may have.
            timeout: Seconds that a server may be silent.
            on_progress: Called as each file grows; what it raises ends the download.

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
        """Save the one file of the output under exactly this name; else as :meth:`download`.

        Raises:
            DownloadFailed: It could not be saved.
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
        """Have whatever is raised say which job the files are of."""
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
    """Return every http(s) URL in an output, once, in the order in which it has them."""
    found: dict[str, None] = {}
    # A stack of its own, because a server chooses the depth.
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
