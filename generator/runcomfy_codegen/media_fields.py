"""Where an input holds media: found in its shape, and in the types of its fields.

A media format (docs/contract.md, "Input schemas") says of a string that it names a file. For the
caller such a field takes the file itself as well; for the client it is a place to look at before
anything is paid for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import attrs

from .ir import ListOf, MediaField, MediaFile, Scalar, Union

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .ir import MediaKind, MediaRule, Shape, Type

    Place: TypeAlias = tuple[str | int | None, ...]


class RecursiveMediaError(Exception):
    """Media stand inside a schema that holds itself, so their places have no end."""

    def __init__(self, reference: str) -> None:
        self.reference = reference
        super().__init__(reference)


def media_fields(
    shape: Shape,
    rules: Mapping[str, tuple[MediaRule, ...]],
    references: Mapping[str, Shape],
) -> tuple[MediaField, ...]:
    """Return the places of all media in an input, each once, in the order of its fields.

    Args:
        shape: The input's.
        rules: The media rules of a field, by its name in JSON.
        references: The shape behind each ``$ref``.

    Raises:
        RecursiveMediaError: Their number has no end.
    """
    kinds: dict[Place, dict[MediaKind, None]] = {}
    for place, kind in _places(shape, (), references, ()):
        kinds.setdefault(place, {})[kind] = None
    return tuple(
        MediaField(
            place, next(iter(some)) if len(some) == 1 else None, rules.get(str(place[0]), ())
        )
        for place, some in kinds.items()
    )


def _places(
    shape: Shape, place: Place, references: Mapping[str, Shape], inside: tuple[str, ...]
) -> Iterator[tuple[Place, MediaKind]]:
    """Yield each place of media below *place*, where *shape* holds."""
    if shape.media is not None:
        yield place, shape.media
    for step, one in _below(shape):
        yield from _places(one, (*place, *step), references, inside)
    if (reference := shape.reference) is None:
        return
    if reference in inside:
        if _has_media(references[reference], references, frozenset()):
            raise RecursiveMediaError(reference)
        return
    yield from _places(references[reference], place, references, (*inside, reference))


def _has_media(shape: Shape, references: Mapping[str, Shape], seen: frozenset[str]) -> bool:
    if shape.media is not None:
        return True
    if any(_has_media(one, references, seen) for _, one in _below(shape)):
        return True
    reference = shape.reference
    return (
        reference is not None
        and reference not in seen
        and _has_media(references[reference], references, seen | {reference})
    )


def _below(shape: Shape) -> Iterator[tuple[Place, Shape]]:
    """Yield the shapes that *shape* applies, each with the step to where it applies.

    ``not``, ``if`` and ``contains`` only ask; what they ask of is stated elsewhere.
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
    """Return *type_* with files in the place of texts that name media, as *shape* says."""
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
