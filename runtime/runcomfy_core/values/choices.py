"""What is said of a value that is none of those that a schema lists.

What depends on the list alone is worked out once for each list, since it is the same every time: a
generated module has each of its lists as one tuple.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Final

from runcomfy_core.text import MOST_LISTED, shown, some

from .checks import as_number, compiled, is_number

if TYPE_CHECKING:
    from collections.abc import Callable

# Compiled when something is wrong: every model module imports this one. Possessive: linear time,
# whatever the text.
_FIRST_TWO_NUMBERS: Final = r"[^0-9]*+([0-9]++)[^0-9]++([0-9]++)"

#: Lists that are remembered at a time.
_MOST: Final = 256

#: Characters of a text that may be a misspelt value; what is longer is something else.
_LONGEST: Final = 1000


def offered(value: object, members: tuple[object, ...]) -> str:
    """Say which *members* there are, and which may have been meant by *value*, none of them.

    Of a long list those are named that are nearest to the value, and how many more there are.
    """
    listed = _known.get(id(members)) or _remember(members)
    near = _nearest(value, listed) if isinstance(value, str) and value else None
    words = listed.words or _some(value, near, listed)
    return (
        f"allowed are {words}"
        if near is None
        else f"did you mean {shown(near)}? allowed are {words}"
    )


def _some(value: object, near: str | None, listed: _Listed) -> str:
    """Name ten of many members, the nearest first."""
    nearest: list[object] = [] if near is None else [near]
    if isinstance(value, str) and 0 < len(value) <= _LONGEST:
        from difflib import get_close_matches  # noqa: PLC0415 - only for a long list

        nearest += get_close_matches(value, listed.texts, n=MOST_LISTED)
    elif is_number(number := as_number(value)):
        with contextlib.suppress(OverflowError):  # an integer that is no float
            numbers: list[float] = [member for member in listed.members if is_number(member)]
            numbers.sort(key=_distance(number))
            nearest += numbers
    # By identity: of the members that are equal, as 1 and true, each is one.
    candidates = [*nearest[: MOST_LISTED + 1], *listed.members[: 2 * MOST_LISTED + 1]]
    first = {id(member): member for member in candidates}
    return some(map(shown, islice(first.values(), MOST_LISTED)), len(listed.members))


def _distance(number: float) -> Callable[[float], float]:
    return lambda member: abs(member - number)


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
    if len(text) > _LONGEST:
        return None
    from difflib import get_close_matches  # noqa: PLC0415 - only where nothing else tells

    return next(iter(get_close_matches(text, listed.texts, n=1)), None)


class _Listed:
    """What is known of a list of values.

    Attributes:
        members: The list itself.
        words: All of them, as a message shows them; "" where they are too many.
        texts: Those that are texts.
        lower: These in lower case, one a line.
        sizes: Each that alone begins with two numbers, by these.
    """

    def __init__(self, members: tuple[object, ...]) -> None:
        self.members = members
        self.words = some(map(shown, members)) if len(members) <= MOST_LISTED else ""
        self.texts = [member for member in members if isinstance(member, str)]
        self.lower = "\n".join(self.texts).lower()
        sizes = [_size(text) for text in self.texts]
        times = Counter(sizes)
        self.sizes = {
            size: text
            for size, text in zip(sizes, self.texts, strict=True)
            if size and times[size] == 1
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
