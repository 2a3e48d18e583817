"""Texts that a server sent and values that a caller passed, made fit for a message.

Rules:

- What comes out is one short line: no control characters, no lone surrogates, no end of it.
- The content of a file is never shown, not even its beginning.
- Nothing here raises, whatever a server sends or a caller passes.
"""

from __future__ import annotations

import functools
import reprlib
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from .unset import UNSET

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Where an API, or a framework in front of it, puts its words (docs/contract.md, "Errors").
_KEYS = ("error_message", "message", "error", "detail", "msg")

#: How deep an error's nested objects and lists are followed.
_DEPTH = 4

#: Characters of one text that are taken.
_PIECE: Final = 4096

#: Names, values or problems that a message lists at most.
MOST_LISTED: Final = 10

#: Integers beyond this many bits are not written out: Python may refuse to, and nobody reads them.
_MOST_BITS: Final = 1024

#: Types of values whose reprs are short.
_SIMPLE: Final = frozenset([bool, float, type(None)])


class Mask(Protocol):
    """Takes a secret out of a text: of all of it, or of as many of its characters as are wanted."""

    def __call__(self, text: str, limit: int | None = None, /) -> str:
        """Return *text* without the token, at most *limit* characters of it."""
        ...


def one_line(text: str, limit: int = 300, mask: Mask | None = None) -> str:
    """``text`` as one printable line of at most ``limit`` characters.

    Args:
        text: Of any length.
        limit: Characters that are shown.
        mask: Takes a secret out of it, before it is cut: half of one would not be known.
    """
    # Four times the limit is enough to fill it, however much white space is dropped from prose;
    # a body of 64 MiB is not worth walking.
    most = 4 * limit
    head = text[:most] if mask is None else mask(text, most)
    line = " ".join("".join(char if char.isprintable() else " " for char in head).split())
    if len(line) > limit or len(text) > most:
        return line[:limit].rstrip() + "…"
    return line


def shown(value: object, limit: int = 80) -> str:
    """``value`` as its repr shows it, in at most ``limit`` characters; files as ``<bytes>``."""
    # Most values are of these types, whose reprs are one line. Exactly of these: a class of their
    # kind may have a repr of its own.
    if (
        (type(value) is str and len(value) <= limit)
        or (type(value) is int and -(10**18) < value < 10**18)
        or type(value) in _SIMPLE
    ):
        text = repr(value)
        if len(text) <= limit:
            return text
    text = _short(limit).repr(value)
    if not text.isprintable():  # a class may have a repr of several lines
        text = one_line(text, limit)
    return cut(text, limit)


def cut(text: str, limit: int) -> str:
    """The *text*, or as much of it as has *limit* characters."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def some(names: Iterable[str], total: int | None = None) -> str:
    """The *names* in a row, ten of them at most, and how many more there are.

    Args:
        names: In the order in which they matter.
        total: How many there are, if not all of them are given.
    """
    listed = list(names)
    total = len(listed) if total is None else total
    rest = total - min(len(listed), MOST_LISTED)
    row = ", ".join(listed[:MOST_LISTED])
    return f"{row} and {rest:,} more" if rest else row


def words(value: object, limit: int = 300, mask: Mask | None = None) -> str:
    """What an error says, as one line: a text, an object with a message, or a list of either.

    Args:
        value: Any JSON.
        limit: Characters that are shown.
        mask: Takes a secret out of it.
    """
    # Twice: a secret may be in one text whose end is of no use, or come of several that are joined.
    return one_line(_words(value, _DEPTH, mask), limit, mask)


def _words(value: object, depth: int, mask: Mask | None) -> str:
    if isinstance(value, str):
        return value[:_PIECE] if mask is None else mask(value, _PIECE)
    if depth == 0 or value is None:
        return ""
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        for key in _KEYS:
            if said := _words(fields.get(key), depth - 1, mask):
                return _place(fields) + said
        return ""
    if isinstance(value, list):
        items = cast("list[object]", value)
        return "; ".join(said for item in items[:10] if (said := _words(item, depth - 1, mask)))
    return ""


def _place(fields: dict[str, Any]) -> str:
    """Which input field an entry of a ``detail`` list is about: ``["body", "seed"]``."""
    place = fields.get("loc")
    if not isinstance(place, list):
        return ""
    # Names and positions alone: what else a server nests here may be too deep for str().
    parts = [part for part in cast("list[object]", place)[:10] if isinstance(part, str | int)]
    return ".".join(map(str, parts)) + ": "


class _Short(reprlib.Repr):
    """Reprs of bounded length. What is not named here, the standard library shortens."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.fillvalue = "…"
        self.maxlevel = 4
        self.maxlist = self.maxtuple = self.maxdict = 20
        # What the parts of a value may take, so that none is written out only to be cut off.
        self.maxstring = self.maxother = self.maxlong = 4 * limit

    def repr1(self, x: Any, level: int) -> str:  # Any, as its base has it
        """The repr of anything, by its type and not by its type's name."""
        # A look at a hostile attribute may raise, too.
        try:
            return self._plain(x, level) or super().repr1(x, level)
        except Exception:  # noqa: BLE001 - what a caller's own class raises is not to be listed
            return f"<{type(x).__name__}>"

    def _plain(self, x: object, level: int) -> str:
        """What stands for content, for a number of no use, and for an input; "" for the rest."""
        name = type(x).__name__
        if isinstance(x, int) and x.bit_length() > _MOST_BITS:
            return f"<{name} of {x.bit_length():,} bits>"
        if isinstance(x, bytes | bytearray | memoryview) or hasattr(x, "read"):
            return f"<{name}>"
        # Not attrs' own functions: importing this module loads no other package.
        fields = getattr(type(x), "__attrs_attrs__", ())
        pairs = [(one.name, getattr(x, one.name)) for one in fields if one.repr]
        if not pairs:
            return ""
        given = [(name, part) for name, part in pairs if part is not UNSET]
        inner = ", ".join(f"{name}={self.repr1(part, level - 1)}" for name, part in given)
        return f"{name}({inner if level > 0 else self.fillvalue})"


#: One for each limit, since nothing changes it once it is made.
_short = functools.lru_cache(maxsize=16)(_Short)
