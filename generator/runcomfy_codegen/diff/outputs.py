"""The changes of an output's schema, from the view of code that reads answers.

Rules:

- An answer must still contain what the old schema promised: a removed field, a field that may now
  be missing, and a changed type are breaking.
- A change of limits, lists of values, patterns or formats is compatible. They promise nothing,
  because answers are read leniently and the client's types don't list values.
- The direction of the proof is the reverse of an input's: each answer that fits the new schema must
  fit the old one. If there is no proof, the change is breaking.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..jsontext import pointer, same
from ..keywords import KEYWORDS, MANY_SCHEMAS, NAMED_SCHEMAS, ONE_SCHEMA
from . import wording
from .canonical import WORDS
from .changes import MISSING, Effect, Found, Kind, Missing
from .facts import Part, facts_of
from .narrowing import Narrowing
from .wording import Pair

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..jsontext import JsonObject, JsonValue

# The keywords that code which reads answers depends on.
_READ = frozenset(
    {
        "type",
        "properties",
        "required",
        "items",
        "prefixItems",
        "additionalProperties",
        "patternProperties",
        "allOf",
        "anyOf",
        "oneOf",
        "$ref",
    }
)
_TOLD_APART = frozenset({"type", "properties", "required", "items", "$defs", "default"})


def output_changes(old: JsonObject, new: JsonObject, place: str) -> list[Found]:
    """List the changes from the output schema *old* to *new*, which are at the pointer *place*."""
    return list(_Walk(old, new).schema(old, new, place))


class _Walk:
    def __init__(self, old_whole: JsonObject, new_whole: JsonObject) -> None:
        self._wholes = old_whole, new_whole
        self._narrowing = Narrowing()

    def schema(self, old: JsonValue, new: JsonValue, place: str) -> Iterator[Found]:
        before, after = (one if isinstance(one, dict) else {} for one in (old, new))
        pair = Pair(before, after, place)
        yield from wording.of_words(pair)
        yield from wording.of_value(pair, "default", Effect.WORDS, "default")
        readable = self._readable(old, new)
        found = list(self._told(pair))
        yield from found
        if not readable and not any(one.effect.kind is Kind.BREAKING for one in found):
            what = "changed, and can't be shown to read as before"
            yield Found(place, Effect.MEANS, what, old, new)

    def _readable(self, old: JsonValue, new: JsonValue) -> bool:
        """Tell whether code that reads old answers can read each new one."""
        old_whole, new_whole = self._wholes
        return self._narrowing.keeps(Part(_view(new), new_whole), Part(_view(old), old_whole))

    def _told(self, pair: Pair) -> Iterator[Found]:
        yield from self._type(pair)
        yield from self._fields(pair)
        before, after = pair.stated("items")
        if not (isinstance(before, Missing) or isinstance(after, Missing)):
            yield from self.schema(before, after, f"{pair.place}/items")
        for name in set(pair.old.get("required", ())) ^ set(pair.new.get("required", ())):
            fields = pair.old.get("properties", {}), pair.new.get("properties", {})
            if all(name in one for one in fields):
                place = pair.place + pointer("properties", name)
                if name in pair.new.get("required", ()):
                    yield Found(place, Effect.KEEPS, "is always there", old=False, new=True)
                else:
                    yield Found(place, Effect.MEANS, "may be missing", old=True, new=False)
        for key in KEYWORDS:
            if key not in _TOLD_APART and key not in WORDS:
                yield from self._other(pair, key)

    def _type(self, pair: Pair) -> Iterator[Found]:
        for one in wording.of_type(pair):
            kept = self._readable(*pair.picked(("type",)))
            effect = Effect.KEEPS if kept else Effect.MEANS
            yield Found(one.place, effect, one.what, one.old, one.new)

    def _fields(self, pair: Pair) -> Iterator[Found]:
        before, after = (dict(one.get("properties", {})) for one in (pair.old, pair.new))
        for name in before.keys() | after.keys():
            place = pair.place + pointer("properties", name)
            if name not in after:
                yield Found(place, Effect.MEANS, "field gone", before[name])
            elif name not in before:
                yield Found(place, Effect.KEEPS, "field added", MISSING, after[name])
            else:
                yield from self.schema(before[name], after[name], place)

    def _other(self, pair: Pair, key: str) -> Iterator[Found]:
        """Describe the change of a keyword as a whole."""
        before, after = pair.picked((key,))
        if same(before, after):
            return
        effect = Effect.KEEPS if self._readable(before, after) else Effect.MEANS
        yield from wording.of_value(pair, key, effect, key)


def _view(schema: JsonValue) -> Any:
    """Return what readers of *schema* depend on; an answer may always have more fields."""
    if not isinstance(schema, dict):
        return schema
    made: JsonObject = {}
    for key, value in schema.items():
        if key not in _READ or value is False:
            continue
        if key in ONE_SCHEMA:
            made[key] = _view(value)
        elif key in MANY_SCHEMAS:
            made[key] = [_view(one) for one in value]
        elif key in NAMED_SCHEMAS:
            made[key] = {name: _view(one) for name, one in value.items()}
        else:
            made[key] = value
    listed: JsonObject = {key: schema[key] for key in ("enum", "const") if key in schema}
    if listed and "type" not in schema:
        kinds = facts_of(Part(listed, {})).kinds
        made["type"] = sorted("number" if one == "fraction" else one for one in kinds)
    return made
