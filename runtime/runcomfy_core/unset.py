"""The mark for "left out", where ``None`` is a value that a model's schema allows."""

from __future__ import annotations

from typing import Final, final


@final
class Unset:
    """The type of :data:`UNSET`, its only instance; it is false and prints as its name."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNSET"

    def __reduce__(self) -> str:
        # Pickled and copied by name, so that there is never a second one.
        return "UNSET"


UNSET: Final = Unset()
