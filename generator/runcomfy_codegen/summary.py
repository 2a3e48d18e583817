"""One sentence that says what a model makes from which inputs, derived from its schema.

"Makes a video of 3 to 15 s from a prompt and a first frame; a last frame may be given."
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from .ir import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .ir import Field, MediaKind, Model, Shape

_MADE = {"image": "a picture", "video": "a video", "audio": "audio"}
_GIVEN = {"image": "picture", "video": "video", "audio": "audio file"}

#: Uncountable nouns, which take no article: "an audio" is not English.
_UNCOUNTED = frozenset({"audio", "reference audio"})


class _Given(NamedTuple):
    """An input that the sentence names."""

    words: str
    required: bool


def summary(model: Model) -> Text:
    """Return the sentence, whose nouns are the titles of the fields."""
    given = list(_given(sorted(model.input.fields, key=_rank)))
    needed = [one.words for one in given if one.required]
    extra = [one.words for one in given if not one.required]
    made = _MADE[model.endpoint.output_kind] + _length(model)
    sentence = f"Makes {made}"
    if needed:
        sentence += f" from {_joined(needed)}"
        sentence += f"; {_joined(extra)} may be given" if extra else ""
    elif extra:
        sentence += f" from {_joined(extra, 'or')}"
    return Text(f"{sentence}.")


def _rank(field: Field) -> int:
    """Return a sort key for the order in the sentence: text first, a last frame at the end."""
    if _kind(field.shape) is None:
        return 0
    return 2 if _title(field, "").startswith("last") else 1


def _given(fields: Iterable[Field]) -> Iterator[_Given]:
    """Yield the prompt and the media inputs; numbered fields are combined into one."""
    numbered: dict[str, list[Field]] = {}
    for field in fields:
        kind = _kind(field.shape)
        if field.wire in {"prompt", "lyrics", "tags"}:
            words = {"prompt": "a prompt", "lyrics": "lyrics", "tags": "style tags"}[field.wire]
            yield _Given(words, field.required)
        elif kind is not None and (name := re.fullmatch(r"(.+?)_?\d+", field.wire)):
            numbered.setdefault(name[1], []).append(field)
        elif kind is not None:
            yield _Given(_noun(field, kind), field.required)
    for series in numbered.values():
        kind = _kind(series[0].shape) or "image"
        title = re.sub(r"\s*\d+$", "", _title(series[0], _GIVEN[kind]))
        if len(series) == 1:
            yield _Given(_counted(title), series[0].required)
        else:
            # Numbered fields act like one list, which is required if any of them is.
            yield _Given(f"up to {len(series)} {title}s", any(one.required for one in series))


def _noun(field: Field, kind: MediaKind) -> str:
    is_list = field.shape.items is not None
    title = _title(field, f"{_GIVEN[kind]}s" if is_list else _GIVEN[kind])
    if not is_list:
        return _counted(title)
    most = _limit(field.shape, "maxItems")
    return f"up to {most} {title}" if most is not None and title not in _UNCOUNTED else title


def _counted(title: str) -> str:
    if title in _UNCOUNTED:
        return title
    return f"{'an' if title[0] in 'aeiou' else 'a'} {title}"


def _title(field: Field, otherwise: str) -> str:
    """Return the field's title in lower case, or *otherwise* if it is not English."""
    title = field.title.words.strip()
    if not title or not title.isascii():
        return otherwise
    return title[0].lower() + title[1:]


def _kind(shape: Shape) -> MediaKind | None:
    return shape.items.media if shape.items is not None else shape.media


def _length(model: Model) -> str:
    """Return the durations that a caller can request, such as " of 3 to 15 s"."""
    if model.endpoint.output_kind == "image":
        return ""
    field = next((one for one in model.input.fields if one.wire == "duration"), None)
    if field is None:
        return ""
    seconds = _seconds(field)
    if not seconds:
        return ""
    least, most = min(seconds), max(seconds)
    if least == most:
        return f" of {least:g} s"
    return f" of {least:g} to {most:g} s"


def _seconds(field: Field) -> list[float]:
    """Return the durations that the schema lists, or the lowest and highest that it allows."""
    if field.shape.choice is not None:
        listed = [str(one) for one in field.shape.choice.members]
        return [float(one) for one in listed if re.fullmatch(r"\d+(\.\d+)?", one)]
    bounds = [_limit(field.shape, rule) for rule in ("minimum", "maximum")]
    return [bound for bound in bounds if bound is not None] if None not in bounds else []


def _limit(shape: Shape, rule: str) -> float | None:
    for constraint in shape.constraints:
        if constraint.rule == rule and isinstance(constraint.limit, int | float):
            return constraint.limit
    return None


def _joined(words: list[str], last: str = "and") -> str:
    *first, end = dict.fromkeys(words)
    return f"{', '.join(first)} {last} {end}" if first else end
