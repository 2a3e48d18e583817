"""An upper bound on how often one part of a value is checked, computed from the schema alone.

A schema can apply many others to the same value (``allOf``, ``anyOf``, ``$ref`` and similar), and
each of them can descend into the value and do the same again. Three alternatives that all refer
back to their parent check a part ten levels deep 59,049 times, so the author of a schema could make
the caller's program hang. A schema is therefore refused unless its bound is small.

Rules:

- The bound is never too low. All alternatives count, except that only one of ``then`` and ``else``
  is applied. No value is assumed to end a check early.
- For each depth, the count is the maximum over all paths to a part at that depth. A path is a name
  or an index at each level, and a schema counts only on paths that lead to it, so sibling fields
  don't add up.
- Two things are counted: schemas that are applied, and steps of regular expressions.
"""

from __future__ import annotations

import graphlib
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, cast

from .backtracking import MOST_STEPS
from .jsontext import DEEPEST, pointer
from .patterns import PatternError, compiled, translate
from .references import resolve

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from .jsontext import JsonObject, JsonValue

#: How many schemas may be applied to the same part of a value.
MOST_APPLIED = 5_000

#: How many steps the patterns that are applied to one text may take together.
MOST_STEPS_OF_ALL = 4 * MOST_STEPS

#: How much work the bound itself may take for one input. Many schemas that each name thousands of
#: fields exceed it.
_MOST_WORK = 3_000_000

#: Keywords whose schemas apply to the same value as the schema that contains them.
_IN_PLACE_ONE = ("not", "if")
_IN_PLACE_MANY = ("allOf", "anyOf", "oneOf")

#: How many strings of an enum, other values of an enum, or field names take as long to check as one
#: schema. Values that aren't strings are compared one by one.
_TEXTS = 100
_VALUES = 10
_NAMES = 20

#: A step one level down: a field's name or an item's index. ``str`` and ``int`` stand for all names
#: and indexes that aren't listed. None stands for the field names, which are strings themselves.
_Label: TypeAlias = "str | int | type | None"

#: How often the part at each label is checked: the maximum over all paths that continue from it.
_Counts: TypeAlias = "dict[_Label, int]"


class _TooMuchWorkError(Exception):
    """The bound would take too long to compute; *place* is the schema at which this was noticed."""

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self.place = place


class _Node(NamedTuple):
    """The schemas that one schema applies, each by its place.

    Attributes:
        in_place: Those applied to the same value.
        either: Those of which only one at a time is applied to the same value.
        below: Those applied to the part at each label.
        others: Those applied to a field that is neither listed nor matched by a pattern.
    """

    in_place: tuple[str, ...]
    either: tuple[str, ...]
    below: Mapping[_Label, tuple[str, ...]]
    others: tuple[str, ...]


class _Measure(NamedTuple):
    """One of the two quantities that are counted.

    Attributes:
        own: By the place of a schema, its count for the value that it is applied to; zeros are
            omitted.
        names: By the place of a schema, its count for each field name of that value.
        most: The limit.
        words: The message for a place that exceeds the limit.
    """

    own: Mapping[str, int]
    names: Mapping[str, int]
    most: int
    words: str

    @property
    def total(self) -> int:
        """The count for a value that every schema is applied to."""
        return sum(self.own.values()) + sum(self.names.values())


def check_costs(
    schemas: Mapping[str, JsonValue], error: Callable[[str, str], None], root: str
) -> bool:
    """Report schemas that apply others endlessly, or apply too many of them to the same value.

    Args:
        schemas: Every schema of an input, by its pointer. All references lead to one of them.
        error: Called with a pointer and a message.
        root: The pointer that ``#`` stands for.

    Returns:
        Whether nothing was reported.
    """
    measures = _measures(schemas)
    refers = any(isinstance(one, dict) and "$ref" in one for one in schemas.values())
    if not refers and all(measure.total <= measure.most for measure in measures):
        return True  # without a reference, no schema is applied to the same part twice
    nodes = {place: _node(place, one, schemas, root) for place, one in schemas.items()}
    order = _in_order(schemas, nodes, error)
    if order is None or not _check_depths(order, nodes, error):
        return False
    # A schema that exceeds both measures is reported only for the first.
    return all(_check_levels(order, nodes, measure, error) for measure in measures)


