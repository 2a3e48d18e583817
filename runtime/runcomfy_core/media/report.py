"""What a check of an input's media found; apart from the rules, which every such model imports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from runcomfy_core.problem import Problem  # noqa: TC001 - attrs resolves a class's annotations

from .rules import MEGABYTE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .rules import Metric


@attrs.frozen
class Unchecked:
    """A rule that could not be evaluated here; the server has the last word.

    Attributes:
        path: The file's JSON pointer, such as ``/video_url``.
        rule: The rule, such as ``duration_seconds<=``.
        limit: What the schema asks for.
        reason: Why, and what would help.
    """

    path: str
    rule: str
    limit: float
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.rule} {self.limit} is unchecked: {self.reason}"


@attrs.frozen
class MediaItem:
    """What was measured of one file; None where it is not known.

    Attributes:
        path: Its JSON pointer, such as ``/image_urls/1``.
        type: Its media type, told from its content, such as ``image/png``.
        size: Bytes.
        width: Pixels as displayed: rotation by EXIF counts.
        height: Likewise.
        duration: Seconds.
        fps: Frames a second.
        bytes_read: How many bytes of it were read.
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
        """What there is of *metric*, in a rule's unit; None if it is not known."""
        if metric == "file_size_mb":
            return None if self.size is None else self.size / MEGABYTE
        if metric == "width/height":
            return self.width / self.height if self.width and self.height else None
        as_it_is: Mapping[Metric, float | None] = {
            "width_pixels": self.width,
            "height_pixels": self.height,
            "duration_seconds": self.duration,
            "fps": self.fps,
        }
        return as_it_is[metric]


@attrs.frozen
class MediaReport:
    """What a check of an input's media found.

    Attributes:
        problems: Files that can't be read or break a rule, in the order of the fields.
        unchecked: Rules that could not be evaluated here.
        items: What was measured of each file that could be read.
        doubtful: Files that may break a rule: too large where a megabyte has 1,000,000 bytes, and
            not where it has 1,048,576. They are submitted, with a :class:`MediaWarning`.
    """

    problems: tuple[Problem, ...]
    unchecked: tuple[Unchecked, ...]
    items: tuple[MediaItem, ...]
    doubtful: tuple[Problem, ...] = ()
