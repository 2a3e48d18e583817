"""The displayed size of an AVIF, HEIC or HEIF image.

imagesize reads these formats, too, but version 2.0.1 expects a longer ``irot`` box than the
standard has. It fails on every image with such a box, and images from phones have one. It also lets
a few kilobytes of ``iloc`` allocate gigabytes. So the three boxes that matter are read here, as
ISO/IEC 23008-12 defines them: which item is the image (``pitm``), all properties (``ipco``), and
which properties belong to which item (``ipma``).

Only ``irot`` rotates an image: the standard tells readers to ignore EXIF's orientation, and they
do. A clean aperture (``clap``) crops it: encoders code whole blocks, so an image of 4999 pixels is
stored with 5000 or more and an aperture of 4999. Both are applied in the order in which the image
lists them. A mirror (``imir``) does not change the size. Pixels that aren't square (``pasp``) are
counted as stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .boxes import child, inside, number, outline
from .measures import Broken

if TYPE_CHECKING:
    from .reader import File

#: The most bytes of the header that are read. A phone's image of fifty tiles has four thousand.
_MOST: Final = 1024 * 1024

_BROKEN: Final = "its AVIF or HEIF header is broken or cut off"
_NO_PICTURE: Final = "a sequence without a still picture is not measured"
_ODD_APERTURE: Final = "its clean aperture (clap) is not one that all programs show alike"


def size(file: File) -> tuple[int, int] | str:
    """Return width and height in pixels as displayed, or why they are unknown.

    Raises:
        Broken: The header is malformed.
    """
    is_sequence = False
    for box in outline(file):
        if box.kind == b"meta":
            return _size(box.read(file, _MOST)[4:])  # its version and flags come first
        is_sequence = is_sequence or box.kind == b"moov"
    if is_sequence:
        return _NO_PICTURE
    raise Broken(_BROKEN)


def _size(meta: memoryview) -> tuple[int, int] | str:
    properties = _properties(meta)
    stored = next((content for kind, content in properties if kind == b"ispe"), None)
    if stored is None:
        raise Broken(_BROKEN)
    extent = number(stored, 4, 4), number(stored, 8, 4)
    for kind, content in properties:
        if kind == b"clap":
            cut = _cut(extent, content)
            if cut is None:
                return _ODD_APERTURE
            extent = cut
        elif kind == b"irot" and number(content, 0, 1) % 2 == 1:  # quarter turns, in two bits
            extent = extent[1], extent[0]
    return extent


def _cut(extent: tuple[int, int], clap: memoryview) -> tuple[int, int] | None:
    """Return the size of an image after a clean aperture, or None where readers would disagree.

    Readers disagree if the aperture's size is not in whole pixels, or if the aperture is not inside
    the image. It may begin at half a pixel; readers round that, and the size stays the same.
    """
    width = _cut_side(extent[0], *(number(clap, at, 4) for at in (0, 4, 16, 20)))
    height = _cut_side(extent[1], *(number(clap, at, 4) for at in (8, 12, 24, 28)))
    return None if width is None or height is None else (width, height)


def _cut_side(side: int, above: int, below: int, off_above: int, off_below: int) -> int | None:
    """Return the length of a side of an aperture, or None if readers would disagree.

    Args:
        side: The length of the image's side.
        above: The numerator of the aperture's length.
        below: The denominator of the aperture's length.
        off_above: The numerator of the distance between the aperture's centre and the image's.
        off_below: The denominator of that distance.
    """
    if not below or not off_below or above % below:
        return None
    length = above // below
    off_above -= 2**32 if off_above >= 2**31 else 0
    # The aperture's beginning, in half pixels and times the denominator, so that it is an integer.
    begin = 2 * off_above + (side - length) * off_below
    inside = 0 <= begin <= 2 * (side - length) * off_below
    return length if length and inside else None


def _properties(meta: memoryview) -> list[tuple[bytes, memoryview]]:
    """Return the properties of the image that is displayed."""
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
    """Return the indexes of an item's properties, counted from 1."""
    id_size = 2 if _version(ipma) == 0 else 4
    step = 2 if number(ipma, 3, 1) & 1 else 1
    flag = 1 << (8 * step - 1)  # marks a property as essential
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
