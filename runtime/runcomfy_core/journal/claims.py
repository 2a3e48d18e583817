"""Which submission answers for an input that is about to be submitted; nothing here reads a disk.

Rules:

- It is one of the same digest, at the same base URL and under the same key, that was not refused;
  of several, the latest.
- Format 1 had several digests for equal inputs, and counted those of each digest apart. What it
  wrote without its input still has such a digest: a new one can't be made. Such rows take their
  places among the equal inputs of a map, each for one of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from runcomfy_core.normal_url import normal_url

from .entries import EARLIER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .entries import Row


@attrs.frozen
class Claim:
    """An input that is about to be submitted.

    Attributes:
        digest: Of model and input (:func:`~.texts.digest`).
        origin: The base URL.
        key: Which of several equal inputs it is.
        earlier: The digests that format 1 had for it, if the journal holds rows of such.
    """

    digest: str
    origin: str
    key: str | None
    earlier: tuple[str, ...] = ()

    @property
    def digests(self) -> list[str]:
        """The digests of all rows that may answer."""
        return [self.digest, *(EARLIER + one for one in self.earlier)]

    def answer(self, rows: Sequence[Row]) -> Row | None:
        """The row that answers, or None.

        Args:
            rows: All that have one of the digests, the oldest first.
        """
        origin = normal_url(self.origin)
        live = [row for row in rows if row.state != "refused" and normal_url(row.origin) == origin]
        found = {row.key: row for row in live if row.digest == self.digest}
        numbering = Numbering(found)
        for row in live:
            if row.digest != self.digest:
                found[numbering.key(row.digest, row.key)] = row
        return found.get(self.key)


class Numbering:
    """Gives keys to rows that had one digest each in format 1, and now share one.

    A map's keys are numbers: the first of its equal inputs is 1. Two rows may both be the first of
    their digest, so one of them becomes the next that is free.
    """

    def __init__(self, taken: Iterable[str | None] = ()) -> None:
        self._taken = set(taken)
        self._given: dict[tuple[str, str], str] = {}
        self._next = 1

    def key(self, digest: str, key: str | None) -> str | None:
        """The key of a row, the same for all of its digest and key: all but one were refused.

        Args:
            digest: What it had in format 1.
            key: Likewise; one that is no number is the caller's own, and stays.
        """
        if key is None or not (key.isascii() and key.isdecimal()):
            return key
        given = self._given.get((digest, key))
        if given is None:
            given = key
            while given in self._taken:
                given = str(self._next)
                self._next += 1
            self._taken.add(given)
            self._given[digest, key] = given
        return given
