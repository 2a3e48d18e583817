"""Measuring a file by its header: the size of an image, the duration of a video or audio file.

Libraries know the formats. This module chooses one for each file, and corrects its results where
they are wrong. imagesize gets only binary images of the formats below. It would also accept text
formats, paths and URLs, but never gets any.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from . import heif, video
from .exif import png_is_sideways, webp_is_sideways
from .headers import ask
from .measures import Broken, Measures
from .reader import Tap, part
from .riff import measure_wav

if TYPE_CHECKING:
    from .reader import File

__all__ = ["Broken", "Measures", "measure"]

#: The beginnings of files that imagesize can measure. Some types have forms that it can't.
_PICTURES: Final = {
    "image/bmp": re.compile(rb"BM"),
    "image/gif": re.compile(rb"GIF8[79]a....", re.DOTALL),  # the size included
    "image/jp2": re.compile(rb"\0\0\0\x0cjP  \r\n\x87\n"),
    "image/jpeg": re.compile(rb"\xff\xd8"),
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/tiff": re.compile(rb"II\*\0|MM\0\*|II\+\0"),
    "image/webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
}
_HEIF: Final = frozenset({"image/avif", "image/heic", "image/heif"})

#: The most bytes of an image that are read.
_MOST: Final = 16 * 1024 * 1024
#: The longest side in pixels. Formats have 31 bits for it or fewer, so a longer one is an error.
_LONGEST_SIDE: Final = 2**31 - 1
#: The least number of bytes of a WebP.
_WEBP_HEAD: Final = 25
#: The length of a BMP header's first version. All later versions are longer.
_OLD_BITMAP: Final = 12


def measure(file: File, media_type: str, kind: str) -> Measures:
    """Measure a file by its header, and read as little of the file as possible.

    Args:
        file: The file. Its exceptions pass through.
        media_type: The file's type, told from its content.
        kind: ``image``, ``video`` or ``audio``: what to measure the file as.

    Returns:
        The measures that are known. A value that can't be measured is no error.

    Raises:
        Broken: The header is malformed.
        Exception: This client or a library failed, so nothing is known of the file.
    """
    if media_type in _PICTURES or media_type in _HEIF:
        size = _displayed(file, media_type)
        return Measures(missing=size) if isinstance(size, str) else _checked(size, media_type, kind)
    if media_type == "audio/wav":
        return measure_wav(file)
    if video.is_measurable(media_type):
        return video.measure(file, media_type, kind)
    return Measures(missing=f"files of type {media_type} are not measured")


def _checked(size: tuple[int, int], media_type: str, kind: str) -> Measures:
    width, height = size
    if not (0 < width <= _LONGEST_SIDE and 0 < height <= _LONGEST_SIDE):
        raise Broken(f"its header claims {width:,} pixels by {height:,}")
    missing = "" if kind == "image" else f"the duration and fps of {media_type} are not measured"
    return Measures(width, height, missing=missing)


def _displayed(file: File, media_type: str) -> tuple[int, int] | str:
    """Return an image's displayed width and height, or why they are unknown."""
    if media_type in _HEIF:
        return heif.size(file)
    if not _PICTURES[media_type].match(part(file, 0, 16)):
        return f"this form of {media_type} is not measured"
    size = _stored(file, media_type)
    # The orientation is read only if it matters, because it may be at the end of the file.
    if isinstance(size, tuple) and size[0] != size[1] and _is_sideways(file, media_type):
        return size[1], size[0]
    return size


def _is_sideways(file: File, media_type: str) -> bool:
    """Return whether an image is rotated by EXIF data that imagesize does not read."""
    if media_type == "image/png":
        return png_is_sideways(file)
    return media_type == "image/webp" and webp_is_sideways(file)


def _stored(file: File, media_type: str) -> tuple[int, int] | str:
    """Return the size that imagesize reads, corrected, or why it is unknown.

    Raises:
        Broken: The header is malformed.
    """
    # imagesize does not check that a WebP has its first 25 bytes.
    if media_type == "image/webp" and len(part(file, 0, _WEBP_HEAD)) < _WEBP_HEAD:
        raise Broken(f"its {media_type} header is broken or cut off")
    tap = Tap(file, _MOST)
    info = ask(tap)
    if info is None and tap.spent:
        return "its header is longer than a check reads"
    size = None if info is None else (info.width, info.height)
    if size is not None and media_type == "image/gif":
        size = size[0] % 2**16, size[1] % 2**16  # imagesize 2.0 reads them as signed
    elif size is not None and media_type == "image/bmp":
        size = _old_bitmap(part(file, 14, 8)) or size
    if size is None or min(size) < 0:
        raise Broken(f"its {media_type} header is broken or cut off")
    return size


def _old_bitmap(header: bytes) -> tuple[int, int] | None:
    """Return the size in a BMP header's first version, which imagesize 2.0 misreads, or None."""
    length, width, height = (
        int.from_bytes(header[begin:end], "little") for begin, end in ((0, 4), (4, 6), (6, 8))
    )
    return (width, height) if length == _OLD_BITMAP else None
