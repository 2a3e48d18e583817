"""A request's body: JSON text with files in it, which are encoded while they are sent.

An image of 40 MB is 53 MB as a ``data:`` URI. Written into the JSON text, it would be in memory
several times. Here each file is in memory once, and its pieces are encoded one after the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .local import Content


@attrs.frozen
class Body:
    """A request's body. It can be iterated any number of times.

    Attributes:
        parts: Pieces of JSON text in UTF-8, and files, each of which is sent as a ``data:`` URI.
        files: The files, by their JSON pointers in the input.
    """

    parts: tuple[bytes | Content, ...] = attrs.field(repr=False)
    files: Mapping[str, Content]

    @property
    def length(self) -> int:
        """The number of bytes that are sent."""
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
