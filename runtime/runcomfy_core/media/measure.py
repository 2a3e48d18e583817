"""What a file's header says of it: how large a picture is, how long a video or a sound.

The formats are known to libraries, and what is here is the choice of one and the mending of its
results. imagesize gets binary pictures of six formats and nothing else: what it does with text
formats, paths and URLs is none of our business.
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

#: How files begin of which imagesize tells the size; a few types have forms that it doesn't know.
_PICTURES: Final = {
    "image/bmp": re.compile(rb"BM"),
    "image/gif": re.compile(rb"GIF8[79]a....", re.DOTALL),  # with its size, for what is cut off
    "image/jp2": re.compile(rb"\0\0\0\x0cjP  \r\n\x87\n"),
    "image/jpeg": re.compile(rb"\xff\xd8"),
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/tiff": re.compile(rb"II\*\0|MM\0\*|II\+\0"),
    "image/webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
}
_HEIF: Final = frozenset({"image/avif", "image/heic", "image/heif"})

#: Bytes that are read of a picture at most.
_MOST: Final = 16 * 1024 * 1024
#: Formats have 31 bits for a side, or fewer; whatever claims more can't be opened.
_LONGEST_SIDE: Final = 2**31 - 1
#: Bytes that every WebP has at least.
_WEBP_HEAD: Final = 25
#: The length of the first form of a bitmap's header; all later ones are longer.
_OLD_BITMAP: Final = 12


def measure(file: File, media_type: str, kind: str) -> Measures:
    """Read what a file's header says, and as little of the file as that takes.

    Args:
        file: What is read, by seeking, from its beginning on. Its exceptions pass through.
        media_type: What the file is, told from its content.
        kind: ``image``, ``video`` or ``audio``: what is to be measured of it.

    Returns:
        What is known. What can't be measured here is not an error.

    Raises:
        Broken: The header is unsound.
        Exception: Something went wrong in here or in a library; nothing is known of the file.
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
    """Return a picture's displayed width and height, or why they can't be known."""
    if media_type in _HEIF:
        return heif.size(file)
    if not _PICTURES[media_type].match(part(file, 0, 16)):
        return f"this form of {media_type} is not measured"
    size = _stored(file, media_type)
    # Only where it matters: the data may lie at the end of the file.
    if isinstance(size, tuple) and size[0] != size[1] and _is_sideways(file, media_type):
        return size[1], size[0]
    return size


def _is_sideways(file: File, media_type: str) -> bool:
    """Return whether a picture is turned in a way that imagesize doesn't look for."""
    if media_type == "image/png":
        return png_is_sideways(file)
    return media_type == "image/webp" and webp_is_sideways(file)


def _stored(file: File, media_type: str) -> tuple[int, int] | str:
    """Return what imagesize says, mended, or why it could not say it.

    Raises:
        Broken: The header is unsound.
    """
    # imagesize takes the first 25 bytes of a WebP for granted.
    if media_type == "image/webp" and len(part(file, 0, _WEBP_HEAD)) < _WEBP_HEAD:
        raise Broken(f"its {media_type} header is broken or cut off")
    tap = Tap(file, _MOST)
    info = ask(tap)
    if info is None and tap.spent:
        return "its header is longer than a check reads"
    size = None if info is None else (info.width, info.height)
    if size is not None and media_type == "image/gif":
        size = size[0] % 2**16, size[1] % 2**16  # signed in imagesize 2.0, unsigned in the standard
    elif size is not None and media_type == "image/bmp":
        size = _old_bitmap(part(file, 14, 8)) or size
    if size is None or min(size) < 0:
        raise Broken(f"its {media_type} header is broken or cut off")
    return size


def _old_bitmap(header: bytes) -> tuple[int, int] | None:
    """Return the size in a bitmap's first form of header, which imagesize 2.0 takes for a later."""
    length, width, height = (
        int.from_bytes(header[begin:end], "little") for begin, end in ((0, 4), (4, 6), (6, 8))
    )
    return (width, height) if length == _OLD_BITMAP else None
