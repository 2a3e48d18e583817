r"""How long can a regular expression take? A bound, found from its tree.

Python's engine tries one way to match after another. A pattern such as ``(a+)+$`` has so many ways
that thirty characters keep it busy for minutes: whoever writes the pattern decides how long the
caller's program hangs. So a pattern is refused unless the bound found here is small.

Rules:

- The bound is never too low, and it is simple rather than close: some harmless patterns are
  refused.
- What is counted, for a text of :data:`LENGTH` characters: the *ways* in which a part can match
  from one place, each a choice that the engine may come back to, and the *steps* that it takes to
  go through all of them. Parts are looked at from the last to the first, each with what follows it.
- Where to leave a repetition is no choice if what follows can't begin as its body does, as in
  ``[a-z]+,`` or ``[a-z]+$``. Nor is an alternative if no text begins like two of them.
- A repetition has a bound only if its body matches in one way. Then its turns share the text, and
  all of them together take as many steps as one pass over it.
"""

from __future__ import annotations

import itertools

# The tree is the one that Python itself compiles; these two modules have neither public names nor
# types.
import re._constants as sre  # type: ignore[import-not-found] # as above
import re._parser as parser  # type: ignore[import-not-found] # as above
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: How long a text the bound is about.
LENGTH = 5_000

#: The most steps that a pattern may take on such a text. Some go over it once from each of its
#: characters, which takes a fraction of a second; none does more.
MOST_STEPS = 12 * LENGTH**2

#: Stands for every number that is at least as high.
_ENDLESS = 10**30

#: How many characters at the beginning of alternatives are compared.
_AHEAD = 16

#: How many alternatives with sets that overlap in part are compared, each with each.
_MOST_COMPARED = 100

# The nodes of the tree have no types that could be named.
_Nodes: TypeAlias = Any

#: Characters, as ranges of code points with both ends included.
_Ranges: TypeAlias = tuple[tuple[int, int], ...]

_ANY: _Ranges = ((0, 0x10FFFF),)
_STARTS = (sre.AT_BEGINNING, sre.AT_BEGINNING_STRING)
_REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT)
_LOOKS = (sre.ASSERT, sre.ASSERT_NOT)


class TooSlowError(Exception):
    """A pattern that could take too long; the message says how long, as what it does."""


@attrs.frozen
class _Part:
    """A part of a pattern, with what follows it in the same group.

    Attributes:
        first: What a match begins with, unless it is empty.
        empty: Whether a match can be empty.
        sure: Whether it matches any text, so that nothing before it is ever tried again.
        heads: What the first characters of a match are, as far as that is known of each.
        ways: How many ways there are.
        steps: How many steps they take together.
        size: How many nodes it has.
        local: Whether it looks at nothing but what it matches.
    """

    first: _Ranges = ()
    empty: bool = True
    sure: bool = False
    heads: tuple[_Ranges, ...] = ()
    ways: int = 1
    steps: int = 1
    size: int = 0
    local: bool = True


def check(pattern: str) -> int:
    """Return the most steps that *pattern*, which is in Python's dialect, can take.

    Raises:
        TooSlowError: It could.
    """
    tree: _Nodes = parser.parse(pattern)
    starts = 1 if _is_anchored(tree) else LENGTH
    steps = starts * _sequence(tree, _Part(sure=True)).steps
    if steps > MOST_STEPS:
        raise TooSlowError(
            f"could take {_rounded(steps)} steps on a text of {LENGTH} characters; begin it with "
            "^, and let what repeats be followed by what it can't contain"
        )
    return steps


def _rounded(steps: int) -> str:
    return "endless" if steps >= _ENDLESS else f"10^{len(str(steps)) - 1}"


def _is_anchored(nodes: _Nodes) -> bool:
    """Tell whether a match can only begin where the text does."""
    if not len(nodes):
        return False
    code, argument = nodes[0]
    if code is sre.SUBPATTERN:
        return _is_anchored(argument[-1])
    if code is sre.BRANCH:
        return all(map(_is_anchored, argument[1]))
    return code is sre.AT and argument in _STARTS


