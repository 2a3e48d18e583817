"""The chunks that WebP and WAV files are made of, and the duration of a WAV.

A WAV is simple enough not to be left to FFmpeg, which takes two gigabytes of memory where a few
bytes of a hostile one tell it to; that is also why AVI is not measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .measures import Broken, Measures
from .reader import part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .reader import File

#: Chunks of a file that are looked at; an animated WebP has one a frame.
_MOST_CHUNKS: Final = 4096

#: Samples of one size: whole numbers, floating point, A-law, µ-law, and "see further on".
_EVEN_FORMATS: Final = frozenset({1, 3, 6, 7, 0xFFFE})
#: Sizes from here on stand for "not known when this was written", in several ways.
_UNKNOWN: Final = 0x7FFF_0000


def chunks(file: File) -> Iterator[tuple[bytes, int, int]]:
    """Walk over chunks: the kind of each, where its content begins, and the size of that."""
    offset = 12
    for _ in range(_MOST_CHUNKS):
        head = part(file, offset, 8)
        if len(head) < 8:  # noqa: PLR2004 - what was asked for
            return
        size = _number(head[4:])
        yield head[:4], offset + 8, size
        offset += 8 + size + size % 2  # a chunk begins at an even place


def measure_wav(file: File) -> Measures:
    """Measure how long a WAV plays.

    Raises:
        Broken: The header is unsound.
    """
    duration = _duration(file)
    missing = "" if duration else "its header does not tell its duration"
    return Measures(duration=duration, missing=missing)


def _duration(file: File) -> float | None:
    bytes_per_second = 0
    for kind, start, size in chunks(file):
        if kind == b"fmt ":
            format_ = part(file, start, 12)
            if _number(format_[:2]) in _EVEN_FORMATS:
                bytes_per_second = _number(format_[8:])
        elif kind == b"data":
            is_known = bytes_per_second > 0 and 0 < size < _UNKNOWN
            return size / bytes_per_second if is_known else None
    raise Broken("its audio/wav header is broken or cut off")


def _number(content: bytes) -> int:
    return int.from_bytes(content, "little")
