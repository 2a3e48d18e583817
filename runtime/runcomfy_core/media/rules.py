"""A model's media rules, as its generated module states them.

A rule is compared as written (docs/contract.md, "Input schemas"): strict means strict. Of a
megabyte there are two readings: what breaks a rule by both is refused, and what keeps it by one
alone is doubtful.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MEGABYTE: Final = 1_048_576

#: What the vendor's own nodes count as a megabyte. They also take "at most" for "less than".
SMALL_MEGABYTE: Final = 1_000_000

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


# Named tuples and no attrs classes, which take four times as long to make: every model has these.
class MediaRule(NamedTuple):
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
        """Return whether a file of which that much was *measured* keeps the rule."""
        return _HOLDS[self.operator](measured, self.limit)

    def takes_size(self, size: int) -> bool:
        """Return whether *size* bytes keep this rule about megabytes by one reading, or by both."""
        return self.holds(size / MEGABYTE) or self.holds(size / SMALL_MEGABYTE)

    def surely_takes_size(self, size: int) -> bool:
        """Return whether *size* bytes keep it by both readings, each as strict as it may be."""
        strict = _HOLDS[self.operator[0]]
        return strict(size / MEGABYTE, self.limit) and strict(size / SMALL_MEGABYTE, self.limit)


class MediaField(NamedTuple):
    """Where an input holds media.

    Attributes:
        place: The way to it.
        kind: What it must be; None where alternatives allow several kinds.
        rules: What each file there must be like.
    """

    place: Place
    kind: Kind | None
    rules: tuple[MediaRule, ...] = ()
