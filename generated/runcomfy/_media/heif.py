"""The displayed size of an AVIF, HEIC or HEIF picture.

The other formats are left to imagesize. It reads these as well, but 2.0.1 takes ``irot`` for a
longer box than the standard makes it and fails on every picture that bears one, which a phone's
do; and it lets a few kilobytes of ``iloc`` ask for gigabytes. So the three boxes that matter are
read here: which item is the picture (``pitm``), its properties (``ipco``), and which of them are
whose (``ipma``), as ISO/IEC 23008-12 has them.

What turns a picture is ``irot`` alone: readers are told to pass over EXIF's orientation, and do.
A clean aperture (``clap``) is not applied, as libavif doesn't.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .boxes import child, inside, number, outline
from .measures import Broken

if TYPE_CHECKING:
    from .reader import File

#: Bytes of the header that are looked at; a phone's picture of fifty tiles has four thousand.
_MOST: Final = 1024 * 1024

_BROKEN: Final = "its AVIF or HEIF header is broken or cut off"


def size(file: File) -> tuple[int, int] | None:
    """Return width and height in pixels, or None for a sequence that holds no still picture.

    Raises:
        Broken: The header is unsound.
    """
    is_sequence = False
    for box in outline(file):
        if box.kind == b"meta":
            return _size(box.read(file, _MOST)[4:])  # its version and flags come first
        is_sequence = is_sequence or box.kind == b"moov"
    if is_sequence:
        return None
    raise Broken(_BROKEN)


def _size(meta: memoryview) -> tuple[int, int]:
    extent, turned = None, False
    for kind, content in _properties(meta):
        if kind == b"ispe":
            extent = number(content, 4, 4), number(content, 8, 4)
        elif kind == b"irot":
            turned = number(content, 0, 1) % 2 == 1  # quarter turns, in the lowest two bits
    if extent is None:
        raise Broken(_BROKEN)
    return (extent[1], extent[0]) if turned else extent


def _properties(meta: memoryview) -> list[tuple[bytes, memoryview]]:
    """Return the properties of the picture that is to be shown."""
    pitm = child(meta, b"pitm")
    ipco = child(meta, b"iprp", b"ipco")
    iprp = child(meta, b"iprp")
    if pitm is None or ipco is None or iprp is None:
        raise Broken(_BROKEN)
    item = number(pitm, 4, 2 if _version(pitm) == 0 else 4)
    properties = list(inside(ipco))
    indexes = [
        index for kind, ipma in inside(iprp) if kind == b"ipma" for index in _associated(ipma, item)
    ]
    return [properties[index - 1] for index in indexes if 1 <= index <= len(properties)]


def _associated(ipma: memoryview, item: int) -> list[int]:
    """Return the numbers of an item's properties, counted from 1."""
    id_size = 2 if _version(ipma) == 0 else 4
    step = 2 if number(ipma, 3, 1) & 1 else 1
    flag = 1 << (8 * step - 1)  # "essential", for readers that don't know the property
    offset = 8
    while offset + id_size < len(ipma):
        begin = offset + id_size + 1
        end = begin + step * number(ipma, begin - 1, 1)
        if number(ipma, offset, id_size) == item:
            return [number(ipma, at, step) & (flag - 1) for at in range(begin, end, step)]
        offset = end
    return []


def _version(box: memoryview) -> int:
    return number(box, 0, 1)
