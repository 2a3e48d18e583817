"""A model's media rules, as its generated module states them.

A rule is compared as written (docs/contract.md, "Input schemas"): strict means strict. A megabyte
can be read in two ways. A file that breaks a rule by both readings is refused; a file that breaks
it by only one is doubtful.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MEGABYTE: Final = 1_048_576

#: A megabyte as the vendor's own nodes count it. They also read "less than" as "at most".
SMALL_MEGABYTE: Final = 1_000_000

Kind: TypeAlias = Literal["image", "video", "audio"]
Metric: TypeAlias = Literal[
    "file_size_mb", "width_pixels", "height_pixels", "width/height", "duration_seconds", "fps"
]


class Measured(Protocol):
    """What is known of a file; None where it is not."""

    @property
    def size(self) -> int | None:
        """Bytes."""
        ...

    @property
    def width(self) -> int | None:
        """Pixels as displayed."""
        ...

    @property
    def height(self) -> int | None:
        """Pixels as displayed."""
        ...

    @property
    def duration(self) -> float | None:
        """Seconds."""
        ...

    @property
    def fps(self) -> float | None:
        """Frames a second."""
        ...


#: How each metric is read from a file, in the unit of the rules; None where it is not known.
METRICS: Final[Mapping[Metric, Callable[[Measured], float | None]]] = {
    "file_size_mb": lambda file: None if file.size is None else file.size / MEGABYTE,
    "width_pixels": lambda file: file.width,
    "height_pixels": lambda file: file.height,
    "width/height": lambda file: file.width / file.height if file.width and file.height else None,
    "duration_seconds": lambda file: file.duration,
    "fps": lambda file: file.fps,
}

#: The path from an input to its media, in steps: a field's name, an item's index, or EACH.
Place: TypeAlias = tuple[str | int | None, ...]

#: The step to each item of an array, or to each value of an object.
EACH: Final = None

_HOLDS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


# Every model makes instances of these classes when it is imported. They are named tuples, because
# instances of attrs classes take four times as long to make.
class MediaRule(NamedTuple):
    """A rule that a file must keep.

    Attributes:
        metric: What is measured: megabytes, pixels as displayed, their ratio, seconds, or frames
            a second.
        operator: The comparison of the measure with the limit.
        limit: The limit, in the metric's unit.
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
        """The rule's operator and limit, such as ``> 384``."""
        return f"{self.operator} {self.limit:g}"

    def holds(self, measured: float) -> bool:
        """Return whether a file with this measure keeps the rule."""
        return _HOLDS[self.operator](measured, self.limit)

    def takes_size(self, size: int) -> bool:
        """Return whether *size* bytes keep a rule about megabytes by at least one reading."""
        return self.holds(size / MEGABYTE) or self.holds(size / SMALL_MEGABYTE)

    def surely_takes_size(self, size: int) -> bool:
        """Return whether *size* bytes keep a rule about megabytes by both readings, strictly."""
        strict = _HOLDS[self.operator[0]]
        return strict(size / MEGABYTE, self.limit) and strict(size / SMALL_MEGABYTE, self.limit)


class MediaField(NamedTuple):
    """A field of an input that holds media.

    Attributes:
        place: The path from the input to the field's values.
        kind: The kind of media, or None where alternatives allow several kinds.
        rules: The rules that each file must keep.
    """

    place: Place
    kind: Kind | None
    rules: tuple[MediaRule, ...] = ()