def _sequence(nodes: _Nodes, after: _Part) -> _Part:
    """Return what *nodes* one behind the other are, with *after* behind them."""
    for code, argument in reversed(list(nodes)):
        after = _node(code, argument, after)
    return after


def _node(code: object, argument: _Nodes, after: _Part) -> _Part:
    if code is sre.SUBPATTERN:
        return _sequence(argument[-1], after)
    if code is sre.BRANCH:
        return _branch([_sequence(nodes, after) for nodes in argument[1]])
    if code in _REPEATS:
        return _repeat(argument, after)
    if code is sre.GROUPREF:
        return _look(_Part(steps=LENGTH), attrs.evolve(after, first=_ANY, heads=()))
    if code in _LOOKS or (code is sre.AT and argument is not sre.AT_END_STRING):
        inner = argument[1] if code in _LOOKS else ()
        return _look(_sequence(inner, _Part(sure=True)), after)
    # The end of the text is like a character that no set has.
    return _character(() if code is sre.AT else _ranges(code, argument), after)


def _character(ranges: _Ranges, after: _Part) -> _Part:
    return attrs.evolve(
        after,
        first=ranges,
        empty=False,
        sure=False,
        heads=(ranges, *after.heads)[:_AHEAD],
        steps=after.steps + 1,
        size=after.size + 1,
    )


def _look(looked: _Part, after: _Part) -> _Part:
    """A look at the text around, which is tried in one way only."""
    return attrs.evolve(
        after,
        sure=False,
        steps=looked.steps + after.steps,
        size=looked.size + after.size,
        local=False,
    )


def _branch(parts: list[_Part]) -> _Part:
    alone = _all_differ([one.heads for one in parts])
    ways, steps = [one.ways for one in parts], [one.steps for one in parts]
    return _Part(
        first=_union(*(one.first for one in parts)),
        empty=any(one.empty for one in parts),
        heads=tuple(_union(*ranges) for ranges in zip(*(one.heads for one in parts), strict=False)),
        ways=max(ways) if alone else _capped(sum(ways)),
        steps=_capped(max(steps) + _AHEAD * len(parts) if alone else sum(steps)),
        size=sum(one.size for one in parts),
        local=all(one.local for one in parts),
    )


def _repeat(argument: _Nodes, after: _Part) -> _Part:
    nodes: _Nodes = argument[2]
    least, most = (min(int(bound), LENGTH) for bound in argument[:2])
    first, empty = _begin(nodes)
    # Behind one turn comes the next one or what follows.
    then = _union(first, after.first) if most > 1 else after.first
    body = _sequence(nodes, _Part(then, after.empty, heads=() if after.empty else (then,)))
    settled = after.sure or not (empty or after.empty or not _apart(first, after.first))
    if body.ways > 1 or (empty and most > 1):
        ways = _power(body.ways if body.ways > 1 else 2, most)
        turns = _capped(ways * body.steps * most)
        ways = _capped(ways * (most - least + 1))
    else:
        ways = 1 if settled else most - least + 1
        turns = most * body.steps
        turns = min(turns, 2 * LENGTH * body.size) if body.local else turns
    if after.sure:
        ways = 1
    can_skip = least == 0 or empty
    begins = _union(first, after.first) if can_skip else first
    known = not (can_skip and after.empty)
    return _Part(
        first=begins,
        empty=can_skip and after.empty,
        sure=after.sure and least == 0,
        heads=_heads(nodes, least, most, after) or ((begins,) if known else ()),
        ways=_capped(ways * after.ways),
        steps=_capped(turns + ways * after.steps + (most - least)),
        size=body.size + after.size,
        local=body.local and after.local,
    )


def _heads(nodes: _Nodes, least: int, most: int, after: _Part) -> tuple[_Ranges, ...]:
    """Return the heads of one set that is repeated so many times, and no other number."""
    if least != most or len(nodes) != 1 or nodes[0][0] in _NOT_SETS:
        return ()
    return ((_ranges(*nodes[0]),) * min(least, _AHEAD) + after.heads)[:_AHEAD]


