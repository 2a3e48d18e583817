"""The type of a list inside an input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ItemT_co = TypeVar("ItemT_co", covariant=True)


class Items(Protocol[ItemT_co]):
    """A list, a tuple or another sequence, but not a str, which is a sequence, too."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[ItemT_co]: ...
    # str accepts only a str here, so type checkers see that it does not match this protocol.
    def __contains__(self, value: object, /) -> bool: ...
    @overload
    def __getitem__(self, index: int, /) -> ItemT_co: ...
    @overload
    def __getitem__(self, index: slice, /) -> Sequence[ItemT_co]: ...
