"""What a change between two schema trees is: where, of which kind, and in words.

Rules:

- Breaking is what can't be shown to be harmless: a doubtful change is never called compatible.
- Changes have one order: by model, breaking ones first, then by place.
- ``what`` is our own wording, in which values are shown as shortened JSON. ``old`` and ``new``
  hold them whole.
"""

from __future__ import annotations

import enum
import json
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from ..jsontext import unescaped

if TYPE_CHECKING:
    from ..jsontext import JsonValue

# A value in ``what`` is shortened to this many characters.
_SHOWN = 60


class Kind(enum.StrEnum):
    """What a change does to those who call the model."""

    BREAKING = "breaking"
    COMPATIBLE = "compatible"
    TEXTUAL = "textual"


class Effect(enum.Enum):
    """Why a change is of its kind."""

    #: A call that was sound can now be refused.
    REFUSES = Kind.BREAKING, 0
    #: It is taken, but means something else, or its answer can't be read as before.
    MEANS = Kind.BREAKING, 1
    #: Whatever was sound still is, and means the same.
    KEEPS = Kind.COMPATIBLE, 2
    #: It is about words, which no call depends on.
    WORDS = Kind.TEXTUAL, 3

    @property
    def kind(self) -> Kind:
        """The kind of a change that has this effect."""
        return self.value[0]


class Missing(enum.Enum):
    """The value of what is not there; null is a value."""

    MISSING = enum.auto()


#: Stands for a value where there is none.
MISSING: Literal[Missing.MISSING] = Missing.MISSING

Stated: TypeAlias = "JsonValue | Missing"


@attrs.frozen
class Change:
    """One difference between two schema trees.

    Attributes:
        model_id: The model.
        place: A JSON pointer into its document in standard form, such as
            ``/input_schema/properties/prompt/maxLength``; empty for the model as a whole.
        kind: What it does to callers.
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
        """The wire name of the field that it is about, unless it is about the whole."""
        parts = self.place.split("/")
        if len(parts) > 3 and parts[2] == "properties":  # noqa: PLR2004 - "", side, keyword, name
            return unescaped(parts[3])
        return None


@attrs.frozen
class Found:
    """A change while the comparison goes on; the effect is finer than a kind."""

    place: str
    effect: Effect
    what: str
    old: Stated = MISSING
    new: Stated = MISSING


def ordered(changes: list[Change]) -> tuple[Change, ...]:
    """Return *changes* in their one order."""
    ranks = list(Kind)
    return tuple(
        sorted(changes, key=lambda one: (one.model_id, ranks.index(one.kind), one.place, one.what))
    )


def shown(value: JsonValue) -> str:
    """Return *value* as JSON in one line of moderate length."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
