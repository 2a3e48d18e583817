"""Tests of whether the keywords of a schema follow from known facts; one for each keyword group.

A test answers yes only if it has a proof. It looks at one part of the new schema, and passes
questions about the schemas inside that part back to the search (narrowing.py).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias, cast

import attrs

from .canonical import data_text, schema_text
from .facts import Part, facts_of, joined, name_matches
from .limits import LEAST, LOWER, MOST, UPPER

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..jsontext import JsonObject, JsonValue
    from .facts import Facts

_LIMITS = (*LOWER, *UPPER, *LEAST, *MOST, "multipleOf")
_NUMBERS = frozenset({"integer", "fraction"})


@attrs.frozen
class Question:
    """The question whether each value that fits an old schema fits a part of a new one.

    Attributes:
        known: The facts that the old schema states.
        old: The old schema.
        part: The part of the new schema, an object.
        keeps: Answers the same question about two other schemas.
    """

    known: Facts
    old: Part
    part: Part
    keeps: Callable[[Part, Part], bool]

    @property
    def new(self) -> JsonObject:
        """The part of the new schema, as a plain schema."""
        return cast("JsonObject", self.part.schema)

    def before(self, schema: JsonValue) -> Part:
        """Return *schema*, which is inside the old schema, as a part of it."""
        return Part(schema, self.old.root)

    def after(self, schema: JsonValue) -> Part:
        """Return *schema*, which is inside the new schema, as a part of it."""
        return Part(schema, self.part.root)


#: A function that tells whether a group of keywords follows.
Test: TypeAlias = "Callable[[Question], bool]"


def same(old: Part, new: Part) -> bool:
    """Tell whether the schemas state the same rules, word for word."""
    text = schema_text(old.schema)
    if text != schema_text(new.schema):
        return False
    # The meaning of a reference depends on the root schema. A field that is named $ref also takes
    # this path, which is harmless.
    return '"$ref"' not in text or schema_text(old.root) == schema_text(new.root)


def _types(it: Question) -> bool:
    return it.known.kinds <= facts_of(it.after(_picked(it.new, "type"))).kinds


def _values(it: Question) -> bool:
    lists = [it.new["enum"]] if "enum" in it.new else []
    lists += [[it.new["const"]]] if "const" in it.new else []
    return not lists or (
        it.known.values is not None
        and all(
            {data_text(one) for one in it.known.values} <= {data_text(one) for one in members}
            for members in lists
        )
    )


def _limits(it: Question) -> bool:
    for keyword in _LIMITS:
        kind = {**LEAST, **MOST}.get(keyword)
        concerned = it.known.kinds & _NUMBERS if kind is None else kind in it.known.kinds
        if keyword in it.new and concerned and not it.known.rules.imply(keyword, it.new[keyword]):
            return False
    return True


def _strings(it: Question) -> bool:
    if "string" not in it.known.kinds:
        return True
    for keyword in ("pattern", "format"):
        if keyword in it.new and it.new[keyword] not in it.known.stated(keyword):
            texts = [one for one in it.known.values or () if isinstance(one, str)]
            listed = it.known.values is not None and keyword == "pattern"
            if not (listed and all(re.search(it.new[keyword], one) for one in texts)):
                return False
    return True


def _items(it: Question) -> bool:
    if "array" not in it.known.kinds:
        return True
    most = min((cast("int", one) for one in it.known.stated("maxItems")), default=None)
    if it.new.get("uniqueItems") and not (
        True in it.known.stated("uniqueItems") or (most is not None and most <= 1)
    ):
        return False
    lengths = [len(cast("list[JsonValue]", one)) for one in it.known.stated("prefixItems")]
    own = cast("list[JsonValue]", it.new.get("prefixItems", []))
    others = it.new.get("items", True)
    # The position after the longest prefix represents all later ones.
    count = max([len(own), *lengths]) + 1
    return all(
        it.keeps(it.before(it.known.item(i)), it.after(own[i] if i < len(own) else others))
        for i in range(count if most is None else min(count, most))
    )


def _contains(it: Question) -> bool:
    if "array" not in it.known.kinds or "contains" not in it.new:
        return True
    asked = it.after(it.new["contains"])
    needs_least, needs_most = it.new.get("minContains", 1) > 0, "maxContains" in it.new
    for one in it.known.schemas:
        if "contains" in one:
            stated = it.before(one["contains"])
            if one.get("minContains", 1) >= it.new.get("minContains", 1):
                needs_least = needs_least and not it.keeps(stated, asked)
            if needs_most and one.get("maxContains", float("inf")) <= it.new["maxContains"]:
                needs_most = not it.keeps(asked, stated)
    return not (needs_least or needs_most)


def _fields(it: Question) -> bool:
    if "object" not in it.known.kinds:
        return True
    named = cast("dict[str, JsonValue]", it.new.get("properties", {}))
    patterns = cast("dict[str, JsonValue]", it.new.get("patternProperties", {}))
    pairs = [(it.known.field(name), one) for name, one in named.items()]
    for pattern, one in patterns.items():
        names = (name for name in it.known.names | named.keys() if name_matches(pattern, name))
        pairs += [(it.known.field(name), one) for name in names]
        pairs.append((it.known.other_field((), matching=pattern), one))
    if (others := it.new.get("additionalProperties", True)) is not True:
        pairs += [
            (it.known.field(name), others)
            for name in it.known.names - named.keys()
            if not any(name_matches(pattern, name) for pattern in patterns)
        ]
        pairs.append((it.known.other_field(patterns), others))
    if "propertyNames" in it.new:
        text: JsonValue = {"type": "string"}
        pairs.append((joined([text, *it.known.stated("propertyNames")]), it.new["propertyNames"]))
    return all(it.keeps(it.before(a), it.after(b)) for a, b in pairs)


def _presence(it: Question) -> bool:
    if "object" not in it.known.kinds:
        return True
    if not set(it.new.get("required", ())) <= it.known.required:
        return False
    for name, needed in cast("dict[str, list[str]]", it.new.get("dependentRequired", {})).items():
        given = it.known.required | {name}
        for one in it.known.stated("dependentRequired"):
            given |= set(cast("JsonObject", one).get(name, ()))
        if not set(needed) <= given:
            return False
    for name, one in cast("JsonObject", it.new.get("dependentSchemas", {})).items():
        inner = [
            cast("JsonObject", stated).get(name, True)
            for stated in it.known.stated("dependentSchemas")
        ]
        there: JsonValue = {"type": "object", "required": [name]}
        if not it.keeps(it.before(joined([*it.known.schemas, *inner, there])), it.after(one)):
            return False
    return True


def _alternatives(it: Question) -> bool:
    for keyword in ("anyOf", "oneOf"):
        asked = it.after(_picked(it.new, keyword))
        if keyword not in it.new or any(
            same(it.before({keyword: one}), asked) for one in it.known.stated(keyword)
        ):
            continue
        # Nothing can be proved about oneOf: if an alternative becomes wider, two may fit at once.
        if keyword == "oneOf" or not any(
            it.keeps(it.old, it.after(one)) for one in it.new["anyOf"]
        ):
            return False
    return True


def _negated(it: Question) -> bool:
    if "not" not in it.new:
        return True
    refused = it.after(it.new["not"])
    if not facts_of(refused).kinds & it.known.kinds:
        return True
    # The roles are swapped here: each value that "not" refuses now must have been refused before.
    return any(it.keeps(refused, it.before(one)) for one in it.known.stated("not"))


def _conditional(it: Question) -> bool:
    if "if" not in it.new:
        return True
    matching = [
        one
        for one in it.known.schemas
        if "if" in one and same(it.before(one["if"]), it.after(it.new["if"]))
    ]
    return all(
        keyword not in it.new
        or it.keeps(
            it.before(joined([*it.known.schemas, *(one.get(keyword, True) for one in matching)])),
            it.after(it.new[keyword]),
        )
        for keyword in ("then", "else")
    )


def _picked(schema: JsonObject, *keywords: str) -> JsonObject:
    return {key: schema[key] for key in keywords if key in schema}


#: All tests. ``$ref`` and ``allOf`` need none, because their schemas are parts themselves.
TESTS: tuple[Test, ...] = (
    _types,
    _values,
    _limits,
    _strings,
    _items,
    _contains,
    _fields,
    _presence,
    _alternatives,
    _negated,
    _conditional,
)
