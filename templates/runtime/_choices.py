"""What is said of a value that is none of those that a schema lists.

What depends on the list alone is worked out once for each list, since it is the same every time: a
generated module has each of its lists as one tuple.
"""

from __future__ import annotations

from typing import Final

from ._checks import compiled

# Compiled when something is wrong: every model module imports this one. Possessive: linear time,
# whatever the text.
_FIRST_TWO_NUMBERS: Final = r"[^0-9]*+([0-9]++)[^0-9]++([0-9]++)"

#: Lists that are remembered at a time.
_MOST: Final = 256


def offered(value: object, members: tuple[object, ...]) -> str:
    """Say which *members* there are, and which may have been meant by *value*, none of them."""
    listed = _known.get(id(members)) or _remember(members)
    near = _nearest(value, listed) if isinstance(value, str) and value else None
    if near is None:
        return f"allowed are {listed.words}"
    return f"did you mean {near!r}? allowed are {listed.words}"


def _nearest(text: str, listed: _Listed) -> str | None:
    # Another case, or a part of it, is nearer than any spelling.
    lower = text.lower()
    if lower in listed.lower:
        for member in listed.texts:
            if lower in member.lower():
                return member
    # Sizes and ratios are told by their numbers: 1024x1024 is 1024*1024 (1:1).
    if listed.sizes and (meant := listed.sizes.get(_size(text))):
        return meant
    from difflib import get_close_matches  # noqa: PLC0415 - only where nothing else tells

    return next(iter(get_close_matches(text, listed.texts, n=1)), None)


class _Listed:
    """What is known of a list of values.

    Attributes:
        members: The list itself.
        words: All of them, as a message shows them.
        texts: Those that are texts.
        lower: These in lower case, one a line.
        sizes: Each that alone begins with two numbers, by these.
    """

    def __init__(self, members: tuple[object, ...]) -> None:
        self.members = members
        self.words = ", ".join(map(repr, members))
        self.texts = [member for member in members if isinstance(member, str)]
        self.lower = "\n".join(self.texts).lower()
        sizes = [_size(text) for text in self.texts]
        self.sizes = {
            size: text
            for size, text in zip(sizes, self.texts, strict=True)
            if size and sizes.count(size) == 1
        }


#: Each list by its id, which no other has while this one is kept. Not by its members: to hash them
#: takes longer, and those of two lists may be equal and read differently, as 1 and true.
_known: Final[dict[int, _Listed]] = {}


def _remember(members: tuple[object, ...]) -> _Listed:
    if len(_known) >= _MOST:
        _known.clear()
    listed = _known[id(members)] = _Listed(members)
    return listed


def _size(text: str) -> tuple[str, ...]:
    """The first two numbers of a text; none if it has fewer."""
    match = compiled(_FIRST_TWO_NUMBERS).match(text)
    return match.groups() if match is not None else ()
