"""Descriptions of the changes of one schema's own keywords, each with its apparent effect.

An added rule or a moved limit appears to refuse something. Whether it really does is decided by a
proof elsewhere (inputs.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import attrs

from ..jsontext import pointer, same
from .canonical import WORDS, data_text, schema_text
from .changes import MISSING, Effect, Found, Missing, shown
from .facts import Part, facts_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..jsontext import JsonObject, JsonValue
    from .changes import Stated


@attrs.frozen
class Pair:
    """A schema before and after the change, and its pointer."""

    old: JsonObject
    new: JsonObject
    place: str

    def stated(self, key: str) -> tuple[Stated, Stated]:
        """Return the old and the new value of the keyword *key*."""
        return self.old.get(key, MISSING), self.new.get(key, MISSING)

    def picked(self, keys: tuple[str, ...]) -> tuple[JsonObject, JsonObject]:
        """Return the old and the new schema reduced to the keywords *keys*."""
        before = {key: self.old[key] for key in keys if key in self.old}
        return before, {key: self.new[key] for key in keys if key in self.new}


def of_words(pair: Pair) -> Iterator[Found]:
    """Yield the changes of titles, descriptions and similar text, and of order."""
    for key in WORDS:
        yield from of_value(pair, key, Effect.WORDS, key.removeprefix("$"))
    before, after = pair.stated("enum")
    if isinstance(before, list) and isinstance(after, list):
        texts = [data_text(one) for one in before], [data_text(one) for one in after]
        if texts[0] != texts[1] and sorted(texts[0]) == sorted(texts[1]):
            yield Found(f"{pair.place}/enum", Effect.WORDS, "enum reordered", before, after)
    names = tuple(list(one.get("properties", {})) for one in (pair.old, pair.new))
    common = set(names[0]) & set(names[1])
    if [one for one in names[0] if one in common] != [one for one in names[1] if one in common]:
        yield Found(f"{pair.place}/properties", Effect.WORDS, "fields reordered", *names)


def of_default(pair: Pair, *, was_sample: bool, sample: bool) -> Iterator[Found]:
    """Yield the change of the server's default; a required field has only a sample."""
    before, after = pair.stated("default")
    place = f"{pair.place}/default"
    if sample:
        yield from of_value(pair, "default", Effect.WORDS, "sample")
    elif isinstance(after, Missing):
        if not isinstance(before, Missing) and not was_sample:
            what = f"server's default {shown(before)} is stated no more"
            yield Found(place, Effect.MEANS, what, before)
    elif isinstance(before, Missing) or was_sample:
        # Compatible: either every call set the field, or calls without it were promised nothing.
        if isinstance(before, Missing) or not same(before, after):
            what = f"server's default stated: {shown(after)}"
            yield Found(place, Effect.KEEPS, what, before, after)
    elif not same(before, after):
        what = f"server's default changed from {shown(before)} to {shown(after)}"
        yield Found(place, Effect.MEANS, what, before, after)


def of_type(pair: Pair) -> Iterator[Found]:
    """Yield the change of the type."""
    before, after = pair.stated("type")
    kinds = [facts_of(Part(_typed(one), {})).kinds for one in (before, after)]
    place, names = f"{pair.place}/type", (_type_words(before), _type_words(after))
    if kinds[0] == kinds[1]:
        return
    what = "narrowed" if kinds[1] < kinds[0] else "widened" if kinds[0] < kinds[1] else "changed"
    effect = Effect.KEEPS if what == "widened" else Effect.REFUSES
    yield Found(place, effect, f"type {what} from {names[0]} to {names[1]}", before, after)


def of_enum(pair: Pair) -> Iterator[Found]:
    """Yield the values that an enum lost and gained."""
    before, after = pair.stated("enum")
    place = f"{pair.place}/enum"
    if not isinstance(before, list) or not isinstance(after, list):
        yield from of_presence(pair, "enum")
        return
    old, new = ({data_text(one): one for one in it} for it in (before, after))
    for text in old.keys() - new.keys():
        yield Found(place, Effect.REFUSES, f"enum lost {shown(old[text])}", before, after)
    for text in new.keys() - old.keys():
        yield Found(place, Effect.KEEPS, f"enum gained {shown(new[text])}", before, after)


