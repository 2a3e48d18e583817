"""Schemas that require a field which an object can't have, and so refuse every input.

An object is closed if it may have only the fields that are listed: the input itself, and an object
with ``additionalProperties: false``. A schema that requires another field there has a typo or was
written for another model. The requirement may be a plain ``required``, or it may be in ``allOf``,
``then``, ``dependentRequired`` or any other keyword that applies a schema to the same value.

Rules:

- A requirement that must hold, always or under a condition, and can't be met is an error at the
  name.
- It is a warning if something else may hold instead (another alternative of ``anyOf``), or if it
  only makes a rule pointless (below ``if`` and ``not``).
- Only names are examined. Limits and types that leave no value are reported by
  :mod:`runcomfy_codegen.contradictions`.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, NamedTuple, cast

from .jsontext import pointer, short
from .keywords import SAYS_NOTHING
from .patterns import compiled
from .references import resolve

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .jsontext import JsonObject, JsonValue


class Fault(NamedTuple):
    """A field that is required and can't be there.

    Attributes:
        place: The pointer to the requirement.
        message: What is wrong.
        is_error: Whether the rule refuses every input that it applies to.
    """

    place: str
    message: str
    is_error: bool


class _Verdict(enum.Enum):
    """Which objects fit a schema, as far as their field names tell."""

    NONE = enum.auto()
    SOME = enum.auto()
    ALL = enum.auto()


class _Judged(NamedTuple):
    """Which objects fit a schema, and what is wrong with the schema."""

    verdict: _Verdict
    faults: tuple[Fault, ...] = ()


class _Listed(NamedTuple):
    """The field names that one closed schema lists, and the patterns of other names it allows."""

    names: frozenset[str]
    patterns: tuple[str, ...] = ()

    def allows(self, name: str) -> bool:
        found = (compiled(pattern) for pattern in self.patterns)
        return name in self.names or any(one is None or one.search(name) for one in found)


class _Object(NamedTuple):
    """What is known about the object that a schema is applied to.

    Attributes:
        closed: What each closed schema that applies to the object lists.
        barred: Names whose schema is false.
        needed: Names that the object certainly has.
        is_sure: Whether the value can only be an object.
    """

    closed: tuple[_Listed, ...] = ()
    barred: frozenset[str] = frozenset()
    needed: frozenset[str] = frozenset()
    is_sure: bool = False

    def may_have(self, name: str) -> bool:
        return name not in self.barred and all(one.allows(name) for one in self.closed)

    def most(self) -> int | None:
        """Return how many fields the object can have, or None if patterns allow any number."""
        counts = [sum(map(self.may_have, one.names)) for one in self.closed if not one.patterns]
        return min(counts, default=None)


def faults(schemas: Mapping[str, JsonValue], root: str) -> list[Fault]:
    """Return the faults of the names in *schemas*, sorted by place.

    Args:
        schemas: Every schema of an input or output, by its pointer. Each reference leads to one of
            them, and none leads back to itself without going into the value.
        root: The pointer of the whole schema. It is closed: it allows only its own properties.
    """
    judge = _Judge(schemas, root)
    whole = schemas[root]
    listed = _Listed(frozenset(_named(whole, "properties")))
    found = list(judge.judged(root, _Object(closed=(listed,), is_sure=True)).faults)
    for place in _inside(schemas):
        if not _SPEAKING.isdisjoint(cast("JsonObject", schemas[place])):
            found += judge.judged(place, _Object()).faults
    # A fault behind a reference is found once for each use of it. An error outweighs a warning.
    graver: dict[tuple[str, str], bool] = {}
    for fault in found:
        key = fault.place, fault.message
        graver[key] = graver.get(key, False) or fault.is_error
    return [Fault(*key, is_error) for key, is_error in sorted(graver.items())]


#: How many schemas are judged. Faults beyond that are not reported.
_MOST_WORK = 100_000

#: Keywords that require names, or that apply schemas to the same value.
_SPEAKING = frozenset(
    [
        *("allOf", "anyOf", "oneOf", "not", "if", "$ref", "dependentSchemas"),
        *("required", "minProperties", "maxProperties", "dependentRequired", "enum", "const"),
    ]
)

#: Keywords that are judged here, or that make no difference.
_JUDGED = SAYS_NOTHING.union(
    ["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "$ref"],
    ["required", "dependentRequired", "dependentSchemas"],
)


def _inside(schemas: Mapping[str, JsonValue]) -> Iterator[str]:
    """Yield the places of schemas that are applied to parts of a value."""
    for place, schema in schemas.items():
        below = [pointer(key) for key in ("items", "contains", "additionalProperties")]
        for key in ("properties", "patternProperties"):
            below += (pointer(key, name) for name in _named(schema, key))
        below += (pointer("prefixItems", i) for i in range(_count(schema, "prefixItems")))
        for at in below:
            if isinstance(schemas.get(place + at), dict):
                yield place + at


class _Judge:
    """A judge of schemas, which judges each one once for everything known about its object."""

    def __init__(self, schemas: Mapping[str, JsonValue], root: str) -> None:
        self._schemas = schemas
        self._root = root
        self._known: dict[tuple[str, _Object], _Judged] = {}
        self._work = 0

    def judged(self, place: str, about: _Object) -> _Judged:
        """Judge the schema at *place*; *about* says what is known about its object."""
        place = self._behind(place)
        key = place, about
        if key not in self._known:
            members = list(self._members(place))
            self._work += len(members)
            if self._work > _MOST_WORK:
                return _Judged(_Verdict.SOME)
            about = _narrowed(about, [schema for _, schema in members])
            parts = [part for at, one in members for part in self._parts(at, one, about)]
            self._known[key] = _all_of(parts)
        return self._known[key]

    def _behind(self, place: str) -> str:
        """Return the target of the schema at *place* if it is only a reference to another."""
        while isinstance(schema := self._schemas.get(place), dict) and "$ref" in schema:
            if schema.keys() - SAYS_NOTHING != {"$ref"}:
                break
            place = resolve(schema["$ref"], self._root)
        return place

    def _members(self, place: str) -> Iterator[tuple[str, JsonValue]]:
        """Yield the schema at *place*, and all schemas that hold wherever it holds."""
        if place not in self._schemas:
            return  # a value that is not a schema was reported by the check of keywords
        schema = self._schemas[place]
        yield place, schema
        for i in range(_count(schema, "allOf")):
            yield from self._members(place + pointer("allOf", i))
        if isinstance(schema, dict) and "$ref" in schema:
            yield from self._members(resolve(schema["$ref"], self._root))

    def _parts(self, place: str, schema: JsonValue, about: _Object) -> Iterator[_Judged]:
        """Yield a verdict on each thing that *schema* says about an object."""
        if not isinstance(schema, dict):
            yield _Judged(_Verdict.NONE if schema is False else _Verdict.ALL)
            return
        if schema.keys() - _JUDGED:
            yield _Judged(_Verdict.SOME)
        yield from _required(place, schema, about)
        yield from _counts(place, schema, about)
        yield from _values(place, schema, about)
        for key in ("anyOf", "oneOf"):
            if count := _count(schema, key):
                inner = (place + pointer(key, i) for i in range(count))
                yield _any_of(key, [self.judged(one, about) for one in inner])
        if "not" in schema:
            yield _negated(f"{place}/not", self.judged(f"{place}/not", about))
        if "if" in schema:
            yield _condition(
                *(self.judged(f"{place}/{key}", about) for key in ("if", "then", "else"))
            )
        for name in _named(schema, "dependentRequired"):
            at = place + pointer("dependentRequired", name)
            yield _dependent(
                at, name, about, _all_of(_names(at, schema["dependentRequired"][name], about))
            )
        for name in _named(schema, "dependentSchemas"):
            at = place + pointer("dependentSchemas", name)
            yield _dependent(at, name, about, self.judged(at, about))


def _narrowed(about: _Object, schemas: Iterable[JsonValue]) -> _Object:
    """Return what is known about an object for which all of *schemas* hold."""
    closed, barred = list(about.closed), set(about.barred)
    needed, is_sure = set(about.needed), about.is_sure
    for schema in schemas:
        if not isinstance(schema, dict):
            continue
        if schema.get("additionalProperties") is False:
            names = frozenset(_named(schema, "properties"))
            closed.append(_Listed(names, tuple(_named(schema, "patternProperties"))))
        if isinstance(properties := schema.get("properties"), dict):
            barred |= {name for name, one in properties.items() if one is False}
        needed |= set(_texts(schema.get("required")))
        is_sure = is_sure or schema.get("type") == "object"
    return _Object(tuple(dict.fromkeys(closed)), frozenset(barred), frozenset(needed), is_sure)


def _names(place: str, names: JsonValue, about: _Object) -> Iterator[_Judged]:
    """Yield a verdict on each of the required *names*; *place* is the pointer to their list."""
    for i, name in enumerate(_texts(names)):
        if about.may_have(name):
            yield _Judged(_Verdict.SOME)
        else:
            what = "whose schema is false" if name in about.barred else "which is no property"
            yield _unmet(f"{place}/{i}", f"requires {short(name)}, {what}", about)


def _required(place: str, schema: JsonObject, about: _Object) -> Iterator[_Judged]:
    return _names(f"{place}/required", schema.get("required"), about)


def _counts(place: str, schema: JsonObject, about: _Object) -> Iterator[_Judged]:
    least, most = schema.get("minProperties"), about.most()
    if isinstance(least, int) and most is not None and least > most:
        words = f"asks for {least} fields, and there can be no more than {most}"
        yield _unmet(f"{place}/minProperties", words, about)
    most, needed = schema.get("maxProperties"), len(about.needed)
    if isinstance(most, int) and most < needed:
        words = f"allows no more than {most} fields, and {needed} are required"
        yield _unmet(f"{place}/maxProperties", words, about)


def _values(place: str, schema: JsonObject, about: _Object) -> Iterator[_Judged]:
    for key in ("const", "enum"):
        values = [schema[key]] if key == "const" and key in schema else schema.get(key)
        objects = [one for one in _listed(values) if isinstance(one, dict)]
        if objects and not any(all(map(about.may_have, one)) for one in objects):
            yield _unmet(f"{place}/{key}", "has names that are no property", about)


def _unmet(place: str, words: str, about: _Object) -> _Judged:
    """Judge a rule that no object meets; other values may meet it."""
    fault = Fault(place, words, is_error=True)
    return _Judged(_Verdict.NONE if about.is_sure else _Verdict.SOME, (fault,))


def _all_of(parts: Iterable[_Judged]) -> _Judged:
    parts = list(parts)
    verdicts = {part.verdict for part in parts}
    verdict = _Verdict.SOME if _Verdict.SOME in verdicts else _Verdict.ALL
    if _Verdict.NONE in verdicts:
        verdict = _Verdict.NONE
    return _Judged(verdict, tuple(fault for part in parts for fault in part.faults))


def _any_of(key: str, alternatives: list[_Judged]) -> _Judged:
    found = tuple(fault for one in alternatives for fault in one.faults)
    verdicts = {one.verdict for one in alternatives}
    if verdicts == {_Verdict.NONE}:
        return _Judged(_Verdict.NONE, found)
    always = key == "anyOf" and _Verdict.ALL in verdicts
    return _Judged(_Verdict.ALL if always else _Verdict.SOME, _doubtful(found))


def _negated(place: str, inner: _Judged) -> _Judged:
    found = _doubtful(inner.faults)
    if inner.verdict is _Verdict.ALL:
        # A schema that is plainly true or {} is there on purpose.
        always = Fault(place, "forbids what always holds", is_error=True)
        return _Judged(_Verdict.NONE, (*found, always) if found else ())
    return _Judged(_Verdict.ALL if inner.verdict is _Verdict.NONE else _Verdict.SOME, found)


def _condition(test: _Judged, then: _Judged, otherwise: _Judged) -> _Judged:
    held = [then, otherwise]
    if test.verdict is not _Verdict.SOME:
        held = [then if test.verdict is _Verdict.ALL else otherwise]
    verdicts = {one.verdict for one in held}
    found = (*_doubtful(test.faults), *(fault for one in held for fault in one.faults))
    return _Judged(verdicts.pop() if len(verdicts) == 1 else _Verdict.SOME, found)


def _dependent(place: str, name: str, about: _Object, inner: _Judged) -> _Judged:
    """Judge a rule that holds if an object has the field *name*."""
    if not about.may_have(name):
        unmet = Fault(place, f"depends on {short(name)}, which is no property", is_error=False)
        return _Judged(_Verdict.ALL, (unmet,))
    return _Judged(inner.verdict if name in about.needed else _Verdict.SOME, inner.faults)


def _doubtful(found: Iterable[Fault]) -> tuple[Fault, ...]:
    return tuple(fault._replace(is_error=False) for fault in found)


def _named(schema: JsonValue, key: str) -> Iterable[str]:
    named = schema.get(key) if isinstance(schema, dict) else None
    return cast("JsonObject", named) if isinstance(named, dict) else ()


def _count(schema: JsonValue, key: str) -> int:
    return len(_listed(schema.get(key))) if isinstance(schema, dict) else 0


def _texts(names: JsonValue) -> list[str]:
    return [name for name in _listed(names) if isinstance(name, str)]


def _listed(values: JsonValue) -> list[JsonValue]:
    return cast("list[JsonValue]", values) if isinstance(values, list) else []
