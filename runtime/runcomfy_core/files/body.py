"""A request's body: JSON text with the files in it, which are encoded while they are sent.

A picture of 40 MB is 53 MB as a ``data:`` URI. Written into the JSON it would be in memory several
times over; here it is there once, as it is, and each piece of it becomes text when its turn comes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .local import Content


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
            len(part) if isinstance(part, bytes) else _encoded_size(part) for part in self.parts
        )

    def __iter__(self) -> Iterator[bytes]:
        for part in self.parts:
            if isinstance(part, bytes):
                yield part
            else:
                from .data import encoded  # noqa: PLC0415 - only where there are files

                yield from encoded(part.data, part.type)


def _encoded_size(file: Content) -> int:
    from .data import encoded_size  # noqa: PLC0415 - only where there are files

    return encoded_size(file.size, file.type)
