"""Changes as text for people, JSON for machines, and Markdown for a changelog.

Rules:

- Text from a schema can't affect the program that shows it. Text and Markdown escape characters
  that don't print, Markdown also escapes its own syntax, and JSON is ASCII.
- The JSON format is stable (README, "Compare"): keys may be added, but never changed or removed. An
  absent value has no key.
"""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING, Any

from ..jsontext import unescaped
from .changes import Kind, Missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .changes import Change

#: The version of the JSON format.
SHAPE = 1

_MARKS = {Kind.BREAKING: "!", Kind.COMPATIBLE: "+", Kind.TEXTUAL: "~"}
_NONE = "no differences"
_SIDES = {"input_schema": "input", "output_schema": "output"}
# The characters that can begin markup, a link, a mention or HTML inside a line of Markdown.
_SYNTAX = re.compile(r"([\\`*_\[\]<>&|~#@!]|:(?=//))")


def as_text(changes: Sequence[Change]) -> str:
    """Return *changes* for people: by model, breaking ones first, then a line with the counts."""
    lines: list[str] = []
    for model_id, group in _by_model(changes):
        lines.append(model_id)
        lines += (f"  {_MARKS[one.kind]} {_printable(_line(one))}" for one in group)
    lines.append(_counts(changes) or _NONE)
    return "\n".join(lines)


def as_markdown(changes: Sequence[Change]) -> str:
    """Return *changes* for a changelog: a heading for each model, an entry for each change."""
    lines: list[str] = []
    for model_id, group in _by_model(changes):
        lines += [f"### {_escaped(model_id)}", ""]
        for one in group:
            mark = "**Breaking:** " if one.kind is Kind.BREAKING else ""
            lines.append(f"- {mark}{_escaped(_line(one))}")
        lines.append("")
    counts = _counts(changes) or _NONE
    return "\n".join([*lines, f"{counts[0].upper()}{counts[1:]}."])


def as_json(changes: Sequence[Change]) -> str:
    """Return *changes* as JSON for machines."""
    document = {
        "shape": SHAPE,
        "counts": {kind: _count(changes, kind) for kind in Kind},
        "changes": [_record(one) for one in changes],
    }
    return json.dumps(document, indent=2)


FORMATS: dict[str, Callable[[Sequence[Change]], str]] = {
    "text": as_text,
    "json": as_json,
    "markdown": as_markdown,
}


def _by_model(changes: Sequence[Change]) -> Iterator[tuple[str, Iterator[Change]]]:
    return itertools.groupby(changes, key=lambda one: one.model_id)


def _line(change: Change) -> str:
    where = _where(change.place)
    return f"{where}: {change.what}" if where else change.what


def _where(place: str) -> str:
    """Return *place* in readable form: ``input size.width``, ``input images[]``."""
    parts = [unescaped(part) for part in place.split("/")[1:]]
    if not parts or parts[0] not in _SIDES:
        return ""
    name, rest = "", parts[1:]
    while rest:
        if rest[0] == "properties" and len(rest) > 1:
            name, rest = f"{name}.{rest[1]}", rest[2:]
        elif rest[0] == "items":
            name, rest = f"{name}[]", rest[1:]
        else:
            break
    # The last part is the keyword, which the description of the change names already.
    inner = f" in {'/'.join(rest[:-1])}" if len(rest) > 1 else ""
    return f"{_SIDES[parts[0]]} {name.removeprefix('.')}".rstrip() + inner


def _counts(changes: Sequence[Change]) -> str:
    counts = ((kind, _count(changes, kind)) for kind in Kind)
    return ", ".join(f"{count} {kind}" for kind, count in counts) if changes else ""


def _count(changes: Sequence[Change], kind: Kind) -> int:
    return sum(one.kind is kind for one in changes)


def _record(change: Change) -> dict[str, Any]:
    record: dict[str, Any] = {
        "model_id": change.model_id,
        "kind": change.kind,
        "place": change.place,
        "field": change.field,
        "what": change.what,
    }
    values = {"old": change.old, "new": change.new}
    return record | {key: one for key, one in values.items() if not isinstance(one, Missing)}


def _printable(text: str) -> str:
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def _escaped(text: str) -> str:
    return _SYNTAX.sub(r"\\\1", _printable(text))
