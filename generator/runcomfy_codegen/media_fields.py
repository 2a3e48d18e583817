"""The places where an input holds media, found in its shape and in the types of its fields.

A media format (docs/contract.md, "Input schemas") says that a string names a file. The caller may
pass the file itself in such a field, and the client checks the file before anything is paid for.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, TypeAlias

import attrs

from .ir import ListOf, MediaField, MediaFile, Scalar, Union

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .ir import MediaKind, MediaRule, Shape, Type

    Place: TypeAlias = tuple[str | int | None, ...]


#: At how many places an input may hold media. Each is checked before a job is paid for.
MOST_PLACES = 1_000


class MediaPlacesError(Exception):
    """An input holds media at too many places, or at endlessly many.

    Attributes:
        reference: The reference that causes it; empty for the input as a whole.
        reason: What is wrong.
    """

    def __init__(self, reference: str, reason: str) -> None:
        self.reference = reference
        self.reason = reason
        super().__init__(reason)


def media_fields(
    shape: Shape,
    rules: Mapping[str, tuple[MediaRule, ...]],
    references: Mapping[str, Shape],
) -> tuple[MediaField, ...]:
    """Return the places of all media in an input, each once, in the order of its fields.

    Args:
        shape: The shape of the input.
        rules: The media rules of each field, by its name in JSON.
        references: The shape of each ``$ref``'s target.

    Raises:
        MediaPlacesError: The number of places is infinite, or over :data:`MOST_PLACES`.
    """
    places = _Places(references)
    kinds: dict[Place, dict[MediaKind, None]] = {}
    for place, kind in itertools.islice(places.of(shape, (), ()), MOST_PLACES + 1):
        kinds.setdefault(place, {})[kind] = None
    if places.found > MOST_PLACES:
        raise MediaPlacesError("", f"holds media at more than {MOST_PLACES} places")
    return tuple(
        MediaField(
            place, next(iter(some)) if len(some) == 1 else None, rules.get(str(place[0]), ())
        )
        for place, some in kinds.items()
    )


class _Places:
    """The places of media, found by a walk that skips shapes without media."""

    def __init__(self, references: Mapping[str, Shape]) -> None:
        self._references = references
        self._with_media = _with_media(references)
        self.found = 0

    def of(
        self, shape: Shape, place: Place, inside: tuple[str, ...]
    ) -> Iterator[tuple[Place, MediaKind]]:
        """Yield each place of media at or below *place*, which has the given *shape*."""
        if shape.media is not None:
            self.found += 1
            yield place, shape.media
        for step, one in _below(shape):
            yield from self.of(one, (*place, *step), inside)
        reference = shape.reference
        if reference is None or reference not in self._with_media:
            return
        if reference in inside:
            words = "holds media and refers to itself; media need places that can be told"
            raise MediaPlacesError(reference, words)
        yield from self.of(self._references[reference], place, (*inside, reference))


def _with_media(references: Mapping[str, Shape]) -> set[str]:
    """Return the references that lead to media, directly or through other references."""
    found = {name for name, shape in references.items() if _holds_media(shape)}
    users: dict[str, set[str]] = {}
    for name, shape in references.items():
        for used in _refers(shape):
            users.setdefault(used, set()).add(name)
    pending = list(found)
    while pending:
        new = users.get(pending.pop(), set()) - found
        found |= new
        pending += new
    return found


def _holds_media(shape: Shape) -> bool:
    return shape.media is not None or any(_holds_media(one) for _, one in _below(shape))


def _refers(shape: Shape) -> Iterator[str]:
    if shape.reference is not None:
        yield shape.reference
    for _, one in _below(shape):
        yield from _refers(one)


def _below(shape: Shape) -> Iterator[tuple[Place, Shape]]:
    """Yield the shapes that *shape* applies, each with the step to the place where it applies.

    ``not``, ``if`` and ``contains`` are left out. They only test a value, and another keyword
    states whether the value names media.
    """
    for i, one in enumerate(shape.prefix):
        yield (i,), one
    yield from (((None,), one) for one in (shape.items, shape.additional) if one is not None)
    for _, one in shape.patterns:
        yield (None,), one
    for name, one in shape.properties:
        yield (name,), one
    for one in (*shape.all_of, *shape.any_of, *shape.one_of):
        yield (), one
    for _, one in shape.dependent:
        yield (), one
    if shape.condition is not None:
        branches = (shape.condition.then, shape.condition.otherwise)
        yield from (((), branch) for branch in branches if branch is not None)


def with_files(type_: Type, shape: Shape) -> Type:
    """Return *type_* with media files in place of the strings that *shape* says name media."""
    match type_:
        case Scalar("str"):
            return MediaFile() if shape.media is not None else type_
        case ListOf(item):
            return type_ if shape.items is None else ListOf(with_files(item, shape.items))
        case Union(members):
            alternatives = (shape, *shape.any_of, *shape.one_of)
            return attrs.evolve(
                type_, members=tuple(_first_changed(one, alternatives) for one in members)
            )
        case _:
            return type_


def _first_changed(type_: Type, alternatives: tuple[Shape, ...]) -> Type:
    made = (with_files(type_, one) for one in alternatives)
    return next((one for one in made if one != type_), type_)