def _measures(schemas: Mapping[str, JsonValue]) -> tuple[_Measure, _Measure]:
    named = {place: list(_named(one, "patternProperties")) for place, one in schemas.items()}
    return (
        _Measure(
            {place: _weight(one) for place, one in schemas.items()},
            {place: len(patterns) for place, patterns in named.items() if patterns},
            MOST_APPLIED,
            f"applies more than {MOST_APPLIED} schemas to",
        ),
        _Measure(
            {place: steps for place, one in schemas.items() if (steps := _steps(one))},
            # Doubled: a name is matched for the patterns, and again to see that it matches none.
            {place: 2 * sum(map(_steps_of, one)) for place, one in named.items() if one},
            MOST_STEPS_OF_ALL,
            "applies patterns that together could take more than 10^9 steps to",
        ),
    )


def _in_order(
    schemas: Mapping[str, JsonValue],
    nodes: Mapping[str, _Node],
    error: Callable[[str, str], None],
) -> list[str] | None:
    """Return all places, each after those that it applies in place; None if these form a cycle."""
    inner = {place: (*node.in_place, *node.either) for place, node in nodes.items()}
    try:
        return list(graphlib.TopologicalSorter(inner).static_order())
    except graphlib.CycleError as cycle:
        for place in sorted(set(cycle.args[1])):
            stated = schemas[place]
            if isinstance(stated, dict) and "$ref" in stated:
                error(f"{place}/$ref", "refers back to itself without going into the value")
        return None


def _check_depths(
    order: Iterable[str], nodes: Mapping[str, _Node], error: Callable[[str, str], None]
) -> bool:
    """Report chains of schemas that apply each other to the same value and are too long."""
    depths: dict[str, int] = {}
    sound = True
    for place in order:
        node = nodes[place]
        depths[place] = 1 + max((depths[one] for one in (*node.in_place, *node.either)), default=0)
        if depths[place] > DEEPEST:
            error(place, f"refers on and on: {DEEPEST} schemas inside each other are the most")
            depths[place], sound = 1, False  # reported once, where the chain gets too long
    return sound


def _check_levels(
    order: Iterable[str],
    nodes: Mapping[str, _Node],
    measure: _Measure,
    error: Callable[[str, str], None],
) -> bool:
    """Report schemas that exceed the limit, at the first such level; return whether none do."""
    counts: dict[str, int] = {}
    for place in order:
        node = nodes[place]
        inner = sum(counts[one] for one in node.in_place)
        either = max((counts[one] for one in node.either), default=0)
        counts[place] = measure.own.get(place, 0) + inner + either
    for level in range(DEEPEST + 1):
        if too_many := {place for place, count in counts.items() if count > measure.most}:
            for place in sorted(too_many):
                node = nodes[place]
                if too_many.isdisjoint((*node.in_place, *node.either)):  # reported where it begins
                    error(place, f"{measure.words} {_at_level(level)}")
            return False
        before = counts
        try:
            counts = _next_level(order, nodes, None if level else measure.names, before)
        except _TooMuchWorkError as exc:
            error(exc.place, "names too many fields, together with the schemas that it applies")
            return False
        if counts == before:
            break
    return True


def _next_level(
    order: Iterable[str],
    nodes: Mapping[str, _Node],
    names: Mapping[str, int] | None,
    before: Mapping[str, int],
) -> dict[str, int]:
    """Return the counts for the parts of a value that are one level deeper than *before*.

    Args:
        order: All places, each after those that it applies in place.
        nodes: The schemas that each place applies.
        names: The count for the name of a field. None at deeper levels, since a name has no parts.
        before: The counts for parts that are one level less deep.

    Raises:
        _TooMuchWorkError: The counts would take too long to compute.
    """
    labels: dict[str, _Counts] = {}
    work = 0
    for place in order:
        node = nodes[place]
        labels[place] = made = _level(node, (names or {}).get(place, 0), before, labels)
        if names is None:
            made.pop(None, None)
        if all(made is not labels[one] for one in node.in_place):
            work += len(made)
        if work > _MOST_WORK:
            raise _TooMuchWorkError(place)
    return {place: max(made.values(), default=0) for place, made in labels.items()}


def _at_level(level: int) -> str:
    if not level:
        return "the same value"
    inside = "a level" if level == 1 else f"{level} levels"
    return (
        f"one part of a value, {inside} inside it: alternatives that lead into the same field "
        "multiply from level to level; state once what they share"
    )


