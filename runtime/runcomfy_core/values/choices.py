"""The message for a value that is not in a schema's list: allowed values, and which was meant.

A generated module has each of its lists as one tuple. What depends on the list alone is computed
once for each tuple.
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

# This pattern is compiled for the first message, because every model module imports this file. Its
# quantifiers are possessive, so matching takes linear time for any text.
_FIRST_TWO_NUMBERS: Final = r"[^0-9]*+([0-9]++)[^0-9]++([0-9]++)"

#: The most lists that are kept at a time.
_MOST: Final = 256

#: The most characters of a text that may be a misspelt value.
_LONGEST: Final = 1000


def offered(value: object, members: tuple[object, ...]) -> str:
    """Return words for which *members* are allowed, and which one *value* may have meant.

    Of a long list, only the members nearest to the value are named, and the number of the others.
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
    """Return words that name ten of many members, the nearest first."""
    nearest: list[object] = [] if near is None else [near]
    if isinstance(value, str) and 0 < len(value) <= _LONGEST:
        from difflib import get_close_matches  # noqa: PLC0415 - only for a long list

        nearest += get_close_matches(value, listed.texts, n=MOST_LISTED)
    elif is_number(number := as_number(value)):
        with contextlib.suppress(OverflowError):  # an integer too large for a float
            numbers: list[float] = [member for member in listed.members if is_number(member)]
            numbers.sort(key=_distance(number))
            nearest += numbers
    # Duplicates are found by identity, because 1 and true are equal in Python but are two members.
    candidates = [*nearest[: MOST_LISTED + 1], *listed.members[: 2 * MOST_LISTED + 1]]
    first = {id(member): member for member in candidates}
    return some(map(shown, islice(first.values(), MOST_LISTED)), len(listed.members))


def _distance(number: float) -> Callable[[float], float]:
    return lambda member: abs(member - number)


def _nearest(text: str, listed: _Listed) -> str | None:
    # A text that equals a part of a member, apart from case, is nearer than a similar spelling.
    lower = text.lower()
    if lower in listed.lower:
        for member in listed.texts:
            if lower in member.lower():
                return member
    # Sizes and ratios are compared by their numbers: 1024x1024 means "1024*1024 (1:1)".
    if listed.sizes and (meant := listed.sizes.get(_size(text))):
        return meant
    if len(text) > _LONGEST:
        return None
    from difflib import get_close_matches  # noqa: PLC0415 - needed only if nothing else matched

    return next(iter(get_close_matches(text, listed.texts, n=1)), None)


class _Listed:
    """A list of allowed values, with what is computed from it.

    Attributes:
        members: The list itself.
        words: All members, as a message shows them; "" if they are too many.
        texts: The members that are texts.
        lower: The texts in lower case, one a line.
        sizes: The texts by their first two numbers, if no other text has the same two.
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


#: The lists by their ids. A list is kept here, so no other can get its id. The members themselves
#: can't be the key: hashing them takes longer, and (1,) equals (True,) in Python.
_known: Final[dict[int, _Listed]] = {}


def _remember(members: tuple[object, ...]) -> _Listed:
    if len(_known) >= _MOST:
        _known.clear()
    listed = _known[id(members)] = _Listed(members)
    return listed


def _size(text: str) -> tuple[str, ...]:
    """Return the first two numbers of a text, or () if it has fewer."""
    match = compiled(_FIRST_TWO_NUMBERS).match(text)
    return match.groups() if match is not None else ()
