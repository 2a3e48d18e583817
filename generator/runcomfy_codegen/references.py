"""References inside a schema: each leads to a schema of the same document, and not to too many.

Whether they lead back to themselves, and how often they are followed, is for
:mod:`runcomfy_codegen.costs` to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .jsontext import JsonValue

#: How many schemas one input, or one output, may hold, or refer to.
MOST_SCHEMAS = 10_000

#: How many different ones may be referred to; a chain of them may be as long as there are.
MOST_TARGETS = 200


def check_references(
    schemas: Mapping[str, JsonValue], error: Callable[[str, str], None], root: str
) -> bool:
    """Report references that lead nowhere, or to far too much.

    Args:
        schemas: Every schema of the document, by its pointer.
        error: Takes a pointer and a message.
        root: The pointer that ``#`` stands for.

    Returns:
        Whether all of them lead to a schema.
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
    return sound


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


def resolve(reference: str, root: str) -> str:
    """Return the pointer that the local *reference*, a URI's fragment, stands for."""
    return root + unquote(reference.removeprefix("#"))
