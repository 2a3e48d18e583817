"""The intermediate representation of a model: frozen, complete, and free of Python source.

Rules:

- Text from a schema is a :class:`Text`. No template can print it directly; it reaches the output
  through a filter for the place where it lands (a docstring, a literal, a comment).
- Values from a schema (limits, enum members, samples) are JSON values, and are printed as literals.
- Names are safe Python names, made by :mod:`runcomfy_codegen.names`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .jsontext import JsonObject, JsonValue

MediaKind: TypeAlias = Literal["image", "video", "audio"]
ScalarName: TypeAlias = Literal["str", "int", "float", "bool", "None", "object"]


@attrs.frozen
class Text:
    """Text from a schema, which is not trusted."""

    words: str

    def __bool__(self) -> bool:
        return bool(self.words)

    def __str__(self) -> str:
        raise TypeError("schema text needs a filter of its place: docstring, literal or comment")


@attrs.frozen
class Scalar:
    """A type with a name in Python, such as ``str``."""

    name: ScalarName


@attrs.frozen
class Choice:
    """One of a few values.

    Attributes:
        name: The alias that the module declares for it, such as ``ImageSize``.
        members: The values, in the schema's order.
    """

    name: str
    members: tuple[JsonValue, ...]


@attrs.frozen
class MediaFile:
    """A media file, given as its URL, its ``data:`` URI or the file itself."""


@attrs.frozen
class ListOf:
    """A list."""

    item: Type


@attrs.frozen
class Dictionary:
    """An object that may have any fields."""


@attrs.frozen
class Nested:
    """An object with known fields: an instance of a class in the module.

    Attributes:
        name: The name of the class.
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
        metric: The quantity that is measured, such as ``width_pixels``.
        operator: The comparison with the limit, exactly as the schema states it.
        limit: The limit.
        message: The schema's own message for a file that breaks the rule.
    """

    metric: str
    operator: Literal["<", ">", "<=", ">="]
    limit: int | float
    message: Text


@attrs.frozen
class MediaField:
    """A place of an input that holds media, with the rules for the files there.

    Attributes:
        place: The path from the input: a field's name, an item's index, or None for each item of an
            array or each value of an object.
        kind: The kind of media; None if alternatives allow several kinds.
        rules: The media rules for each file there.
    """

    place: tuple[str | int | None, ...]
    kind: MediaKind | None
    rules: tuple[MediaRule, ...]


@attrs.frozen
class Condition:
    """The keyword ``if`` with its ``then`` and ``else``."""

    test: Shape
    then: Shape | None
    otherwise: Shape | None


@attrs.frozen
class Contains:
    """The keyword ``contains``: how many items of an array must fit a shape."""

    shape: Shape
    least: int
    most: int | None


@attrs.frozen
class Shape:
    """The rules for a JSON value; each attribute stands for one or a few keywords of JSON Schema.

    Attributes:
        never: Whether no value is allowed (the schema ``false``).
        types: The JSON types that are allowed; empty for any type.
        choice: The values that are allowed, if they are listed.
        constraints: Keywords with a limit, in the order in which they are checked.
        media: The kind of media that the value must name, if any.
        media_rules: The rules for that media; on an array they hold for each item.
        prefix: The shape of each of the first items of an array.
        items: The shape of all items after the prefix.
        properties: The shapes of an object's fields, by name.
        patterns: The shapes of fields whose name matches a regular expression in Python's dialect.
        additional: The shape of all other fields.
        names: The shape of the field names.
        required: Fields that must be present.
        dependent_required: Fields that must be present if a given field is.
        dependent: The shape of the object if a given field is present.
        reference: The pointer of a schema that also applies to the value.
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
        name: The name in Python.
        wire: The name in JSON.
        type: The type in Python.
        shape: The rules for the value in JSON.
        required: Whether the field must be given.
        nullable: Whether the value may be null.
        default: The server's default for an optional field, or a sample for a required one. None
            if the schema states neither.
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
    """The address of a model in the API.

    Attributes:
        model_id: The model's id, which follows ``/models/`` in the URL.
        output_kind: The kind of media of a bare URL in an output (docs/contract.md, "Outputs").
    """

    model_id: str
    output_kind: MediaKind


@attrs.frozen
class Model:
    """One module of the client.

    Attributes:
        source: The document's path below the schema folder.
        module: The module's path below ``models``.
        choices: Every :class:`Choice` of the input, in the order of its fields.
        classes: The classes for the objects inside the input; inner classes come first.
        together: The rules for the input as a whole, in addition to those for each field.
        references: The shape of each ``$ref``'s target, by its pointer.
        media: The places of the input that hold media, in the order of its fields.
        shared_output: Whether the model has no output schema and uses the shared ``Output``.
        schema: The input's standard JSON Schema, with its words.
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
    schema: JsonObject


@attrs.frozen
class Package:
    """The generated package.

    Attributes:
        name: The import name.
        modules: The path of each model's module below ``models``, by model id.
    """

    name: str
    modules: Mapping[str, tuple[str, ...]]
