"""imagesize, asked in one place: what a picture's header says.

It is imported on first use, for that takes 70 ms. It gets file objects and nothing else, since it
would open paths and URLs as well.
"""

from __future__ import annotations

import io
import struct
from importlib import import_module
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol, cast

if TYPE_CHECKING:
    from .reader import Tap

#: The orientations that turn a picture on its side, as EXIF numbers them.
_SIDEWAYS: Final = frozenset({5, 6, 7, 8})


class Info(Protocol):
    """What is used of imagesize's answer: pixels as displayed, -1 for what it doesn't know."""

    @property
    def width(self) -> int:
        """Return the width in pixels, as stored."""
        ...

    @property
    def height(self) -> int:
        """Return the height in pixels, as stored."""
        ...

    @property
    def rotation(self) -> int:
        """Return the rotation by EXIF."""
        ...


class _Library(Protocol):
    """What is used of imagesize, which has no types of its own."""

    def get_info(self, file: BinaryIO, /, *, dpi: bool, colors: bool, channels: bool) -> Info: ...


def ask(tap: Tap) -> Info | None:
    """Return what a header says; None if it is unsound, or longer than the tap lets through.

    Raises:
        Exception: What went wrong inside imagesize, whatever that is: nothing is known of the file.
    """
    library = cast("_Library", import_module("imagesize"))
    file = cast("BinaryIO", tap)  # read and seek are all that it calls
    info: Info | None = None
    failure: Exception | None = None
    try:
        # Not its get(), which would pass over whatever goes wrong.
        info = library.get_info(file, dpi=False, colors=False, channels=False)
    # Everything: an error of the file's comes before any of the library's.
    except Exception as error:  # noqa: BLE001
        failure = error
    tap.settle()
    if failure is not None and not tap.spent and not _is_of_the_header(failure):
        raise failure
    return info


def _is_of_the_header(error: Exception) -> bool:
    """Return whether imagesize says by an error that a header is unsound."""
    # A file that can't seek from its end is no unsound file.
    return isinstance(error, (ValueError, struct.error)) and not isinstance(
        error, io.UnsupportedOperation
    )


def is_sideways(info: Info) -> bool:
    """Return whether a header's orientation swaps width and height."""
    return info.rotation in _SIDEWAYS
