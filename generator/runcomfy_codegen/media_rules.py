"""The grammar of a ``validations`` entry: a metric, an operator, a number, and a message.

A rule that isn't understood is an error at its place, and is never dropped. An unchecked rule would
mean a job that is paid for and fails (docs/contract.md, "Input schemas").
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from .ir import MediaRule, Text
from .jsontext import pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .ir import MediaKind


class Metric(NamedTuple):
    """A quantity that a rule can limit.

    Attributes:
        before: The text before a limit, such as "width ".
        unit: The text after a limit, such as " pixels".
        always: The kinds of media for which the client always measures it.
        with_extra: The kinds of media for which the client needs the extra "video" to measure it.
    """

    before: str
    unit: str
    always: frozenset[MediaKind]
    with_extra: frozenset[MediaKind] = frozenset()


_EACH: frozenset[MediaKind] = frozenset(["image", "video", "audio"])
_IMAGE: frozenset[MediaKind] = frozenset(["image"])
_VIDEO: frozenset[MediaKind] = frozenset(["video"])
_NONE: frozenset[MediaKind] = frozenset()

#: Every metric, by its name in the schemas. ``runcomfy_core.media.rules`` measures them.
METRICS: Mapping[str, Metric] = {
    "file_size_mb": Metric("", " MB", _EACH),
    "width_pixels": Metric("width ", " pixels", _IMAGE, _VIDEO),
    "height_pixels": Metric("height ", " pixels", _IMAGE, _VIDEO),
    "width/height": Metric("width to height ", "", _IMAGE, _VIDEO),
    "duration_seconds": Metric("", " s", _NONE, _EACH - _IMAGE),
    "fps": Metric("", " frames a second", _NONE, _VIDEO),
}

_RULE = re.compile(r"(?P<metric>.*?)\s*(?P<operator>[<>]=?)\s*")
_KEYS = ("validation_rule", "validation_value", "validation_error")


def parse_rules(
    validations: object, place: str, error: Callable[[str, str], None]
) -> tuple[MediaRule, ...]:
    """Parse the value of a ``validations`` keyword at the pointer *place*.

    Invalid rules are reported to *error* as (pointer, message) and left out.
    """
    if not isinstance(validations, list):
        error(place, "validations is not a list")
        return ()
    entries = cast("list[object]", validations)
    rules = (_parse_rule(entry, place + pointer(i), error) for i, entry in enumerate(entries))
    return tuple(rule for rule in rules if rule is not None)


def _parse_rule(entry: object, place: str, error: Callable[[str, str], None]) -> MediaRule | None:
    if not isinstance(entry, dict) or set(cast("dict[str, Any]", entry)) != set(_KEYS):
        error(place, f"a validation has exactly the keys {', '.join(_KEYS)}")
        return None
    rule, limit, words = (cast("dict[str, Any]", entry)[key] for key in _KEYS)
    match = _RULE.fullmatch(rule) if isinstance(rule, str) else None
    if match is None:
        error(f"{place}/validation_rule", f"{rule!r} is not a metric and one of < > <= >=")
        return None
    if match["metric"] not in METRICS:
        known = ", ".join(METRICS)
        error(f"{place}/validation_rule", f"unknown metric {match['metric']!r}; known are {known}")
        return None
    if isinstance(limit, bool) or not isinstance(limit, int | float):
        error(f"{place}/validation_value", f"{limit!r} is not a number")
        return None
    if not isinstance(words, str):
        error(f"{place}/validation_error", f"{words!r} is not a string")
        return None
    operator = cast('Literal["<", ">", "<=", ">="]', match["operator"])
    return MediaRule(match["metric"], operator, limit, Text(words))
