"""The boxes that MP4, QuickTime, AVIF and HEIC files are made of (ISO/IEC 14496-12).

Rules:

- Nothing is unsound here: a walk ends at the first box that can't be one, and what was looked for
  is then not there, which the caller knows how to say.
- A walk over a file reads 16 bytes a box, and the walks in memory never go deeper by themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from .reader import part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .reader import File

#: Boxes at the top of a file that are looked at; fragmented films have the most.
_MOST_BOXES: Final = 4096

_SHORT_HEAD: Final = 8
_LONG_HEAD: Final = 16


@attrs.frozen
class Box:
    """A box at the top of a file.

    Attributes:
        kind: Its four letters.
        start: Where its content begins, in bytes.
        size: Bytes of content; None for one that goes on to the file's end.
    """

    kind: bytes
    start: int
    size: int | None

    def read(self, file: File, most: int) -> memoryview:
        """Return its content, or the first *most* bytes of it."""
        size = most if self.size is None else min(self.size, most)
        return memoryview(part(file, self.start, size))


def outline(file: File) -> Iterator[Box]:
    """Walk over the boxes at the top of a file; their content is passed over."""
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
    """Walk over the boxes in a box's content: their four letters and their own content."""
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
    """Return the unsigned number at an offset; bytes that are not there count as none."""
    return int.from_bytes(content[offset : offset + size], "big")


def _sizes(head: bytes | memoryview) -> tuple[int, int] | None:
    """Return a box's size, 0 for "to the end", and its head's; None if this is no box."""
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
