"""Parts of an overlay that match nothing in its document: a typo, or a field that was removed.

An overlay adds rules to fields that exist. Without this check, a misspelt name would create a field
of its own, and the rule would apply to nothing.

Rules:

- If the document lists the fields of an object, any other name is a stray. If it lists none, the
  overlay may add some.
- A schema that applies to the same value (``if``, ``anyOf``, ...) is about the same fields.
- A null removes a key, so the key must exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .jsontext import pointer
from .keywords import MANY_SCHEMAS, NAMED_SCHEMAS, ONE_SCHEMA
from .names import LONGEST

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from .jsontext import JsonObject

#: Keywords whose schemas apply to the same value as the schema that contains them.
_IN_PLACE = frozenset(["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"])


def strays(document: JsonObject, overlay: JsonObject) -> Iterator[tuple[str, str]]:
    """Yield (pointer, message) for each part of *overlay* that *document* has no match for."""
    yield from _removals(document, overlay, "")
    for key in ("input_schema", "output_schema"):
        old, new, place = document.get(key), overlay.get(key), f"/{key}"
        if isinstance(old, dict) and old.keys() == {"output"}:  # RunComfy's wrapper
            old, new, place = old["output"], _member(new, "output"), f"{place}/output"
        for at, message in _names(old, new, place, None):
            # The dialect pass reports a required list with unknown names for every document.
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
    """Yield (pointer, message) for each name in *overlay*, or inside it, that is not a field.

    Args:
        document: The schema that *overlay* patches, or any other value if there is none.
        overlay: The schema in the overlay. If it is not a schema, another pass reports that.
        place: The pointer of *overlay*.
        outer: The fields that the enclosing schemas list for the same value, if any of them does.
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
    """Yield each field name that *schema* itself mentions, with its pointer."""
    if isinstance(properties := schema.get("properties"), dict):
        for name, one in properties.items():
            if one is not None:  # a removal has a message of its own
                yield pointer("properties", name), name
    if isinstance(required := schema.get("required"), list):
        for i, name in enumerate(required):
            if isinstance(name, str):
                yield f"/required/{i}", name


def _inside(schema: JsonObject) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the schemas directly inside *schema*, with the parts of their pointers."""
    for key in ONE_SCHEMA:
        if key in schema:
            yield (key,), schema[key]
    for key in MANY_SCHEMAS:
        if isinstance(listed := schema.get(key), list):
            # A patch replaces a whole list, so no key leads into the old one.
            yield from (((key, str(i)), one) for i, one in enumerate(listed))
    for key in NAMED_SCHEMAS:
        if isinstance(named := schema.get(key), dict):
            yield from (((key, name), one) for name, one in named.items())


def _member(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _meant(name: str, known: Collection[str]) -> str:
    """Return a "did you mean" for the one of *known* that resembles *name*, or an empty string."""
    # Imported here because it is needed only for an error message.
    from difflib import get_close_matches  # noqa: PLC0415

    near = get_close_matches(name, known, n=1) if len(name) <= LONGEST else []
    return f"; did you mean {near[0]!r}?" if near else ""
