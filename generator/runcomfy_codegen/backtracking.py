r"""An upper bound on the time that a regular expression can take, computed from its syntax tree.

Python's engine backtracks: it tries one way to match after another. A pattern such as ``(a+)+$``
has so many ways that thirty characters keep the engine busy for minutes, so the author of a schema
could make the caller's program hang. A pattern is therefore refused unless its bound is small.

Rules:

- The bound is never too low. It is simple rather than tight, so some harmless patterns are refused.
- Two things are counted for a text of :data:`LENGTH` characters. The *ways* of a part are the
  matches that start at one place; the engine may come back to try each of them. The *steps* are
  what it takes to try them all. Parts are examined from the last to the first, each together with
  everything that follows it.
- The end of a repetition is not a choice if the text that follows can't begin as the body does, as
  in ``[a-z]+,`` or ``[a-z]+$``. An alternative is not a choice if no text fits the beginnings of
  two alternatives.
- A repetition has a bound only if its body matches in one way. All its turns together then take as
  many steps as one pass over the text.
"""

from __future__ import annotations

import itertools

# The tree is the one that Python itself compiles. Python's modules for it are private.
import re._constants as sre  # type: ignore[import-not-found] # a private module without types
import re._parser as parser  # type: ignore[import-not-found] # a private module without types
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: The length of the text that the bound is computed for.
LENGTH = 5_000

#: The most steps that a pattern may take on such a text. This allows one pass over the text from
#: each of its characters, which takes a fraction of a second.
MOST_STEPS = 12 * LENGTH**2

#: The value at which counting stops. It stands for every number that is at least as high.
_ENDLESS = 10**30

#: How many characters at the beginning of each alternative are compared.
_AHEAD = 16

#: How many alternatives whose character sets partly overlap are compared pair by pair.
_MOST_COMPARED = 100

# Any: Python publishes no types for the nodes of the tree.
_Nodes: TypeAlias = Any

#: Characters, as ranges of code points with both ends included.
_Ranges: TypeAlias = tuple[tuple[int, int], ...]

_ANY: _Ranges = ((0, 0x10FFFF),)
_STARTS = (sre.AT_BEGINNING, sre.AT_BEGINNING_STRING)
_REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT)
_LOOKS = (sre.ASSERT, sre.ASSERT_NOT)


class TooSlowError(Exception):
    """A pattern that could take too long. The message says how long, as a predicate."""


@attrs.frozen
class _Part:
    """A part of a pattern, together with what follows it in the same group.

    Attributes:
        first: The characters with which a match can begin, unless the match is empty.
        empty: Whether a match can be empty.
        sure: Whether the part matches any text, so that nothing before it is ever tried again.
        heads: The possible characters at each of the first positions, as far as they are known.
        ways: In how many ways the part can match.
        steps: How many steps it takes to try all the ways.
        size: How many nodes the part has.
        local: Whether the part depends only on the text that it matches.
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
        TooSlowError: The pattern could take more than :data:`MOST_STEPS`.
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
    """Tell whether a match can begin only at the start of the text."""
    if not len(nodes):
        return False
    code, argument = nodes[0]
    if code is sre.SUBPATTERN:
        return _is_anchored(argument[-1])
    if code is sre.BRANCH:
        return all(map(_is_anchored, argument[1]))
    return code is sre.AT and argument in _STARTS


def _sequence(nodes: _Nodes, after: _Part) -> _Part:
    """Return *nodes* in sequence, followed by *after*, as one part."""
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
    # The end of the text is treated as a character that is in no set.
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
    """Return a lookahead or lookbehind, which is tried in one way only, followed by *after*."""
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
    # After one turn comes either another turn or the text that follows the repetition.
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
    """Return the heads of one set that is repeated an exact number of times."""
    if least != most or len(nodes) != 1 or nodes[0][0] in _NOT_SETS:
        return ()
    return ((_ranges(*nodes[0]),) * min(least, _AHEAD) + after.heads)[:_AHEAD]


def _begin(nodes: _Nodes) -> tuple[_Ranges, bool]:
    """Return the characters that can begin a match of *nodes*, and whether it can be empty."""
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


#: The kinds of node that don't match exactly one character of a set.
_NOT_SETS = (sre.SUBPATTERN, sre.BRANCH, *_REPEATS, *_LOOKS, sre.AT, sre.GROUPREF)


def _ranges(code: object, argument: _Nodes) -> _Ranges:
    """Return the characters of a set. A category, such as all digits, counts as every character."""
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
    """Return the characters of all *sets*, sorted and without duplicates."""
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

    In a list of words, any two sets at one position are either equal or disjoint. The heads are
    then grouped by set, because hundreds of them are too many to compare pair by pair.
    """
    pending = [(0, heads)]
    while pending:
        at, group = pending.pop()
        if len(group) < 2:  # noqa: PLR2004 - a single one needs no comparison
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
    """Tell whether no text begins with both *one* and *other*."""
    return any(_apart(mine, theirs) for mine, theirs in zip(one, other, strict=False))


def _power(ways: int, turns: int) -> int:
    return _ENDLESS if ways.bit_length() * turns > _ENDLESS.bit_length() else ways**turns


def _capped(count: int) -> int:
    return min(count, _ENDLESS)
