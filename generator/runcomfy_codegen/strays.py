"""What an overlay says of what its document doesn't have: a typo, or a field that is gone.

An overlay adds rules to the fields that there are. Merged all the same, a misspelt name would make
a field of its own, and the rule would hold for nothing.

Rules:

- Where the document lists the fields of an object, a name that is none of them is a stray. Where
  it lists none, the overlay may.
- A schema that is applied to the same value (``if``, ``anyOf``, ...) speaks of the same fields.
- A null removes, so there must be something to remove.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .jsontext import pointer
from .keywords import MANY_SCHEMAS, NAMED_SCHEMAS, ONE_SCHEMA
from .names import LONGEST

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from .jsontext import JsonObject

#: Keywords whose schemas are applied to the very value that their own schema is applied to.
_IN_PLACE = frozenset(["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"])


def strays(document: JsonObject, overlay: JsonObject) -> Iterator[tuple[str, str]]:
    """Yield what *overlay* says of what *document* doesn't have, as (pointer, message)."""
    yield from _removals(document, overlay, "")
    for key in ("input_schema", "output_schema"):
        old, new, place = document.get(key), overlay.get(key), f"/{key}"
        if isinstance(old, dict) and old.keys() == {"output"}:  # the house's wrapping
            old, new, place = old["output"], _member(new, "output"), f"{place}/output"
        for at, message in _names(old, new, place, None):
            # That a whole input or output requires what it lacks is said of every document.
            if not at.startswith(f"{place}/required/"):
                yield at, message


def _removals(document: object, overlay: JsonObject, place: str) -> Iterator[tuple[str, str]]:
    old = document if isinstance(document, dict) else {}
    for key, value in overlay.items():
        if value is None and key not in old:
            words = f"removes {key!r}, which the document doesn't have"
            yield place + pointer(key), words + _meant(key, old)
        elif isinstance(value, dict):
            yield from _removals(old.get(key), value, place + pointer(key))


def _names(
    document: object, overlay: object, place: str, outer: Collection[str] | None
) -> Iterator[tuple[str, str]]:
    """Yield names of fields, in the schema *overlay* and inside it, that are none.

    Args:
        document: The schema that it patches; anything else where there is none.
        overlay: The schema; what is none is reported by others.
        place: Its pointer.
        outer: The fields that the schemas around it list for the same value, if any does.
    """
    if not isinstance(overlay, dict):
        return
    own = _member(document, "properties")
    fields = outer
    if isinstance(own, dict):
        fields = {*own, *(outer or ())}
    if fields is not None:
        for at, name in _spoken_of(overlay):
            if name not in fields:
                words = f"{name!r} is no field of the document{_meant(name, fields)}"
                yield place + at, words
    for parts, inner in _inside(overlay):
        old = document
        for part in parts:
            old = _member(old, part)
        same = fields if parts[0] in _IN_PLACE else None
        yield from _names(old, inner, place + pointer(*parts), same)


def _spoken_of(schema: JsonObject) -> Iterator[tuple[str, str]]:
    """Yield each name of a field that *schema* itself speaks of, with its pointer."""
    if isinstance(properties := schema.get("properties"), dict):
        for name, one in properties.items():
            if one is not None:  # a removal has a message of its own
                yield pointer("properties", name), name
    if isinstance(required := schema.get("required"), list):
        for i, name in enumerate(required):
            if isinstance(name, str):
                yield f"/required/{i}", name


def _inside(schema: JsonObject) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the schemas right inside *schema*, with the parts of their pointers."""
    for key in ONE_SCHEMA:
        if key in schema:
            yield (key,), schema[key]
    for key in MANY_SCHEMAS:
        if isinstance(listed := schema.get(key), list):
            # A patch replaces a list whole, and no key leads into what was there.
            yield from (((key, str(i)), one) for i, one in enumerate(listed))
    for key in NAMED_SCHEMAS:
        if isinstance(named := schema.get(key), dict):
            yield from (((key, name), one) for name, one in named.items())


def _member(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _meant(name: str, known: Collection[str]) -> str:
    """Return a question after the one of *known* that is like *name*; nothing if none is."""
    # Here and not above: it is for those who erred.
    from difflib import get_close_matches  # noqa: PLC0415

    near = get_close_matches(name, known, n=1) if len(name) <= LONGEST else []
    return f"; did you mean {near[0]!r}?" if near else ""