def _level(
    node: _Node, names: int, before: Mapping[str, int], labels: Mapping[str, _Counts]
) -> _Counts:
    """Return how often parts are checked, by the label of the first step that leads to them.

    Args:
        node: The schemas that are applied to the whole value and to its parts.
        names: The count for the name of a field.
        before: The counts for parts that are one level less deep.
        labels: The results of this function for the schemas that are applied in place.
    """
    made = {label: sum(before[one] for one in below) for label, below in node.below.items()}
    if node.others:
        made[str] = max(made.get(str, 0), sum(before[one] for one in node.others))
    if names:
        made[None] = made.get(None, 0) + names
    made = {label: count for label, count in made.items() if count or not isinstance(label, type)}
    parts = [labels[one] for one in node.in_place if labels[one]]
    if any(labels[one] for one in node.either):
        parts.append(_joined(max, [labels[one] for one in node.either]))
    if not any(made.values()):
        if len(parts) == 1:
            return parts[0]
        made = {}
    return _joined(sum, [made, *parts]) if parts else made


def _joined(join: Callable[[list[int]], int], parts: list[_Counts]) -> _Counts:
    listed = dict.fromkeys(label for part in parts for label in part)
    return {label: join([_at(part, label) for part in parts]) for label in listed}


def _at(counts: _Counts, label: _Label) -> int:
    found = counts.get(label)
    return counts.get(type(label), 0) if found is None else found


def _node(place: str, schema: JsonValue, schemas: Mapping[str, JsonValue], root: str) -> _Node:
    if not isinstance(schema, dict):
        return _Node((), (), {}, ())

    def known(*keys: str | int) -> tuple[str, ...]:
        # A value that is not a schema was reported by the check of keywords and has no place.
        at = place + pointer(*keys)
        return (at,) if at in schemas else ()

    in_place = [one for key in _IN_PLACE_ONE for one in known(key)]
    for key in _IN_PLACE_MANY:
        in_place += (one for i in range(_length(schema, key)) for one in known(key, i))
    for name in _named(schema, "dependentSchemas"):
        in_place += known("dependentSchemas", name)
    if isinstance(target := schema.get("$ref"), str):
        in_place.append(resolve(target, root))
    patterns = {name: compiled(name) for name in _named(schema, "patternProperties")}
    return _Node(
        tuple(in_place),
        (*known("then"), *known("else")),
        dict(_below(schema, known, patterns)),
        known("additionalProperties"),
    )


def _below(
    schema: JsonObject,
    known: Callable[..., tuple[str, ...]],
    patterns: Mapping[str, re.Pattern[str] | None],
) -> Iterator[tuple[_Label, tuple[str, ...]]]:
    """Yield each label of a value's parts, with the schemas that are applied there."""
    of_patterns = {name: known("patternProperties", name) for name in patterns}
    if patterns:
        yield str, sum(of_patterns.values(), ())
    for name in _named(schema, "properties"):
        found = known("properties", name)
        for pattern, found_by in patterns.items():
            if found_by is None or found_by.search(name):
                found += of_patterns[pattern]
        yield name, found
    yield None, known("propertyNames")
    each = known("contains")
    for i in range(_length(schema, "prefixItems")):
        yield i, (*known("prefixItems", i), *each)
    yield int, (*known("items"), *each)


def _named(schema: JsonValue, key: str) -> Iterable[str]:
    named = schema.get(key) if isinstance(schema, dict) else None
    return cast("JsonObject", named) if isinstance(named, dict) else ()


def _length(schema: JsonObject, key: str) -> int:
    listed = schema.get(key)
    return len(cast("list[object]", listed)) if isinstance(listed, list) else 0


def _weight(schema: JsonValue) -> int:
    """Return how many simple schemas take as long as this one, not counting schemas inside it."""
    if not isinstance(schema, dict):
        return 1
    names = sum(len(list(_named(schema, key))) for key in ("properties", "dependentSchemas"))
    names += _length(schema, "required") + _size(schema.get("dependentRequired"))
    count = 1 + names // _NAMES
    if isinstance(members := schema.get("enum", [schema.get("const")]), list):
        texts = all(isinstance(one, str) for one in cast("list[object]", members))
        count += len(members) // _TEXTS if texts else _size(members) // _VALUES
    return count


def _size(value: object) -> int:
    """Return how many values a JSON value contains, including itself."""
    count, pending = 0, [value]
    while pending:
        one: object = pending.pop()
        count += 1
        if isinstance(one, dict | list):
            inner = cast("JsonObject | list[object]", one)
            pending += inner.values() if isinstance(inner, dict) else inner
    return count


def _steps(schema: JsonValue) -> int:
    pattern = schema.get("pattern") if isinstance(schema, dict) else None
    return _steps_of(pattern) if isinstance(pattern, str) else 0


def _steps_of(pattern: str) -> int:
    try:
        return translate(pattern).steps
    except PatternError:  # the pattern itself was reported already
        return 0
