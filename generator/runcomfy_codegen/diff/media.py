"""The changes of the media rules of an input's fields, which the server checks.

Among rules with the same metric and direction, only the tightest matters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..jsontext import pointer
from .changes import MISSING, Effect, Found
from .limits import Bound

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..ir import MediaRule

# Metrics that are whole numbers, so that "> 384" means "at least 385".
_WHOLE = frozenset({"width_pixels", "height_pixels"})


def media_changes(
    old: Mapping[str, Sequence[MediaRule]], new: Mapping[str, Sequence[MediaRule]], place: str
) -> Iterator[Found]:
    """Yield the changes of all fields' rules; *place* is the pointer of the input."""
    for field in sorted(old.keys() | new.keys()):
        where = place + pointer("properties", field, "validations")
        before, after = (_tightest(rules.get(field, ())) for rules in (old, new))
        for key in sorted(before.keys() | after.keys()):
            yield from _changes(before.get(key), after.get(key), where)


def _changes(old: MediaRule | None, new: MediaRule | None, place: str) -> Iterator[Found]:
    if old is None or new is None:
        if new is not None:
            what = f"media rule added: {_words(new)}"
            yield Found(place, Effect.REFUSES, what, MISSING, _words(new))
        if old is not None:
            what = f"media rule removed: {_words(old)}"
            yield Found(place, Effect.KEEPS, what, _words(old))
        return
    whole = old.metric in _WHOLE
    kept = _bound(old).implies(_bound(new), whole=whole)
    if not (kept and _bound(new).implies(_bound(old), whole=whole)):
        effect, what = (Effect.KEEPS, "relaxed") if kept else (Effect.REFUSES, "narrowed")
        words = f"media rule {what} from {_words(old)} to {_words(new)}"
        yield Found(place, effect, words, _words(old), _words(new))
    elif _words(old) != _words(new):
        words = f"media rule {_words(old)} written as {_words(new)}"
        yield Found(place, Effect.KEEPS, words, _words(old), _words(new))
    if old.message != new.message:
        words = f"message of the media rule on {new.metric} changed"
        yield Found(place, Effect.WORDS, words, old.message.words, new.message.words)


def _tightest(rules: Sequence[MediaRule]) -> dict[tuple[str, str], MediaRule]:
    found: dict[tuple[str, str], MediaRule] = {}
    for rule in rules:
        key = rule.metric, rule.operator[0]
        whole = rule.metric in _WHOLE
        if key not in found or not _bound(found[key]).implies(_bound(rule), whole=whole):
            found[key] = rule
    return found


def _bound(rule: MediaRule) -> Bound:
    sign = 1 if rule.operator[0] == ">" else -1
    return Bound(sign * rule.limit, strict="=" not in rule.operator)


def _words(rule: MediaRule) -> str:
    return f"{rule.metric} {rule.operator} {rule.limit!r}"
