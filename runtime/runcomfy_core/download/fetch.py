"""Downloading one file into a part file, with retries.

Rules:

- A download that breaks off is retried, and continues where it was. It fails when five tries in a
  row each end less than 1 MiB further than all tries before. So the number of tries is bounded, and
  a large file still gets through a bad connection.
- The pauses between tries grow, and are no shorter than the server asks, up to a minute.
- No more is written than the limit allows, or than the file has.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final

import attrs

from runcomfy_core.jobs.saving import Progress
from runcomfy_core.web.faults import Dropped, Refused
from runcomfy_core.web.ranges import Known, ask, read
from runcomfy_core.wire.polls import Polls

from .files import check_free
from .names import has_extension

if TYPE_CHECKING:
    from pathlib import Path

    from runcomfy_core.web.ranges import Body
    from runcomfy_core.web.stream import Stream, Streams

    from .files import PartFile
    from .names import Names
    from .options import Options

#: The number of tries in a row without progress after which a download fails.
TRIES: Final = 5

#: The number of bytes by which a try must get further than all before to count as progress.
WORTHWHILE: Final = 1024**2

#: The longest pause that a server can ask for, in seconds.
LONGEST_PAUSE: Final = 60.0


@attrs.define
class File:
    """A file to download.

    Attributes:
        url: The URL that the user passed.
        path: The path of the file.
        names: The names that are taken in its directory, if the answer's type may still add an
            extension to the file's name; None if the name is final.
        content_type: The last ``Content-Type`` that an answer had.
    """

    url: str
    path: Path
    names: Names | None = None
    content_type: str = ""

    @property
    def place(self) -> Path:
        """The path for messages: the file's, or its directory's while its name is not final."""
        is_known = self.names is None or has_extension(self.path.name)
        return self.path if is_known else self.path.parent

    def settle(self, content_type: str) -> None:
        """Note the file's type, and make its name final if it is not yet."""
        self.content_type = content_type or self.content_type  # the answer with a part may lack it
        if self.names is not None:
            self.path = self.path.with_name(self.names.extended(self.path.name, content_type))
            self.names = None


class Fetch:
    """The download of one file into a part file."""

    def __init__(self, file: File, part: PartFile, streams: Streams, options: Options) -> None:
        self._file = file
        self._part = part
        self._streams = streams
        self._options = options
        self._known = Known()

    def run(self) -> None:
        """Download the whole file.

        Raises:
            Refused: The file can't be downloaded, for good or after all retries.
        """
        clock = self._options.clock
        polls, failed, furthest = Polls(clock, None), 0, 0
        while (drop := self._try()) is not None:
            if self._part.size >= furthest + WORTHWHILE:
                polls, failed, furthest = Polls(clock, None), 0, self._part.size
            else:
                failed += 1
            if failed == TRIES:
                raise Refused(f"{drop}; it was tried {TRIES} times")
            clock.sleep(polls.next_pause(min(drop.retry_after or 0.0, LONGEST_PAUSE)))

    def _try(self) -> Dropped | None:
        """Send one request. Return what went wrong, or None when the file is whole."""
        try:
            with closing(self._streams.get(self._file.url, ask(self._known))) as stream:
                self._take(stream)
        except Dropped as drop:
            # The traceback is dropped, because its frames would keep the answer and its connection.
            return drop.with_traceback(None)
        return None

    def _take(self, stream: Stream) -> None:
        try:
            body = read(stream.response, self._known)
        except Dropped as drop:
            if drop.restart:
                self._known = Known()
            raise
        self._begin(body, stream.fields.get("content-type", ""))
        try:
            self._copy(body, stream)
        finally:
            self._known = Known(self._part.size, body.total, body.validator)
        if body.total is not None and self._part.size < body.total:
            raise Dropped(f"only {self._part.size} of {body.total} bytes came")
        if not self._part.size:
            raise Refused("the server sent a file of no bytes")

    def _begin(self, body: Body, content_type: str) -> None:
        self._check_limit(body.total or 0)
        self._file.settle(content_type)
        check_free(self._file.path, body.total)
        if body.offset != self._part.size:
            self._part.restart()
        self._tell(body.total)

    def _copy(self, body: Body, stream: Stream) -> None:
        while self._part.size != body.end and (data := stream.read()):
            size = self._part.size + len(data)
            self._check_limit(size)
            if body.end is not None and size > body.end:
                raise Refused("more came than the server said")
            self._part.write(data)
            self._tell(body.total)

    def _check_limit(self, size: int) -> None:
        limit = self._options.limit
        if size > limit:
            raise Refused(f"it is larger than the limit of {limit} bytes; a higher one can be set")

    def _tell(self, total: int | None) -> None:
        if self._options.on_progress is not None:
            file = self._file
            self._options.on_progress(Progress(file.url, file.path, self._part.size, total))
