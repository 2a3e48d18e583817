"""A sample input of a model: small, sound, and ours, since a schema's own samples are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runcomfy_codegen.ir import Field, Model, Shape

_PROMPTS = {
    "image-to-image": "Make it a winter evening, with snow on the roofs",
    "image-to-video": "The boat leaves the harbour while the sun rises",
    "video-to-video": "The same street in heavy rain, filmed from a car",
    "text-to-video": "A lighthouse in a storm, seen from a boat that rides the waves",
    "text-to-image": "A lighthouse on a cliff at dusk, painted in watercolour",
    "image-to-audio": "A calm voice says: The ferry leaves at noon.",
}
_TEXTS = {"tags": "folk, acoustic guitar, female voice, 90 bpm"}
_FILES = {"image": "png", "video": "mp4", "audio": "wav"}


def example(model: Model) -> Mapping[str, Any]:
    """Return an input with the required fields, and a prompt where the model takes one."""
    wanted = {field.wire for field in model.input.fields if field.required}
    wanted |= {"prompt"} | _one_of_several(model.together, wanted)
    fields = [field for field in model.input.fields if field.wire in wanted]
    return {field.wire: _value(field.wire, field, model) for field in fields}


def _one_of_several(shape: Shape, wanted: set[str]) -> set[str]:
    """Return the fields of the first alternative, where one of several must be there."""
    found: set[str] = set()
    for alternatives in (shape.any_of, shape.one_of):
        required = [set(one.required) for one in alternatives]
        if required and all(required) and not any(one <= wanted for one in required):
            found |= required[0]
    return found.union(*(_one_of_several(one, wanted) for one in shape.all_of))


def _value(name: str, field: Field, model: Model) -> Any:  # JSON of any kind
    categories = [one.words for one in model.categories]
    if name == "prompt":
        return next((_PROMPTS[one] for one in categories if one in _PROMPTS), "A quiet harbour")
    return _of_shape(name, field.shape)


def _of_shape(name: str, shape: Shape) -> Any:  # JSON of any kind
    if shape.choice is not None:
        return shape.choice.members[0]
    if shape.media is not None:
        stem = name.removesuffix("s").removesuffix("_url").replace("_", "-")
        return f"https://example.com/{stem}.{_FILES[shape.media]}"
    bounds = {one.rule: one.limit for one in shape.constraints}
    if "array" in shape.types:
        item = "" if shape.items is None else _of_shape(name, shape.items)
        least = bounds.get("minItems", 1)
        return [item] * max(1, least if isinstance(least, int) else 1)
    if "string" in shape.types:
        return _TEXTS.get(name, "A quiet harbour")
    if "boolean" in shape.types:
        return True
    return bounds.get("minimum", 1)
