"""A field's limits, media rules and default, in words for people who read a docstring or a page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from .media_rules import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .ir import Constraint, Field, MediaRule, Shape
    from .jsontext import JsonValue

#: The length to which a sample or default is shortened, since it only gives the reader an idea.
_SHOWN = 72

#: Bounds that are stated together: the rule of the lower one, of the upper one, and the unit.
_RANGES = (
    ("minimum", "maximum", ""),
    ("minLength", "maxLength", " character"),
    ("minItems", "maxItems", " item"),
)

#: Other rules that fit in a sentence. Rules in neither table are visible only in the validator.
_LIMITS = {
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "format": "a text of the format {}",
}

_OPERATORS = {">": "over", ">=": "at least", "<": "under", "<=": "up to"}

#: The text before a limit that applies to both width and height.
_SIDES = "sides "


def facts(field: Field) -> list[str]:
    """Return the facts that a schema states about *field* besides its description, in sentences."""
    said = list(_media_rules(field.shape))
    if limits := ", ".join(_limits(field.shape)):
        said.insert(0, f"{limits[0].upper()}{limits[1:]}.")
    if field.default not in (None, "", [], {}):
        what = "Sample, never sent" if field.required else "Server's default"
        said.append(f"{what}: {_shown(field.default)}.")
    return said


def _limits(shape: Shape) -> Iterator[str]:
    yield from _bounds(shape.constraints)
    if shape.items is not None:
        yield from (f"each {words}" for words in _bounds(shape.items.constraints))
    if shape.media is not None:
        yield f"{'an' if shape.media[0] in 'ai' else 'a'} {shape.media} file"
    if shape.items is not None and shape.items.media is not None:
        yield f"{shape.items.media} files"


def _bounds(constraints: Iterable[Constraint]) -> Iterator[str]:
    limits = {one.rule: one.limit for one in constraints}
    for least, most, unit in _RANGES:
        if least in limits or most in limits:
            yield _range(limits.get(least), limits.get(most), unit)
    for rule, limit in limits.items():
        if rule == "uniqueItems":
            yield "no item twice" if limit else "items may repeat"
        elif rule in _LIMITS and (rule, limit) != ("format", "uri"):  # the description says URL
            yield _LIMITS[rule].format(_number(limit))


def _range(least: JsonValue, most: JsonValue, unit: str) -> str:
    last = least if most is None else most
    units = unit if last == 1 or not unit else f"{unit}s"
    if most is None:
        return f"at least {_number(least)}{units}"
    if least is None or (unit and least == 0):
        return f"at most {_number(most)}{units}"
    return f"{_number(most) if least == most else f'{_number(least)} to {_number(most)}'}{units}"


class _Told(NamedTuple):
    """Media rules of one metric, in words.

    Attributes:
        metric: What is measured.
        limits: Such as "over 384 and under 5,000 pixels".
    """

    metric: str
    limits: str

    def __str__(self) -> str:
        if self.metric == _SIDES:
            return f"{_SIDES}{self.limits}"
        return f"{METRICS[self.metric].before}{self.limits}"


def _media_rules(shape: Shape) -> Iterator[str]:
    """Yield what a media field's files must be like, by when that is looked at."""
    kind = (shape.items.media if shape.items else shape.media) or "image"
    each = "Each" if shape.items else "The file:"
    rules = list(shape.media_rules)
    for when, metrics in (
        ("", [name for name, one in METRICS.items() if kind in one.always]),
        (
            ' (checked with the extra "video", else by the server)',
            [name for name, one in METRICS.items() if kind in one.with_extra],
        ),
        (" (checked by the server)", list(METRICS)),
    ):
        some = [one for one in rules if one.metric in metrics]
        if some:
            yield f"{each} {', '.join(map(str, _told(some)))}{when}."
            rules = [one for one in rules if one not in some]


def _told(rules: Sequence[MediaRule]) -> list[_Told]:
    """Say *rules* by metric; width and height in one where the same holds for both."""
    told: dict[str, str] = {}
    for rule in rules:
        bound = f"{_OPERATORS[rule.operator]} {_number(rule.limit)}"
        told[rule.metric] = f"{told[rule.metric]} and {bound}" if rule.metric in told else bound
    if told.get("width_pixels") is not None and told["width_pixels"] == told.get("height_pixels"):
        told = {
            _SIDES if metric == "width_pixels" else metric: limits
            for metric, limits in told.items()
            if metric != "height_pixels"
        }
    units = {metric: one.unit for metric, one in METRICS.items()} | {_SIDES: " pixels"}
    return [_Told(metric, limits + units[metric]) for metric, limits in told.items()]


def _number(value: JsonValue) -> str:
    """Return a limit as people write it: 5,000, and 2147483647 as 2,147,483,647."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


def _shown(value: JsonValue) -> str:
    """Return *value* as JSON, with long strings shortened."""
    return json.dumps(_cut(value), ensure_ascii=False)


def _cut(value: JsonValue) -> JsonValue:
    if isinstance(value, str) and len(value) > _SHOWN:
        return f"{value[:_SHOWN]}…"
    return [_cut(item) for item in value] if isinstance(value, list) else value
