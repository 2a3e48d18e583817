"""The results of measuring a file."""

from __future__ import annotations

import attrs


@attrs.frozen
class Measures:
    """The values in a file's header. An unknown value is None.

    Attributes:
        width: The width in pixels as displayed, after a rotation that the header asks for.
        height: The height in pixels as displayed, after a rotation that the header asks for.
        duration: The duration in seconds.
        fps: The average number of frames a second.
        missing: Why a value is None, in words for the user; "" if none is missing that such a file
            should have.
    """

    width: int | None = None
    height: int | None = None
    duration: float | None = None
    fps: float | None = None
    missing: str = ""


class Broken(Exception):  # noqa: N818 - the name says what happened
    """A malformed header makes a file unusable. The message follows the file's JSON pointer."""
