"""The output of models that have no output schema of their own."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class Output:
    """The output of a job. A field that the answer doesn't have is None."""

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
