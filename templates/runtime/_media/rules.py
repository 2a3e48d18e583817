"""A model's media rules, as its generated module states them, and what a check finds.

A rule is compared as written (docs/contract.md, "Input schemas"): strict means strict, and a
megabyte is 1,048,576 bytes.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .._problem import Problem

MEGABYTE: Final = 1_048_576

Kind: TypeAlias = Literal["image", "video", "audio"]
Metric: TypeAlias = Literal[
    "file_size_mb", "width_pixels", "height_pixels", "width/height", "duration_seconds", "fps"
]
#: The way from an input to its media: a field's name, an item's index, or EACH.
Place: TypeAlias = tuple[str | int | None, ...]

#: In a place: each item of an array, or each value of an object.
EACH: Final = None

_HOLDS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


@attrs.frozen
class MediaRule:
    """What a file must be like.

    Attributes:
        metric: What is measured: megabytes, pixels as displayed, their ratio, seconds, or frames
            a second.
        operator: How it is compared.
        limit: With what.
        message: The schema's own words for a file that breaks the rule.
    """

    metric: Metric
    operator: Literal["<", ">", "<=", ">="]
    limit: float
    message: str

    @property
    def name(self) -> str:
        """The rule as problems name it, such as ``width_pixels>``."""
        return f"{self.metric}{self.operator}"

    @property
    def words(self) -> str:
        """What it asks, such as ``> 384``."""
        return f"{self.operator} {self.limit:g}"

    def holds(self, measured: float) -> bool:
        """Tell whether a file of which that much was *measured* keeps the rule."""
        return _HOLDS[self.operator](measured, self.limit)


@attrs.frozen
class MediaField:
    """Where an input holds media.

    Attributes:
        place: The way to it.
        kind: What it must be; None where alternatives allow several kinds.
        rules: What each file there must be like.
    """

    place: Place
    kind: Kind | None
    rules: tuple[MediaRule, ...] = ()


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
    """

    problems: tuple[Problem, ...]
    unchecked: tuple[Unchecked, ...]
    items: tuple[MediaItem, ...]
