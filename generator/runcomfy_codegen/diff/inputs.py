"""The changes of an input's schema, keyword by keyword, from the view of callers.

Rules:

- A proof (narrowing.py) decides whether a change refuses anything; this walk only describes it. If
  there is no proof for a group of keywords, at least one breaking change says so. If there is one,
  no change in the group is called breaking for being narrower.
- A removed field and a changed server default are breaking although nothing is refused, because the
  same call means something else.
- Below ``not``, ``if`` and ``oneOf`` a narrower schema may widen the whole, so a change there is
  reported as a single change, at the keyword.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import attrs

from ..jsontext import pointer
from ..keywords import ONE_SCHEMA
from ..shapes import at_pointer
from . import wording
from .canonical import schema_text
from .changes import MISSING, Effect, Found, Kind, Missing, shown
from .facts import Part
from .limits import LEAST, LOWER, MOST, UPPER
from .narrowing import Narrowing
from .wording import Pair

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..jsontext import JsonObject, JsonValue

_LIMITS = (*LEAST, *MOST, *LOWER, *UPPER)

#: Groups of keywords that act together, in the order in which their changes are reported.
_GROUPS = (
    *(("type",), ("enum",), ("const",)),
    *((key,) for key in (*_LIMITS, "multipleOf", "pattern", "format", "uniqueItems")),
    ("items", "prefixItems"),
    ("contains", "minContains", "maxContains"),
    ("properties", "patternProperties", "additionalProperties"),
    *(("propertyNames",), ("required",), ("dependentRequired",), ("dependentSchemas",)),
    *(("allOf",), ("anyOf",), ("oneOf",), ("not",)),
    ("if", "then", "else"),
    ("$ref",),
)
#: Keywords whose value contains no schemas, with the function that describes their changes.
_PLAIN: dict[str, Callable[[Pair], Iterator[Found]]] = {
    "type": wording.of_type,
    "enum": wording.of_enum,
    "required": wording.of_required,
}


def input_changes(old: JsonObject, new: JsonObject, place: str) -> list[Found]:
    """List the changes from the input schema *old* to *new*, which are at the pointer *place*.

    Both schemas are closed: an input allows only the fields that its schema lists.
    """
    walk = _Walk(old, new)
    return list(walk.schema(_closed(old), _closed(new), place))


def _closed(schema: JsonObject) -> JsonObject:
    return {**schema, "additionalProperties": False}


class _Walk:
    """A comparison of two inputs; each method yields the changes of a part at a place."""

    def __init__(self, old_whole: JsonObject, new_whole: JsonObject) -> None:
        self._old_whole = old_whole
        self._new_whole = new_whole
        self._narrowing = Narrowing()
        self._references: set[tuple[str, str]] = set()
        self._open: set[tuple[str, str]] = set()  # the pairs of references that are being followed

    def schema(self, old: JsonValue, new: JsonValue, place: str) -> Iterator[Found]:
        """Yield the changes of a schema whose default, if it has one, is a server default."""
        before, after = ({} if one is True else one for one in (old, new))
        if isinstance(before, dict) and isinstance(after, dict):
            pair = Pair(before, after, place)
            yield from wording.of_default(pair, was_sample=False, sample=False)
            yield from self._rules(pair)
        elif isinstance(before, dict):
            effect = Effect.KEEPS if self._keeps(old, new) else Effect.REFUSES
            yield Found(place, effect, "allows nothing any more", old, new)
        elif isinstance(after, dict):
            yield Found(place, Effect.KEEPS, "allows more than nothing", old, new)

    def _rules(self, pair: Pair) -> Iterator[Found]:
        yield from wording.of_words(pair)
        for group in _GROUPS:
            before, after = pair.picked(group)
            if before or after:
                yield from self._group(pair, group, before, after)

    def _keeps(self, old: JsonValue, new: JsonValue) -> bool:
        return self._narrowing.keeps(Part(old, self._old_whole), Part(new, self._new_whole))

    def _group(
        self, pair: Pair, group: tuple[str, ...], before: JsonObject, after: JsonObject
    ) -> Iterator[Found]:
        if (before.get("$ref"), after.get("$ref")) in self._open:
            return  # a recursive schema: its changes are reported where it begins
        kept = self._keeps(pair.old, after)
        found = list(self._told(pair, group))
        for one in found:
            if kept and one.effect is Effect.REFUSES:
                what = f"{one.what}, but all that was allowed still is"
                yield attrs.evolve(one, effect=Effect.KEEPS, what=what)
            else:
                yield one
        kinds = {one.effect.kind for one in found}
        # The change of required for a removed field is reported with the field.
        unsaid = group != ("required",) and not kinds - {Kind.TEXTUAL}
        names = list({**before, **after})
        place, name = f"{pair.place}/{names[0]}", " and ".join(names)
        if not kept and Kind.BREAKING not in kinds:
            what = f"{name} changed, and can't be shown to allow all that was allowed"
            yield Found(place, Effect.REFUSES, what, before, after)
        elif kept and unsaid and not _same(before, after):
            what = f"{name} changed, but all that was allowed still is"
            yield Found(place, Effect.KEEPS, what, before, after)

    def _told(self, pair: Pair, group: tuple[str, ...]) -> Iterator[Found]:
        """Describe the changes of a group, as if each changed rule refused something."""
        key = group[0]
        if key in _PLAIN:
            yield from _PLAIN[key](pair)
        elif key in _LIMITS:
            kept = self._keeps(pair.old, pair.picked((key,))[1])
            yield from wording.of_limit(pair, key, kept=kept)
        elif key == "properties":
            yield from self._fields(pair)
        elif key == "$ref":
            yield from self._reference(pair)
        elif key in {"allOf", "anyOf"}:
            yield from self._list(pair, key)
        elif key in {"oneOf", "not"}:
            yield from self._whole(pair, key)
        elif key == "if":
            yield from self._condition(pair)
        else:
            for one in group:
                yield from self._keyword(pair, one)

    def _keyword(self, pair: Pair, key: str) -> Iterator[Found]:
        """Describe the change of a keyword by its kind of value: a schema, several, or a number."""
        before, after = pair.stated(key)
        if key in {"patternProperties", "dependentSchemas"}:
            yield from self._named(pair, key)
        elif isinstance(before, Missing) or isinstance(after, Missing):
            yield from wording.of_presence(pair, key)
        elif key == "prefixItems":
            yield from self._list(pair, key)
        elif key in ONE_SCHEMA:
            yield from self.schema(before, after, f"{pair.place}/{key}")
        else:
            yield from wording.of_presence(pair, key)

    def _fields(self, pair: Pair) -> Iterator[Found]:
        before, after = (dict(one.get("properties", {})) for one in (pair.old, pair.new))
        required = [set(one.get("required", ())) for one in (pair.old, pair.new)]
        for name in before.keys() | after.keys():
            place = pair.place + pointer("properties", name)
            if name not in after:
                effect = Effect.KEEPS if before[name] is False else Effect.MEANS
                yield Found(place, effect, "field removed", before[name])
            elif name not in before:
                yield from self._added(pair, name, place)
            elif isinstance(before[name], dict) and isinstance(after[name], dict):
                field = Pair(before[name], after[name], place)
                was_sample, sample = (name in one for one in required)
                yield from wording.of_default(field, was_sample=was_sample, sample=sample)
                yield from self._rules(field)
            else:
                yield from self.schema(before[name], after[name], place)
        for key in ("patternProperties", "additionalProperties"):
            yield from self._keyword(pair, key)

    def _added(self, pair: Pair, name: str, place: str) -> Iterator[Found]:
        schema = pair.new["properties"][name]
        if not self._keeps(pair.old, {"properties": {name: schema}}):
            what = "field added, where more was allowed under this name"
            yield Found(place, Effect.REFUSES, what, MISSING, schema)
        elif name not in pair.new.get("required", ()):
            yield Found(place, Effect.KEEPS, "optional field added", MISSING, schema)

    def _named(self, pair: Pair, key: str) -> Iterator[Found]:
        before, after = (cast("JsonObject", one.get(key, {})) for one in (pair.old, pair.new))
        for name in before.keys() | after.keys():
            place = f"{pair.place}/{key}"
            if name in before and name in after:
                yield from self.schema(before[name], after[name], place + pointer(name))
            else:
                rule = f"{key} {shown(name)}"
                yield from wording.of_presence(Pair(before, after, place), name, rule)

    def _list(self, pair: Pair, key: str) -> Iterator[Found]:
        """Describe the change of a list of schemas; each new one is compared with its old one."""
        before, after = pair.stated(key)
        if not (isinstance(before, list) and isinstance(after, list)):
            yield from wording.of_presence(pair, key)
            return
        pairs = wording.matched(before, after, in_order=key == "prefixItems")
        for i, j in pairs:
            yield from self.schema(before[i], after[j], f"{pair.place}/{key}/{j}")
        # An additional schema refuses more in allOf, and allows more among alternatives.
        gone, more = (
            (Effect.REFUSES, Effect.KEEPS) if key == "anyOf" else (Effect.KEEPS, Effect.REFUSES)
        )
        for i in sorted(set(range(len(before))) - {i for i, _ in pairs}):
            yield Found(f"{pair.place}/{key}/{i}", gone, f"schema of {key} removed", before[i])
        for j in sorted(set(range(len(after))) - {j for _, j in pairs}):
            what = f"schema of {key} added"
            yield Found(f"{pair.place}/{key}/{j}", more, what, MISSING, after[j])

    def _whole(self, pair: Pair, key: str) -> Iterator[Found]:
        """Describe the change of a keyword whose narrower schemas can make the whole wider."""
        before, after = pair.stated(key)
        if isinstance(before, Missing) or isinstance(after, Missing):
            yield from wording.of_presence(pair, key)
        elif not _same({key: before}, {key: after}):
            what = f"{key} changed: what is narrower in it may allow more, and what is wider less"
            yield Found(f"{pair.place}/{key}", Effect.REFUSES, what, before, after)
        elif key == "oneOf":
            yield from self._list(pair, key)
        else:
            yield from self.schema(before, after, f"{pair.place}/{key}")

    def _condition(self, pair: Pair) -> Iterator[Found]:
        yield from self._whole(pair, "if")
        if "if" in pair.old and "if" in pair.new:
            for key in ("then", "else"):
                yield from self._keyword(pair, key)

    def _reference(self, pair: Pair) -> Iterator[Found]:
        before, after = pair.stated("$ref")
        if not isinstance(before, str) or not isinstance(after, str):
            yield from wording.of_presence(pair, "$ref")
        elif (before, after) not in self._references:
            self._references.add((before, after))
            self._open.add((before, after))
            old = at_pointer(self._old_whole, before)
            new = at_pointer(self._new_whole, after)
            yield from self.schema(old, new, f"{pair.place}/$ref")
            self._open.discard((before, after))


def _same(old: JsonObject, new: JsonObject) -> bool:
    return schema_text(old) == schema_text(new)
