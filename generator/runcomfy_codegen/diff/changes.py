"""A change between two schema trees: its place, its kind, and its description.

Rules:

- A change is breaking unless it is proved harmless. A doubtful change is never called compatible.
- Changes have one order: by model, breaking ones first, then by place.
- ``what`` is our own wording, with values as shortened JSON. ``old`` and ``new`` hold the full
  values.
"""

from __future__ import annotations

import enum
import json
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from ..jsontext import unescaped

if TYPE_CHECKING:
    from ..jsontext import JsonValue

# The length to which a value in ``what`` is shortened.
_SHOWN = 60


class Kind(enum.StrEnum):
    """The effect of a change on callers of the model."""

    BREAKING = "breaking"
    COMPATIBLE = "compatible"
    TEXTUAL = "textual"


class Effect(enum.Enum):
    """The reason why a change has its kind."""

    #: A call that was valid can now be refused.
    REFUSES = Kind.BREAKING, 0
    #: The same call is accepted but means something else, or its answer can't be read as before.
    MEANS = Kind.BREAKING, 1
    #: Every call that was valid still is, and means the same.
    KEEPS = Kind.COMPATIBLE, 2
    #: Only wording changed, which no call depends on.
    WORDS = Kind.TEXTUAL, 3

    @property
    def kind(self) -> Kind:
        """The kind of a change that has this effect."""
        return self.value[0]


class Missing(enum.Enum):
    """The type of :data:`MISSING`. None can't mark an absent value, since it stands for null."""

    MISSING = enum.auto()


#: Marks the absence of a value.
MISSING: Literal[Missing.MISSING] = Missing.MISSING

Stated: TypeAlias = "JsonValue | Missing"


@attrs.frozen
class Change:
    """One difference between two schema trees.

    Attributes:
        model_id: The id of the model.
        place: A JSON pointer into the model's document in standard form, such as
            ``/input_schema/properties/prompt/maxLength``; empty for the model as a whole.
        kind: The effect on callers.
        what: The change in words.
        old: The value before, or :data:`MISSING`.
        new: The value after, or :data:`MISSING`.
    """

    model_id: str
    place: str
    kind: Kind
    what: str
    old: Stated = MISSING
    new: Stated = MISSING

    @property
    def field(self) -> str | None:
        """The wire name of the field that changed; None if the change concerns no single field."""
        parts = self.place.split("/")
        if len(parts) > 3 and parts[2] == "properties":  # noqa: PLR2004 - the parts are "", the side, the keyword and the name
            return unescaped(parts[3])
        return None


@attrs.frozen
class Found:
    """A change during the comparison. Its effect is more precise than a kind."""

    place: str
    effect: Effect
    what: str
    old: Stated = MISSING
    new: Stated = MISSING


def ordered(changes: list[Change]) -> tuple[Change, ...]:
    """Return *changes* by model, breaking ones first, then by place."""
    ranks = list(Kind)
    return tuple(
        sorted(changes, key=lambda one: (one.model_id, ranks.index(one.kind), one.place, one.what))
    )


def shown(value: JsonValue) -> str:
    """Return *value* as one line of JSON, shortened."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
