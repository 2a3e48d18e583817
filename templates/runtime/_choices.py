"""What is said of a value that is none of those that a schema lists.

What depends on the list alone is worked out once for each list, since it is the same every time.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

from ._checks import compiled

if TYPE_CHECKING:
    from collections.abc import Sequence

# Compiled when something is wrong: every model module imports this one. Possessive: linear time,
# whatever the text.
_FIRST_TWO_NUMBERS: Final = r"[^0-9]*+([0-9]++)[^0-9]++([0-9]++)"


def offered(value: object, members: Sequence[object]) -> str:
    """Say which *members* there are, and which may have been meant by *value*, none of them."""
    try:
        listed = _listed(*members)
    except TypeError:  # an array or an object among them
        listed = _Listed(*members)
    near = _nearest(value, listed) if isinstance(value, str) and value else None
    hint = f"did you mean {near!r}? " if near is not None else ""
    return f"{hint}allowed are {listed.words}"


def _nearest(text: str, listed: _Listed) -> str | None:
    # Another case, or a part of it, is nearer than any spelling.
    lower = text.lower()
    if lower in listed.lower:
        for member in listed.texts:
            if lower in member.lower():
                return member
    # Sizes and ratios are told by their numbers: 1024x1024 is 1024*1024 (1:1).
    size = _size(text)
    if size in listed.sizes:
        return listed.sizes[size]
    from difflib import get_close_matches  # noqa: PLC0415 - only where nothing else tells

    return next(iter(get_close_matches(text, listed.texts, n=1)), None)


class _Listed:
    """What is known of a list of values.

    Attributes:
        words: All of them, as a message shows them.
        texts: Those that are texts.
        lower: These in lower case, one a line.
        sizes: Each that alone begins with two numbers, by these.
    """

    def __init__(self, *members: object) -> None:
        self.words = ", ".join(map(repr, members))
        self.texts = [member for member in members if isinstance(member, str)]
        self.lower = "\n".join(self.texts).lower()
        sizes = [_size(text) for text in self.texts]
        self.sizes = {
            size: text
            for size, text in zip(sizes, self.texts, strict=True)
            if size and sizes.count(size) == 1
        }


#: Typed: 1 and true are equal, and read differently.
_listed = functools.lru_cache(maxsize=256, typed=True)(_Listed)


def _size(text: str) -> tuple[str, ...]:
    """The first two numbers of a text; none if it has fewer."""
    match = compiled(_FIRST_TWO_NUMBERS).match(text)
    return match.groups() if match is not None else ()
