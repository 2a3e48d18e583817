"""Reading an image's header with imagesize. No other module calls imagesize.

Importing imagesize takes 70 ms, so that happens on first use. It gets only file objects, because it
would open paths and URLs, too.
"""

from __future__ import annotations

import io
import struct
from importlib import import_module
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol, cast

from runcomfy_core.interrupts import pass_on

if TYPE_CHECKING:
    from .reader import Tap

#: The EXIF orientations that swap width and height.
_SIDEWAYS: Final = frozenset({5, 6, 7, 8})


class Info(Protocol):
    """The part of imagesize's answer that is used. An unknown value is -1."""

    @property
    def width(self) -> int:
        """The width in pixels, after the rotation."""
        ...

    @property
    def height(self) -> int:
        """The height in pixels, after the rotation."""
        ...

    @property
    def rotation(self) -> int:
        """The EXIF orientation."""
        ...


class _Library(Protocol):
    """The part of imagesize that is used. The library has no type annotations."""

    def get_info(self, file: BinaryIO, /, *, dpi: bool, colors: bool, channels: bool) -> Info: ...


def ask(tap: Tap) -> Info | None:
    """Return what a header says; None if it is malformed, or longer than the tap allows to read.

    Raises:
        Exception: imagesize failed in any other way, so nothing is known of the file.
    """
    library = cast("_Library", import_module("imagesize"))
    file = cast("BinaryIO", tap)  # imagesize calls only its read and seek
    info: Info | None = None
    failure: Exception | None = None
    try:
        # imagesize's get() would hide errors.
        info = library.get_info(file, dpi=False, colors=False, channels=False)
    # Any error is held back, because settle() raises an error of the file first.
    except Exception as error:  # noqa: BLE001
        pass_on(error)
        failure = error
    tap.settle()
    if failure is not None and not tap.spent and not _is_of_the_header(failure):
        raise failure
    return info


def _is_of_the_header(error: Exception) -> bool:
    """Return whether an error of imagesize's means that the header is malformed."""
    # UnsupportedOperation is a ValueError, but means only that a file can't seek from its end.
    return isinstance(error, (ValueError, struct.error)) and not isinstance(
        error, io.UnsupportedOperation
    )


def is_sideways(info: Info) -> bool:
    """Return whether a header's orientation swaps width and height."""
    return info.rotation in _SIDEWAYS
