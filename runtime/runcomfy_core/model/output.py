"""What a finished job gives, for every model that has no schema of its own for it."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class Output:
    """What a finished job gives; a field that the answer doesn't have is None."""

    image: str | None = None
    """URL of the one image."""
    video: str | None = None
    """URL of the one video."""
    audio: str | None = None
    """URL of the one audio file."""
    images: list[str] | None = None
    """URLs of several images."""
    videos: list[str] | None = None
    """URLs of several videos."""
    audios: list[str] | None = None
    """URLs of several audio files."""