def _begin(nodes: _Nodes) -> tuple[_Ranges, bool]:
    """Return what a match of *nodes* can begin with, and whether it can be empty."""
    found: _Ranges = ()
    for code, argument in nodes:
        if code in (*_LOOKS, sre.AT):
            if argument is sre.AT_END_STRING:
                return found, False
            continue
        empty = False
        if code is sre.SUBPATTERN:
            first, empty = _begin(argument[-1])
        elif code is sre.BRANCH:
            both = [_begin(one) for one in argument[1]]
            first, empty = _union(*(one for one, _ in both)), any(one for _, one in both)
        elif code in _REPEATS:
            first, empty = _begin(argument[2])
            empty = empty or argument[0] == 0
        elif code is sre.GROUPREF:
            first, empty = _ANY, True
        else:
            first = _ranges(code, argument)
        found = _union(found, first)
        if not empty:
            return found, False
    return found, True


#: What isn't one character out of a set.
_NOT_SETS = (sre.SUBPATTERN, sre.BRANCH, *_REPEATS, *_LOOKS, sre.AT, sre.GROUPREF)


def _ranges(code: object, argument: _Nodes) -> _Ranges:
    """Return the characters of a set; a category, which is not spelt out, is any character."""
    if code is sre.LITERAL:
        return ((argument, argument),)
    if code is sre.RANGE:
        return (tuple(argument),)
    if code is sre.NOT_LITERAL:
        return _inverse(((argument, argument),))
    if code is not sre.IN:
        return _ANY
    inverted = argument[0][0] is sre.NEGATE
    members = argument[1:] if inverted else argument
    if any(one is sre.CATEGORY for one, _ in members):
        return _ANY
    ranges = _union(*(_ranges(*member) for member in members))
    return _inverse(ranges) if inverted else ranges


def _inverse(ranges: _Ranges) -> _Ranges:
    edges = [-1, *(edge for one in ranges for edge in one), _ANY[0][1] + 1]
    gaps = zip(edges[::2], edges[1::2], strict=True)
    return tuple((low + 1, high - 1) for low, high in gaps if low + 1 <= high - 1)


def _union(*sets: _Ranges) -> _Ranges:
    """Return the characters of all *sets*, sorted, with nothing twice."""
    made: list[tuple[int, int]] = []
    for low, high in sorted(one for ranges in sets for one in ranges):
        if made and low <= made[-1][1] + 1:
            made[-1] = made[-1][0], max(high, made[-1][1])
        else:
            made.append((low, high))
    return tuple(made)


def _apart(one: _Ranges, other: _Ranges) -> bool:
    """Tell whether the two have no character in common."""
    return all(high < low2 or high2 < low for low, high in one for low2, high2 in other)


def _all_differ(heads: Sequence[tuple[_Ranges, ...]]) -> bool:
    """Tell whether no text begins with two of *heads*.

    Where the sets of one position are the same or apart, as in a list of words, each set's heads
    are looked at by themselves: there may be hundreds, too many to compare each with each.
    """
    pending = [(0, heads)]
    while pending:
        at, group = pending.pop()
        if len(group) < 2:  # noqa: PLR2004 - one alone differs
            continue
        if any(len(one) == at for one in group):
            return False
        sets: dict[_Ranges, list[tuple[_Ranges, ...]]] = {}
        for one in group:
            sets.setdefault(one[at], []).append(one)
        if _are_apart(sets):
            pending += [(at + 1, same) for same in sets.values()]
        elif len(group) > _MOST_COMPARED or not all(
            _differ(one[at:], other[at:]) for i, one in enumerate(group) for other in group[:i]
        ):
            return False
    return True


def _are_apart(sets: Iterable[_Ranges]) -> bool:
    """Tell whether no two of *sets* have a character in common."""
    ranges = sorted(one for ranges in sets for one in ranges)
    return all(high < low for (_, high), (low, _) in itertools.pairwise(ranges))


def _differ(one: tuple[_Ranges, ...], other: tuple[_Ranges, ...]) -> bool:
    """Tell whether no text begins with both."""
    return any(_apart(mine, theirs) for mine, theirs in zip(one, other, strict=False))


def _power(ways: int, turns: int) -> int:
    return _ENDLESS if ways.bit_length() * turns > _ENDLESS.bit_length() else ways**turns


def _capped(count: int) -> int:
    return min(count, _ENDLESS)
