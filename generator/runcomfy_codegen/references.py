"""References inside a schema: each leads to a schema, and none leads back without a step down.

A cycle through ``properties`` or ``items`` is a recursive type, which is fine: each turn goes a
level deeper into a finite value. A cycle through ``$ref``, ``allOf`` and their like stays at the
same value, and checking it would never end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from urllib.parse import unquote

from .jsontext import pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .jsontext import JsonObject, JsonValue

#: Keywords whose schemas are applied to the very value that their own schema is applied to.
_IN_PLACE_ONE = ("not", "if", "then", "else")
_IN_PLACE_MANY = ("allOf", "anyOf", "oneOf")


def check_references(
    schemas: Mapping[str, JsonValue], error: Callable[[str, str], None], root: str
) -> None:
    """Report references that lead nowhere, and those that lead back to where they stand.

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
        for place in _cycles(schemas, root):
            error(f"{place}/$ref", "refers back to itself without going into the value")


def resolve(reference: str, root: str) -> str:
    """Return the pointer that the local *reference*, a URI's fragment, stands for."""
    return root + unquote(reference.removeprefix("#"))


def _cycles(schemas: Mapping[str, JsonValue], root: str) -> Iterator[str]:
    """Yield each reference that comes back to its own schema."""
    for start, schema in schemas.items():
        if not (isinstance(schema, dict) and "$ref" in schema):
            continue
        seen: set[str] = set()
        pending = [resolve(cast("str", schema["$ref"]), root)]
        while pending:
            place = pending.pop()
            if place == start:
                yield start
                break
            if place not in seen:
                seen.add(place)
                pending += _in_place(place, schemas[place], root)


def _in_place(place: str, schema: JsonValue, root: str) -> Iterator[str]:
    if not isinstance(schema, dict):
        return
    if "$ref" in schema:
        yield resolve(cast("str", schema["$ref"]), root)
    for key in _IN_PLACE_ONE:
        if key in schema:
            yield f"{place}/{key}"
    for key in _IN_PLACE_MANY:
        yield from (f"{place}/{key}/{i}" for i in range(len(schema.get(key, ()))))
    for name in cast("JsonObject", schema.get("dependentSchemas", {})):
        yield place + pointer("dependentSchemas", name)
