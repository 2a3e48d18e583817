"""Which earlier submission answers for an input that is about to be submitted. No I/O.

Rules:

- A submission answers if it has the same digest, base URL and key, and was not refused. If there
  are several, the latest answers.
- In format 1, equal inputs could have several digests, and the inputs of each digest were numbered
  separately. A row that format 1 wrote without its input keeps its old digest, because a new one
  can't be computed. Each such row answers for one of the equal inputs of a map.
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
        digest: The digest of model and input (:func:`~.texts.digest`).
        origin: The base URL.
        key: Tells equal inputs apart.
        earlier: The digests of the input in format 1, if the journal holds rows with such digests.
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
        """Return the row that answers, or None.

        Args:
            rows: All rows that have one of the digests, the oldest first.
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
    """Gives new keys to rows that had different digests in format 1, and now share one.

    A map numbers its equal inputs, and the numbers are their keys. Two rows with different old
    digests may have the same number, so one of them gets the next number that is free.
    """

    def __init__(self, taken: Iterable[str | None] = ()) -> None:
        self._taken = set(taken)
        self._given: dict[tuple[str, str], str] = {}
        self._next = 1

    def key(self, digest: str, key: str | None) -> str | None:
        """Return the new key of a row.

        Rows with the same old digest and key get the same new key, because at most one of them was
        not refused.

        Args:
            digest: The row's digest in format 1.
            key: The row's key in format 1. A key that is not a number was chosen by the caller, and
                stays.
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
