"""Reports of media checks. They are apart from the rules, which every model with media imports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from runcomfy_core.problem import Problem  # noqa: TC001 - attrs resolves a class's annotations

from .rules import METRICS

if TYPE_CHECKING:
    from .rules import Metric


@attrs.frozen
class Unchecked:
    """A rule that could not be evaluated on this machine. The server decides about it.

    Attributes:
        path: The file's JSON pointer, such as ``/video_url``.
        rule: The rule, such as ``duration_seconds<=``.
        limit: The rule's limit.
        reason: Why it could not be evaluated, and what would help.
    """

    path: str
    rule: str
    limit: float
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.rule} {self.limit} is unchecked: {self.reason}"


@attrs.frozen
class MediaItem:
    """The measures of one file. An unknown value is None.

    Attributes:
        path: The file's JSON pointer, such as ``/image_urls/1``.
        type: The media type, told from the content, such as ``image/png``.
        size: The size in bytes.
        width: The width in pixels as displayed, after rotation by EXIF.
        height: The height in pixels as displayed, after rotation by EXIF.
        duration: The duration in seconds.
        fps: The number of frames a second.
        bytes_read: The number of bytes that were read to find this out.
    """

    path: str
    type: str | None
    size: int | None
    width: int | None
    height: int | None
    duration: float | None
    fps: float | None
    bytes_read: int

    def measured(self, metric: Metric) -> float | None:
        """Return the value of a *metric* in the unit of a rule, or None if it is unknown."""
        return METRICS[metric](self)


@attrs.frozen
class MediaReport:
    """The result of checking an input's media.

    Attributes:
        problems: Problems of files that can't be read or break a rule, in the order of the fields.
        unchecked: Rules that could not be evaluated on this machine.
        items: The measures of each file that could be read.
        doubtful: Problems of files that may break a rule about their size. Whether they do depends
            on whether a megabyte has 1,000,000 or 1,048,576 bytes. Such files are submitted, with a
            :class:`MediaWarning`.
    """

    problems: tuple[Problem, ...]
    unchecked: tuple[Unchecked, ...]
    items: tuple[MediaItem, ...]
    doubtful: tuple[Problem, ...] = ()
