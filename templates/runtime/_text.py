"""Texts that a server sent, made fit for a message.

Rules:

- What comes out is one short line: no control characters, no lone surrogates, no end of it.
- Nothing here raises, whatever a server sends.
"""

from __future__ import annotations

from typing import Any, cast

#: Where an API, or a framework in front of it, puts its words (docs/contract.md, "Errors").
_KEYS = ("error_message", "message", "error", "detail", "msg")

#: How deep an error's nested objects and lists are followed.
_DEPTH = 4


def one_line(text: str, limit: int = 300) -> str:
    """``text`` as one printable line of at most ``limit`` characters."""
    # Four times the limit is enough to fill it, however much white space is dropped from prose;
    # a body of 64 MiB is not worth walking.
    head = text[: 4 * limit]
    line = " ".join("".join(char if char.isprintable() else " " for char in head).split())
    if len(line) > limit or len(text) > len(head):
        return line[:limit].rstrip() + "…"
    return line


def words(value: object, limit: int = 300) -> str:
    """What an error says, as one line: a text, an object with a message, or a list of either."""
    return one_line(_words(value, _DEPTH), limit)


def _words(value: object, depth: int) -> str:
    if isinstance(value, str):
        return value
    if depth == 0 or value is None:
        return ""
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        for key in _KEYS:
            if said := _words(fields.get(key), depth - 1):
                return _place(fields) + said
        return ""
    if isinstance(value, list):
        items = cast("list[object]", value)
        return "; ".join(said for item in items[:10] if (said := _words(item, depth - 1)))
    return ""


def _place(fields: dict[str, Any]) -> str:
    """Which input field an entry of a ``detail`` list is about: ``["body", "seed"]``."""
    place = fields.get("loc")
    if not isinstance(place, list):
        return ""
    return ".".join(str(part) for part in cast("list[object]", place)[:10]) + ": "
