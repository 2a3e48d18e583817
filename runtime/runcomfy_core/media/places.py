"""Finding the media in an input, which may be an ``Input`` or a dict in wire form."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

import attrs

from runcomfy_core.values.broken import at
from runcomfy_core.values.checks import is_array

from .rules import EACH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .rules import MediaField, Place


@attrs.frozen
class Found:
    """A value of a media field, of any type.

    Attributes:
        path: The value's JSON pointer.
        field: The field's place and rules.
        value: The value that the user passed.
    """

    path: str
    field: MediaField
    value: object


def find(fields: Iterable[MediaField], value: object) -> Iterator[Found]:
    """Yield the values of media *fields* in an input. Fields that are left out are skipped."""
    for field in fields:
        for path, found in _follow(value, field.place, ""):
            yield Found(path, field, found)


def _follow(value: object, place: Place, path: str) -> Iterator[tuple[str, object]]:
    if not place:
        yield path, value
        return
    step, rest = place[0], place[1:]
    for name, inner in _steps(value, step):
        yield from _follow(inner, rest, at(path, name))


def _steps(value: object, step: str | int | None) -> Iterator[tuple[str | int, object]]:
    """Yield the values that *step* leads to, with the last part of their pointers."""
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, object]", value)
        if step is EACH:
            yield from fields.items()
        elif isinstance(step, str) and step in fields:
            yield step, fields[step]
    elif is_array(value):
        if step is EACH:
            yield from enumerate(value)
        elif isinstance(step, int) and step < len(value):
            yield step, value[step]
    elif isinstance(step, str):
        kind: type = type(value)
        names = _names(kind)
        if step in names:
            yield step, getattr(value, names[step])


@functools.cache
def _names(kind: type) -> Mapping[str, str]:
    """Return the attributes of an attrs class by their names in JSON; none for other classes."""
    if not attrs.has(kind):
        return {}
    return {field.metadata.get("wire", field.name): field.name for field in attrs.fields(kind)}
