"""Recognizing files that were cut off.

Rules:

- A file counts as cut off only if that is certain, because many whole files have odd ends.
- Nothing here raises, whatever the bytes are, and everything takes linear time.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

#: The least of the sizes that a RIFF file may state if it was written as a stream.
_UNKNOWN_SIZE: Final = 0x7FFF0000
#: A JPEG's marker after any number of fill bytes, and the markers that no length follows.
_MARKER = re.compile(rb"\xff++([^\xff])", re.DOTALL)
_LONE_MARKERS: Final = b"\x01\xd0\xd1\xd2\xd3\xd4\xd5\xd6\xd7\xd8"
_BOX_HEADER: Final = 8
_BOX_NAME = re.compile(rb"[ -~]{4}")
#: The most chunks, segments, frames or boxes that are read. Only a hostile file has more.
_MOST_PARTS: Final = 100_000


def truncated(media_type: str, content: bytes) -> bool:
    """Return whether a file was certainly cut off.

    Args:
        media_type: The type, as :func:`~runcomfy_core.files.sniff.media_type` returns it.
        content: The file's whole content.
    """
    is_cut = _CUTS.get(media_type)
    return is_cut is not None and is_cut(content)


def _png_is_cut(content: bytes) -> bool:
    """Return whether the chunks run out before IEND."""
    at = 8
    for _ in range(_MOST_PARTS):
        if at + 8 > len(content):
            return True
        name = content[at + 4 : at + 8]
        if name == b"IEND" or not name.isalpha():
            break
        at += 12 + int.from_bytes(content[at : at + 4])
    return False


def _jpeg_is_cut(content: bytes) -> bool:
    """Return whether there is no end marker after the beginning of the first scan.

    The segments before the scan are skipped one by one, because a thumbnail in one of them has an
    end marker, too.
    """
    at = 2
    for _ in range(_MOST_PARTS):
        match = _MARKER.match(content, at)
        if match is None:
            return content[at : at + 1] in {b"", b"\xff"}
        marker, at = match[1], match.end()
        if marker == b"\xd9":  # end of image
            break
        if marker == b"\xda":  # start of scan
            return content.find(b"\xff\xd9", at) < 0
        if marker not in _LONE_MARKERS:
            at += max(2, int.from_bytes(content[at : at + 2]))
    return False


def _gif_is_cut(content: bytes) -> bool:
    """Return whether the blocks run out before the trailer."""
    at = 13 + _palette(content[10:11])
    for _ in range(_MOST_PARTS):
        if at >= len(content):
            return True
        mark = content[at : at + 1]
        if mark == b"!":  # extension
            at += 2
        elif mark == b",":  # image
            at += 11 + _palette(content[at + 9 : at + 10])
        else:
            break  # the trailer, or data that is not GIF
        while at < len(content) and content[at]:
            at += 1 + content[at]
        at += 1
    return False


def _palette(flags: bytes) -> int:
    """Return the length of the colour table that a GIF's flags announce."""
    bits = flags[0] if flags else 0
    return 3 << (bits & 7) + 1 if bits & 0x80 else 0


def _riff_is_cut(content: bytes) -> bool:
    """Return whether the stated size is larger than the file.

    The stated size should not count the first eight bytes, but some programs count them. So a file
    that lacks up to eight bytes passes.
    """
    size = int.from_bytes(content[4:8], "little")
    return len(content) < size < _UNKNOWN_SIZE


def _boxes_are_cut(content: bytes) -> bool:
    """Return whether a box of an ISO base media file extends beyond the file's end."""
    at = 0
    for _ in range(_MOST_PARTS):
        size, name = int.from_bytes(content[at : at + 4]), content[at + 4 : at + 8]
        if size == 1:
            size = int.from_bytes(content[at + 8 : at + 16])
        # A size of zero means "to the end". Data that can't be a box was appended to the file.
        if size < _BOX_HEADER or not _BOX_NAME.fullmatch(name):
            break
        at += size
        if at > len(content):
            return name not in {b"free", b"skip"}
    return False


_CUTS: Final[dict[str, Callable[[bytes], bool]]] = {
    "image/png": _png_is_cut,
    "image/jpeg": _jpeg_is_cut,
    "image/gif": _gif_is_cut,
    "image/webp": _riff_is_cut,
    "video/x-msvideo": _riff_is_cut,
    "audio/wav": _riff_is_cut,
    "image/avif": _boxes_are_cut,
    "image/heic": _boxes_are_cut,
    "image/heif": _boxes_are_cut,
    "image/jp2": _boxes_are_cut,
    "video/mp4": _boxes_are_cut,
    "video/quicktime": _boxes_are_cut,
    "audio/mp4": _boxes_are_cut,
}
