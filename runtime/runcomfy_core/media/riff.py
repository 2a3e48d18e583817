"""The chunks that WebP and WAV files are made of, and the duration of a WAV.

A WAV is simple enough to be measured without FFmpeg. A few bytes in a hostile WAV or AVI make
FFmpeg allocate two gigabytes; that is also why AVI is not measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .measures import Broken, Measures
from .reader import part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .reader import File

#: The most chunks of a file that are read. An animated WebP has one chunk a frame.
_MOST_CHUNKS: Final = 4096

#: Formats whose samples all have one size: integers, floats, A-law, µ-law, and "extensible".
_EVEN_FORMATS: Final = frozenset({1, 3, 6, 7, 0xFFFE})
#: The least of the sizes by which programs say that a size was unknown when they wrote the file.
_UNKNOWN: Final = 0x7FFF_0000


def chunks(file: File) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind of each chunk, the offset of its content, and the content's size."""
    offset = 12
    for _ in range(_MOST_CHUNKS):
        head = part(file, offset, 8)
        if len(head) < 8:  # noqa: PLR2004 - the size that part() was asked for
            return
        size = _number(head[4:])
        yield head[:4], offset + 8, size
        offset += 8 + size + size % 2  # a chunk begins at an even offset


def measure_wav(file: File) -> Measures:
    """Measure the duration of a WAV.

    Raises:
        Broken: The header is malformed.
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