def of_required(pair: Pair) -> Iterator[Found]:
    """Yield the fields that are newly required, and those that are no longer required."""
    before, after = (cast("list[str]", one.get("required", [])) for one in (pair.old, pair.new))
    fields = [cast("JsonObject", one.get("properties", {})) for one in (pair.old, pair.new)]
    for name in set(after) ^ set(before):
        added = name in after
        effect = Effect.REFUSES if added else Effect.KEEPS
        what = "is newly required" if added else "is required no more"
        place = pair.place + pointer("properties", name)
        if name in fields[0] and name in fields[1]:
            yield Found(place, effect, what, not added, added)
        elif added and name in fields[1]:
            yield Found(place, effect, "required field added", MISSING, fields[1][name])
        elif added or name not in fields[0]:  # the removal of a field is reported elsewhere
            place = f"{pair.place}/required"
            yield Found(place, effect, f"{shown(name)} {what}", not added, added)


def of_limit(pair: Pair, key: str, *, kept: bool) -> Iterator[Found]:
    """Yield the change of a limit; *kept* if every value that passed the old rules passes it."""
    before, after = pair.stated(key)
    if isinstance(before, Missing) or isinstance(after, Missing):
        yield from of_presence(pair, key)
    elif not same(before, after):
        what = "relaxed" if kept else "narrowed"
        effect = Effect.KEEPS if kept else Effect.REFUSES
        words = f"{key} {what} from {shown(before)} to {shown(after)}"
        yield Found(f"{pair.place}/{key}", effect, words, before, after)


def of_presence(pair: Pair, key: str, rule: str = "") -> Iterator[Found]:
    """Yield that *key* was added, removed or changed; a change counts as if it refused something.

    Args:
        pair: The schema that has it.
        key: The keyword, or another name in the schema.
        rule: Its name in the description, if that differs from *key*.
    """
    before, after = pair.stated(key)
    place, rule = pair.place + pointer(key), rule or key
    if isinstance(before, Missing) and not isinstance(after, Missing):
        yield Found(place, Effect.REFUSES, f"{rule} added{_value(after)}", before, after)
    elif isinstance(after, Missing) and not isinstance(before, Missing):
        yield Found(place, Effect.KEEPS, f"{rule} removed{_value(before)}", before, after)
    elif not (isinstance(before, Missing) or isinstance(after, Missing)) and not same(
        before, after
    ):
        words = f"{rule} changed from {shown(before)} to {shown(after)}"
        yield Found(place, Effect.REFUSES, words, before, after)


def of_value(pair: Pair, key: str, effect: Effect, name: str) -> Iterator[Found]:
    """Yield that *key*, described as *name*, was added, removed or changed."""
    before, after = pair.stated(key)
    what = ""
    if isinstance(before, Missing) or isinstance(after, Missing):
        what = "removed" if isinstance(after, Missing) else "added"
    elif not same(before, after):
        what = "changed"
    if what and before is not after:
        yield Found(pair.place + pointer(key), effect, f"{name} {what}", before, after)


def _value(value: JsonValue) -> str:
    """Return a rule's value for the description; schemas are not shown."""
    listed = cast("list[JsonValue]", value) if isinstance(value, list) else [value]
    return "" if any(isinstance(one, dict) for one in listed) else f": {shown(value)}"


def _typed(stated: Stated) -> JsonValue:
    return True if isinstance(stated, Missing) else {"type": stated}


def _type_words(stated: Stated) -> str:
    if isinstance(stated, Missing):
        return "any"
    return " or ".join(cast("list[str]", stated)) if isinstance(stated, list) else str(stated)


def matched(old: list[JsonValue], new: list[JsonValue], *, in_order: bool) -> list[tuple[int, int]]:
    """Pair the schemas of two lists: by position, or first those that state the same rules.

    The remaining ones are paired only if both lists have the same number of them: then each was
    probably changed.
    """
    if in_order:
        return [(i, i) for i in range(min(len(old), len(new)))]
    places: dict[str, list[int]] = {}
    for j, one in enumerate(new):
        places.setdefault(schema_text(one), []).append(j)
    left: list[int] = []
    pairs: list[tuple[int, int]] = []
    for i, one in enumerate(old):
        if found := places.get(schema_text(one)):
            pairs.append((i, found.pop(0)))
        else:
            left.append(i)
    free = sorted(j for found in places.values() for j in found)
    return pairs + list(zip(left, free, strict=True)) if len(left) == len(free) else pairs
