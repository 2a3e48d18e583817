"""The EXIF orientation of PNG and WebP files, which imagesize does not read.

The chunks before the EXIF data are skipped. imagesize then reads the EXIF data from a JPEG that is
made around it.

- In a PNG, EXIF data is looked for only before the pixels, where the standard recommends it. After
  the pixels, it would cost a walk through the whole file.
- In a WebP, EXIF data comes after the pixels. It is read only if the header says that it is there.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from .headers import ask, is_sideways
from .reader import Tap, part
from .riff import chunks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .reader import File

#: The most chunks of a PNG that are read.
_MOST_CHUNKS: Final = 4096

_PREFIX: Final = b"Exif\x00\x00"
#: The most bytes of EXIF data in one JPEG segment. The orientation is near its beginning.
_MOST: Final = 65_535 - 2 - len(_PREFIX)
#: A JPEG frame of one pixel, because imagesize refuses a JPEG without a frame.
_FRAME: Final = bytes.fromhex("ffc0000b080001000101011100ffd9")

_WEBP_HEAD: Final = 21
_HAS_EXIF: Final = 0x08


def png_is_sideways(file: File) -> bool:
    """Return whether a PNG is displayed with width and height swapped."""
    for kind, start, size in _png_chunks(file):
        if kind == b"eXIf":
            return _is_sideways(part(file, start, min(size, _MOST)))
        if kind == b"IDAT":
            break
    return False


def webp_is_sideways(file: File) -> bool:
    """Return whether a WebP is displayed with width and height swapped."""
    head = part(file, 0, _WEBP_HEAD)
    if head[12:16] != b"VP8X" or not head[-1] & _HAS_EXIF:
        return False
    for kind, start, size in chunks(file):
        if kind == b"EXIF":
            return _is_sideways(part(file, start, min(size, _MOST)))
    return False


def _png_chunks(file: File) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind of each chunk, the offset of its content, and the content's size."""
    offset = 8
    for _ in range(_MOST_CHUNKS):
        head = part(file, offset, 8)
        if len(head) < 8:  # noqa: PLR2004 - the size that part() was asked for
            return
        size = int.from_bytes(head[:4], "big")
        yield head[4:], offset + 8, size
        offset += 8 + size + 4  # a checksum follows


def _is_sideways(exif: bytes) -> bool:
    segment = _PREFIX + exif.removeprefix(_PREFIX)[:_MOST]  # some programs write the prefix, too
    jpeg = b"\xff\xd8\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment + _FRAME
    info = ask(Tap(io.BytesIO(jpeg), len(jpeg) * 2))
    return info is not None and is_sideways(info)
