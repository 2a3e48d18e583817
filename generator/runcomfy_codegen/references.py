"""References inside a schema: each leads to a schema, and none leads back without a step down.

A cycle through ``properties`` or ``items`` is a recursive type, which is fine: each turn goes a
level deeper into a finite value. A cycle through ``$ref``, ``allOf`` and their like stays at the
same value, and checking it would never end. Without a cycle it would end, but ten references to ten
that refer to ten are a thousand checks of one value, so their number is limited.
"""

from __future__ import annotations

import graphlib
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote

from .jsontext import DEEPEST, pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .jsontext import JsonObject, JsonValue

#: How many schemas one input, or one output, may hold, or refer to.
MOST_SCHEMAS = 10_000

#: How many different ones may be referred to; a chain of them may be as long as there are.
MOST_TARGETS = 200

#: How many of them may be applied to one and the same value.
MOST_IN_PLACE = 5_000

#: Keywords whose schemas are applied to the very value that their own schema is applied to.
_IN_PLACE_ONE = ("not", "if", "then", "else")
_IN_PLACE_MANY = ("allOf", "anyOf", "oneOf")


def check_references(
    schemas: Mapping[str, JsonValue], error: Callable[[str, str], None], root: str
) -> None:
    """Report references that lead nowhere, back to where they stand, or to far too much.

    Args:
        schemas: Every schema of the document, by its pointer.
        error: Takes a pointer and a message.
        root: The pointer that ``#`` stands for.
    """
    sound = True
    for place, schema in schemas.items():
        if isinstance(schema, dict) and isinstance(target := schema.get("$ref"), str):
            sound = sound and target.startswith("#")
            # What is no local pointer was reported with the keywords.
            if target.startswith("#") and resolve(target, root) not in schemas:
                error(f"{place}/$ref", f"{target!r} refers to no schema here")
                sound = False
    if sound:
        _check_copies(schemas, error, root)
        _check_in_place(schemas, error, root)


def _check_copies(
    schemas: Mapping[str, JsonValue], error: Callable[[str, str], None], root: str
) -> None:
    """Report when the schemas that are referred to, each taken with all inside it, are too many."""
    targets = {
        resolve(schema["$ref"], root)
        for schema in schemas.values()
        if isinstance(schema, dict) and isinstance(schema.get("$ref"), str)
    }
    if len(targets) > MOST_TARGETS:
        error(root, f"refers to {len(targets)} different schemas; {MOST_TARGETS} are the most")
    copies = sum(len(targets.intersection(_above(place))) for place in schemas) if targets else 0
    if copies > MOST_SCHEMAS:
        error(root, f"refers to more than {MOST_SCHEMAS} schemas, those inside others included")


def _above(place: str) -> Iterator[str]:
    """Yield *place* and the pointers of all that it stands in."""
    while place:
        yield place
        place = place.rpartition("/")[0]


def _check_in_place(
    schemas: Mapping[str, JsonValue], error: Callable[[str, str], None], root: str
) -> None:
    """Report cycles; and schemas that apply too many others, or too deep, to the same value."""
    # What is no schema was reported with the keywords, and has no place.
    inner = {
        place: [at for at in _in_place(place, one, root) if at in schemas]
        for place, one in schemas.items()
    }
    try:
        order = list(graphlib.TopologicalSorter(inner).static_order())
    except graphlib.CycleError as cycle:
        for place in sorted(set(cycle.args[1])):
            stated = schemas[place]
            if isinstance(stated, dict) and "$ref" in stated:
                error(f"{place}/$ref", "refers back to itself without going into the value")
        return
    sizes: dict[str, int] = {}
    depths: dict[str, int] = {}
    for place in order:
        sizes[place] = 1 + sum(sizes[one] for one in inner[place])
        depths[place] = 1 + max((depths[one] for one in inner[place]), default=0)
        if sizes[place] > MOST_IN_PLACE:
            error(place, f"applies more than {MOST_IN_PLACE} schemas to the same value")
        elif depths[place] > DEEPEST:
            error(place, f"refers on and on: {DEEPEST} schemas inside each other are the most")
        if sizes[place] > MOST_IN_PLACE or depths[place] > DEEPEST:
            sizes[place] = depths[place] = 1  # said once, where it begins


def resolve(reference: str, root: str) -> str:
    """Return the pointer that the local *reference*, a URI's fragment, stands for."""
    return root + unquote(reference.removeprefix("#"))


def _in_place(place: str, schema: JsonValue, root: str) -> Iterator[str]:
    if not isinstance(schema, dict):
        return
    if isinstance(target := schema.get("$ref"), str):
        yield resolve(target, root)
    for key in _IN_PLACE_ONE:
        if key in schema:
            yield f"{place}/{key}"
    for key in _IN_PLACE_MANY:
        listed: object = schema.get(key)
        count = len(cast("list[object]", listed)) if isinstance(listed, list) else 0
        yield from (f"{place}/{key}/{i}" for i in range(count))
    if isinstance(named := schema.get("dependentSchemas"), dict):
        yield from (place + pointer("dependentSchemas", name) for name in cast("JsonObject", named))
