"""Prepares a server's texts and a user's values for messages.

Rules:

- The result is one short line without control characters and lone surrogates.
- The content of a file is never shown, not even its beginning.
- Nothing here raises, whatever a server sends or a user passes.
"""

from __future__ import annotations

import functools
import reprlib
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from .interrupts import pass_on
from .unset import UNSET

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Keys under which an API, or a framework in front of it, puts its message (docs/contract.md,
#: "Errors").
_KEYS = ("error_message", "message", "error", "detail", "msg")

#: How many levels deep an error's nested objects and lists are followed.
_DEPTH = 4

#: The most characters of one text in an error that are used.
_PIECE: Final = 4096

#: The most names, values or problems that a message lists.
MOST_LISTED: Final = 10

#: The most bits of an integer that is written out. Python may refuse to convert a larger one.
_MOST_BITS: Final = 1024

#: Types of values whose reprs are short.
_SIMPLE: Final = frozenset([bool, float, type(None)])


class Mask(Protocol):
    """Removes a secret from a text, or from the beginning of a text."""

    def __call__(self, text: str, limit: int | None = None, /) -> str:
        """Return *text*, or its first *limit* characters, without the secret."""
        ...


def one_line(text: str, limit: int = 300, mask: Mask | None = None) -> str:
    """Return *text* as one printable line of at most *limit* characters.

    Args:
        text: A text of any length.
        limit: The most characters that are shown.
        mask: Removes a secret before the text is cut, because half a secret would not be
            recognized.
    """
    # Four times the limit leaves enough text after white space is dropped, and a body of 64 MiB is
    # not worth scanning.
    most = 4 * limit
    head = text[:most] if mask is None else mask(text, most)
    line = " ".join("".join(char if char.isprintable() else " " for char in head).split())
    if len(line) > limit or len(text) > most:
        return line[:limit].rstrip() + "…"
    return line


def shown(value: object, limit: int = 80) -> str:
    """Return the repr of *value* in at most *limit* characters; content is shown as ``<bytes>``."""
    # Most values have one of these types, whose reprs are one line. A subclass may have a repr of
    # its own, so it is not included.
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
    """Return *text*, cut to at most *limit* characters."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def some(names: Iterable[str], total: int | None = None) -> str:
    """Return at most ten of the *names* as a list in words, and how many more there are.

    Args:
        names: The names, the most important first.
        total: How many names there are, if *names* does not have all of them.
    """
    listed = list(names)
    total = len(listed) if total is None else total
    rest = total - min(len(listed), MOST_LISTED)
    row = ", ".join(listed[:MOST_LISTED])
    return f"{row} and {rest:,} more" if rest else row


def words(value: object, limit: int = 300, mask: Mask | None = None) -> str:
    """Return the message of an error in one line.

    Args:
        value: The error, which is any JSON: a text, an object with a message, or a list of these.
        limit: The most characters that are shown.
        mask: Removes a secret.
    """
    # The mask is applied to each text before it is cut, and here again to the joined texts, which
    # together may spell the secret.
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
    """Return the input field of an entry in a ``detail`` list, from a ``loc`` such as ["seed"]."""
    place = fields.get("loc")
    if not isinstance(place, list):
        return ""
    # Other values than names and positions are dropped, because they may be too deep for str().
    parts = [part for part in cast("list[object]", place)[:10] if isinstance(part, str | int)]
    return ".".join(map(str, parts)) + ": "


class _Short(reprlib.Repr):
    """Makes reprs of bounded length; the standard library shortens most types."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.fillvalue = "…"
        self.maxlevel = 4
        self.maxlist = self.maxtuple = self.maxdict = 20
        # These limits keep a long part from being written out only to be cut off.
        self.maxstring = self.maxother = self.maxlong = 4 * limit

    def repr1(self, x: Any, level: int) -> str:  # Any: the base class declares it so
        """Return the repr of any value; this never raises."""
        try:
            return self._plain(x, level) or super().repr1(x, level)
        except Exception as error:  # noqa: BLE001 - a user's class may raise anything
            pass_on(error)
            return f"<{type(x).__name__}>"

    def _plain(self, x: object, level: int) -> str:
        """Return a short form of content, of a huge integer or of an input; "" for other values."""
        name = type(x).__name__
        if isinstance(x, int) and x.bit_length() > _MOST_BITS:
            return f"<{name} of {x.bit_length():,} bits>"
        if isinstance(x, bytes | bytearray | memoryview) or hasattr(x, "read"):
            return f"<{name}>"
        # The fields are read without attrs, because importing this module must not load attrs.
        fields = getattr(type(x), "__attrs_attrs__", ())
        pairs = [(one.name, getattr(x, one.name)) for one in fields if one.repr]
        if not pairs:
            return ""
        given = [(name, part) for name, part in pairs if part is not UNSET]
        inner = ", ".join(f"{name}={self.repr1(part, level - 1)}" for name, part in given)
        return f"{name}({inner if level > 0 else self.fillvalue})"


#: Returns the instance for a limit; an instance never changes, so it is cached.
_short = functools.lru_cache(maxsize=16)(_Short)
