"""What the templates may know of a model: frozen, complete, and free of Python source text.

Rules:

- Words from a schema are :class:`Text`, which no template can print as it is: they reach the
  output through a filter made for the place where they land.
- Values from a schema (limits, enum members, samples) are JSON values, printed as literals.
- Names are safe Python names, made by :mod:`runcomfy_codegen.names`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .jsontext import JsonValue

MediaKind: TypeAlias = Literal["image", "video", "audio"]
ScalarName: TypeAlias = Literal["str", "int", "float", "bool", "None", "object"]


@attrs.frozen
class Text:
    """Words that somebody else wrote."""

    words: str

    def __bool__(self) -> bool:
        return bool(self.words)

    def __str__(self) -> str:
        raise TypeError("schema text needs a filter of its place: docstring, literal or comment")


@attrs.frozen
class Scalar:
    """A type that Python has a name for."""

    name: ScalarName


@attrs.frozen
class Choice:
    """One of a few values.

    Attributes:
        name: The alias that the module declares for it, such as ``ImageSize``.
        members: What it may be, in the schema's order.
    """

    name: str
    members: tuple[JsonValue, ...]


@attrs.frozen
class MediaFile:
    """A file: its URL, its ``data:`` URI, or the file itself."""


@attrs.frozen
class ListOf:
    """A list."""

    item: Type


@attrs.frozen
class Dictionary:
    """An object of any fields."""


@attrs.frozen
class Nested:
    """An object with fields that are known: an instance of a class of the module.

    Attributes:
        name: The class.
    """

    name: str


@attrs.frozen
class Union:
    """Any of several types."""

    members: tuple[Type, ...]


Type: TypeAlias = Scalar | Choice | Dictionary | ListOf | MediaFile | Nested | Union


@attrs.frozen
class Constraint:
    """One keyword of JSON Schema with its limit, such as ``maxLength`` 1999."""

    rule: str
    limit: JsonValue


@attrs.frozen
class MediaRule:
    """One entry of a ``validations`` list (docs/contract.md, "Input schemas").

    Attributes:
        metric: What is measured, such as ``width_pixels``.
        operator: How it is compared; strict means strict.
        limit: With what.
        message: The schema's own words when it fails.
    """

    metric: str
    operator: Literal["<", ">", "<=", ">="]
    limit: int | float
    message: Text


@attrs.frozen
class MediaField:
    """Where an input holds media, and what they must be like.

    Attributes:
        place: The way to it from the input: a field's name, an item's index, None for each item
            of an array or each value of an object.
        kind: What it must be; None where alternatives allow several kinds.
        rules: What holds for each file there.
    """

    place: tuple[str | int | None, ...]
    kind: MediaKind | None
    rules: tuple[MediaRule, ...]


@attrs.frozen
class Condition:
    """``if``, and what then holds and what else."""

    test: Shape
    then: Shape | None
    otherwise: Shape | None


@attrs.frozen
class Contains:
    """How many items of an array must be of a shape."""

    shape: Shape
    least: int
    most: int | None


@attrs.frozen
class Shape:
    """What a JSON value must be; each attribute is a keyword of JSON Schema, or a few.

    Attributes:
        never: Nothing is allowed (the schema ``false``).
        types: JSON type names, any of which will do; empty for any type.
        choice: The values that are allowed, if they are listed.
        constraints: Keywords with a limit, in the order in which they are checked.
        media: What kind of media it must be, if any.
        media_rules: What that media must be like; on an array they hold for each item.
        prefix: What the first items of an array must be, each for itself.
        items: What each item after those must be.
        properties: What an object's fields must be, by name.
        patterns: The same by regular expression, in Python's dialect.
        additional: What all other fields must be.
        names: What the names must be.
        required: Fields that must be there.
        dependent_required: Fields that must be there when another is.
        dependent: What the object must be when a field is there.
        reference: The pointer of a schema that holds here as well.
    """

    never: bool = False
    types: tuple[str, ...] = ()
    choice: Choice | None = None
    constraints: tuple[Constraint, ...] = ()
    media: MediaKind | None = None
    media_rules: tuple[MediaRule, ...] = ()
    prefix: tuple[Shape, ...] = ()
    items: Shape | None = None
    contains: Contains | None = None
    properties: tuple[tuple[str, Shape], ...] = ()
    patterns: tuple[tuple[str, Shape], ...] = ()
    additional: Shape | None = None
    names: Shape | None = None
    required: tuple[str, ...] = ()
    dependent_required: tuple[tuple[str, tuple[str, ...]], ...] = ()
    dependent: tuple[tuple[str, Shape], ...] = ()
    all_of: tuple[Shape, ...] = ()
    any_of: tuple[Shape, ...] = ()
    one_of: tuple[Shape, ...] = ()
    negated: Shape | None = None
    condition: Condition | None = None
    reference: str | None = None


@attrs.frozen
class Field:
    """One field of an input or output.

    Attributes:
        name: Its Python name.
        wire: Its name in JSON.
        type: What it holds in Python.
        shape: What it must be in JSON.
        required: Whether it must be given.
        nullable: Whether null is a value of it.
        default: What the server takes when it is left out; for a required field a sample. None
            where the schema names none.
    """

    name: str
    wire: str
    type: Type
    shape: Shape
    required: bool
    nullable: bool
    title: Text
    description: Text
    default: JsonValue


@attrs.frozen
class Record:
    """An object with named fields."""

    title: Text
    description: Text
    fields: tuple[Field, ...]


@attrs.frozen
class Endpoint:
    """Where a model is called.

    Attributes:
        model_id: The id, as it stands in the URL after ``/models/``.
        output_kind: What a bare URL in an output is (docs/contract.md, "Outputs").
    """

    model_id: str
    output_kind: MediaKind


@attrs.frozen
class Model:
    """One module of the client.

    Attributes:
        source: The document's path below the schema folder.
        module: Where the module stands below ``models``.
        choices: Every :class:`Choice` of the input, in the order of its fields.
        classes: The classes of the objects inside the input, each after those that it holds.
        together: What holds for the input as a whole, beside what holds for each field.
        references: The shape behind each ``$ref``, by its pointer.
        media: Where the input holds media, in the order of its fields.
        shared_output: Whether the output is the one that all models without a schema for it have.
    """

    source: Text
    module: tuple[str, ...]
    endpoint: Endpoint
    display_name: Text
    categories: tuple[Text, ...]
    choices: tuple[Choice, ...]
    classes: tuple[tuple[str, Record], ...]
    input: Record
    together: Shape
    references: tuple[tuple[str, Shape], ...]
    media: tuple[MediaField, ...]
    output: Record
    shared_output: bool


@attrs.frozen
class Package:
    """The client.

    Attributes:
        name: Its import name.
        modules: Where each model's module stands below ``models``, by model id.
    """

    name: str
    modules: Mapping[str, tuple[str, ...]]
