"""The boxes that MP4, QuickTime, AVIF and HEIC files are made of (ISO/IEC 14496-12).

Rules:

- Nothing here raises for malformed boxes. Iteration ends at the first one, and the box that the
  caller looks for is then missing, which the caller reports.
- Iterating over a file reads 16 bytes a box. Iterating in memory never descends into boxes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from .reader import part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .reader import File

#: The most boxes at the top of a file that are read. Fragmented videos have the most boxes.
_MOST_BOXES: Final = 4096

_SHORT_HEAD: Final = 8
_LONG_HEAD: Final = 16


@attrs.frozen
class Box:
    """A box at the top of a file.

    Attributes:
        kind: The box's four letters.
        start: The offset in bytes of its content.
        size: The length in bytes of its content, or None if that goes on to the file's end.
    """

    kind: bytes
    start: int
    size: int | None

    def read(self, file: File, most: int) -> memoryview:
        """Return the box's content, or the first *most* bytes of it."""
        size = most if self.size is None else min(self.size, most)
        return memoryview(part(file, self.start, size))


def outline(file: File) -> Iterator[Box]:
    """Yield the boxes at the top of a file, without reading their content."""
    offset = 0
    for _ in range(_MOST_BOXES):
        head = part(file, offset, _LONG_HEAD)
        sizes = _sizes(head)
        if sizes is None:
            return
        size, head_size = sizes
        kind, start = head[4:8], offset + head_size
        if size == 0:
            yield Box(kind, start, None)
            return
        yield Box(kind, start, size - head_size)
        offset += size


def inside(content: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yield the boxes in a box's content: the four letters and the content of each."""
    while sizes := _sizes(content[:_LONG_HEAD]):
        size, head_size = sizes
        size = size or len(content)
        if size > len(content):
            return
        yield bytes(content[4:8]), content[head_size:size]
        content = content[size:]


def child(content: memoryview, *path: bytes) -> memoryview | None:
    """Return the content of the first box at a path of four-letter kinds, None if there is none."""
    for wanted in path:
        found = next((inner for kind, inner in inside(content) if kind == wanted), None)
        if found is None:
            return None
        content = found
    return content


def number(content: bytes | memoryview, offset: int, size: int) -> int:
    """Return the unsigned number at an offset. Past the end of the content, it is shorter or 0."""
    return int.from_bytes(content[offset : offset + size], "big")


def _sizes(head: bytes | memoryview) -> tuple[int, int] | None:
    """Return the size of a box (0 for "to the end") and of its head, or None if this is no box."""
    if len(head) < _SHORT_HEAD:
        return None
    size, head_size = number(head, 0, 4), _SHORT_HEAD
    if size == 1:  # the size is in the next eight bytes
        size, head_size = number(head, 8, 8), _LONG_HEAD
        if size < head_size:
            return None
    elif 0 < size < head_size:
        return None
    return size, head_size
