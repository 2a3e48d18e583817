"""The check of references: each leads to a schema of the same document, and there aren't too many.

Cycles, and how often references are followed, are checked in :mod:`runcomfy_codegen.costs`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .jsontext import JsonValue

#: How many schemas one input, or one output, may contain, and how many it may refer to.
MOST_SCHEMAS = 10_000

#: How many different schemas may be referred to. A chain of references can be as long as this.
MOST_TARGETS = 200


def check_references(
    schemas: Mapping[str, JsonValue], error: Callable[[str, str], None], root: str
) -> bool:
    """Report references that lead nowhere, or to too many schemas.

    Args:
        schemas: Every schema of the document, by its pointer.
        error: Called with a pointer and a message.
        root: The pointer that ``#`` stands for.

    Returns:
        Whether every reference leads to a schema.
    """
    sound = True
    for place, schema in schemas.items():
        if isinstance(schema, dict) and isinstance(target := schema.get("$ref"), str):
            sound = sound and target.startswith("#")
            # The check of keywords reports references that aren't local pointers.
            if target.startswith("#") and resolve(target, root) not in schemas:
                error(f"{place}/$ref", f"{target!r} refers to no schema here")
                sound = False
    if sound:
        _check_copies(schemas, error, root)
    return sound


def _check_copies(
    schemas: Mapping[str, JsonValue], error: Callable[[str, str], None], root: str
) -> None:
    """Report if the targets of references, together with the schemas inside them, are too many."""
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
    """Yield *place* and the pointers of everything that contains it."""
    while place:
        yield place
        place = place.rpartition("/")[0]


def resolve(reference: str, root: str) -> str:
    """Return the pointer that the local *reference*, a URI fragment, stands for."""
    return root + unquote(reference.removeprefix("#"))
