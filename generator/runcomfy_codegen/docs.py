"""The docstrings of a generated module: a schema's words, and its limits in ours."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .ir import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .ir import Constraint, Field, MediaRule, Model, Record, Shape
    from .jsontext import JsonValue

#: A sample or default longer than this is shortened: it is there for orientation.
_SHOWN = 72

#: Rules of a schema that a line can say; the others stand in the validator.
_LIMITS = {
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "format": "a text of the format {}",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
}

#: What the runtime measures of a file of each kind, alone and with PyAV.
_PIXELS = ("width_pixels", "height_pixels", "width/height")
_MEASURED = {
    "image": ("file_size_mb", *_PIXELS),
    "video": ("file_size_mb",),
    "audio": ("file_size_mb",),
}
_MEASURED_WITH_EXTRA = {
    "image": (),
    "video": (*_PIXELS, "duration_seconds", "fps"),
    "audio": ("duration_seconds",),
}


def module_doc(model: Model) -> Text:
    """Return the docstring of a model's module."""
    categories = ", ".join(category.words for category in model.categories)
    about = f" ({categories})" if categories else ""
    return Text(f"{model.display_name.words}{about}.")


def input_doc(model: Model) -> Text:
    """Return the docstring of a model's ``Input``."""
    title, description = model.input.title.words.strip(), model.input.description.words.strip()
    first = f"An input of {model.display_name.words}{f' ({title})' if title else ''}."
    return Text("\n\n".join(filter(None, [first, description])))


def class_doc(record: Record) -> Text:
    """Return the docstring of the class of an object inside an input."""
    return Text(_words(record) or "An object inside an input.")


def field_doc(field: Field) -> Text:
    """Return the docstring of one field: the schema's words, a blank line, limits and default."""
    facts: list[str] = []
    if limits := "; ".join(_limits(field.shape)):
        facts.append(f"{limits[0].upper()}{limits[1:]}.")
    facts += _media_facts(field.shape)
    if field.default not in (None, "", [], {}):
        what = "Sample, never sent" if field.required else "Server's default"
        facts.append(f"{what}: {_shown(field.default)}.")
    return Text("\n\n".join(part for part in (_words(field), "\n".join(facts)) if part))


def _media_facts(shape: Shape) -> Iterator[str]:
    """Yield what is checked of a media field's files here, and what is left to the server."""
    kind = (shape.items.media if shape.items else shape.media) or "image"
    each = "Each file" if shape.items else "The file"
    words = {
        "checked before it is sent": _MEASURED[kind],
        'checked before it is sent with the extra "video", else left to the server': (
            _MEASURED_WITH_EXTRA[kind]
        ),
    }
    rules = list(shape.media_rules)
    for how, metrics in words.items():
        if some := [rule for rule in rules if rule.metric in metrics]:
            yield f"{each}, {how}: {', '.join(map(_rule, some))}."
            rules = [rule for rule in rules if rule not in some]
    if rules:
        yield f"{each}, left to the server: {', '.join(map(_rule, rules))}."


def _words(one: Field | Record) -> str:
    title, description = one.title.words.strip(), one.description.words.strip()
    if title and description:
        return f"{title}: {description}"
    return title or description


def _limits(shape: Shape) -> Iterator[str]:
    yield from filter(None, map(_limit, shape.constraints))
    if shape.items is not None:
        yield from (f"each {words}" for words in map(_limit, shape.items.constraints) if words)
    if shape.media is not None:
        yield f"{'an' if shape.media[0] in 'ai' else 'a'} {shape.media} file"
    if shape.items is not None and shape.items.media is not None:
        yield f"{shape.items.media} files"


def _limit(constraint: Constraint) -> str:
    if constraint.rule == "uniqueItems":
        return "no item twice" if constraint.limit else "items may repeat"
    if (constraint.rule, constraint.limit) == ("format", "uri"):
        return ""  # the field's own words say URL
    words = _LIMITS.get(constraint.rule, "").format(constraint.limit)
    return words.removesuffix("s") if constraint.limit == 1 and words.endswith("s") else words


def _rule(rule: MediaRule) -> str:
    return f"{rule.metric} {rule.operator} {rule.limit}"


def _shown(value: JsonValue) -> str:
    """Return *value* as JSON, with long texts cut short."""
    return json.dumps(_cut(value), ensure_ascii=False)


def _cut(value: JsonValue) -> JsonValue:
    if isinstance(value, str) and len(value) > _SHOWN:
        return f"{value[:_SHOWN]}…"
    return [_cut(item) for item in value] if isinstance(value, list) else value
