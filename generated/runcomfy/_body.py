"""A request's body: JSON text with the files in it, which are encoded while they are sent.

A picture of 40 MB is 53 MB as a ``data:`` URI. Written into the JSON it would be in memory several
times over; here it is there once, as it is, and each piece of it becomes text when its turn comes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from ._media.data import encoded, encoded_size
from ._media.local import Content

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@attrs.frozen
class Body:
    """What is sent; it can be gone through any number of times.

    Attributes:
        parts: Pieces of JSON text in UTF-8, and files, each of which stands for its ``data:`` URI.
        files: The files by their JSON pointers in the input.
    """

    parts: tuple[bytes | Content, ...] = attrs.field(repr=False)
    files: Mapping[str, Content]

    @property
    def length(self) -> int:
        """Bytes, as they are sent."""
        return sum(
            encoded_size(part.size, part.type) if isinstance(part, Content) else len(part)
            for part in self.parts
        )

    def __iter__(self) -> Iterator[bytes]:
        for part in self.parts:
            if isinstance(part, Content):
                yield from encoded(part.data, part.type)
            else:
                yield part
