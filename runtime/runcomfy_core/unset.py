"""The value of a field that was left out, where ``None`` is a value that the schema allows."""

from __future__ import annotations

from typing import Final, final


@final
class Unset:
    """The type of :data:`UNSET`, which is its only instance, and is false."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNSET"

    def __reduce__(self) -> str:
        # A name makes pickle and copy return the one instance.
        return "UNSET"


UNSET: Final = Unset()
