"""imagesize, asked in one place: what a picture's header says.

It is imported on first use, for that takes 70 ms. It gets file objects and nothing else, since it
would open paths and URLs as well.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol, cast

if TYPE_CHECKING:
    from .reader import Tap

#: The orientations that turn a picture on its side, as EXIF numbers them.
_SIDEWAYS: Final = frozenset({5, 6, 7, 8})


class Info(Protocol):
    """What is used of imagesize's answer: pixels as displayed, -1 for what it doesn't know."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def rotation(self) -> int: ...


class _Library(Protocol):
    """What is used of imagesize, which has no types of its own."""

    def get_info(self, file: BinaryIO, /, *, dpi: bool, colors: bool, channels: bool) -> Info: ...


def ask(tap: Tap) -> Info | None:
    """Return what a header says; None if imagesize fails, for whatever reason."""
    library = cast("_Library", import_module("imagesize"))
    file = cast("BinaryIO", tap)  # read and seek are all that it calls
    try:
        # Not its get(), which would pass over whatever goes wrong.
        return library.get_info(file, dpi=False, colors=False, channels=False)
    # Everything: what a parser raises on hostile bytes is not to be listed.
    except Exception:  # noqa: BLE001
        return None


def is_sideways(info: Info) -> bool:
    """Tell whether a header's orientation swaps width and height."""
    return info.rotation in _SIDEWAYS
