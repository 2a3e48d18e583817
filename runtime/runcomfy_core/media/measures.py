"""What measuring a file gives."""

from __future__ import annotations

import attrs


@attrs.frozen
class Measures:
    """What a file's header says; None is what is not known.

    Attributes:
        width: Pixels, as displayed: a rotation that the header asks for is made.
        height: Pixels, likewise.
        duration: Seconds.
        fps: Frames a second, on average.
        missing: Why something is None, for the user; empty when nothing is that the file could
            be asked for.
    """

    width: int | None = None
    height: int | None = None
    duration: float | None = None
    fps: float | None = None
    missing: str = ""


class Broken(Exception):  # noqa: N818 - the name says what happened
    """The header is unsound, so that no one can use the file; the words follow its JSON pointer."""
