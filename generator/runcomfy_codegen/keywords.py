"""Every schema keyword that the generator takes, and what its value must be.

Rules:

- A keyword that is not in the table is an error at its place: datamodel-code-generator obeys
  some private ones (``customTypePath``, ``x-python-import``) that would let a schema choose an
  import in the output, so nothing unknown may get that far.
- A keyword stands where it has a meaning, for its ``type``, or not at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable

#: JSON type names that a schema may use, and the standard one that each stands for.
TYPES = {
    "string": "string",
    "integer": "integer",
    "number": "number",
    "float": "number",  # the house's word
    "boolean": "boolean",
    "array": "array",
    "object": "object",
    "null": "null",
}

#: Formats that a string may have, with what it names if that is media.
STRING_FORMATS = {"uri": None, "image_uri": "image", "video_uri": "video", "audio_uri": "audio"}

#: Formats that an array may have: each item then has the singular.
ARRAY_FORMATS = {"image_uris": "image_uri", "video_uris": "video_uri", "audio_uris": "audio_uri"}


def is_number(value: object) -> bool:
    """Tell whether *value* is a JSON number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_anything(_: object) -> bool:
    return True


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _is_choice(value: object) -> bool:
    return isinstance(value, list) and bool(value)


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _is_type(value: object) -> bool:
    names = cast("list[object]", value) if isinstance(value, list) else [value]
    return bool(names) and all(isinstance(name, str) and name in TYPES for name in names)


def _are_names(value: object) -> bool:
    if not isinstance(value, list):
        return False
    names = cast("list[object]", value)
    return all(isinstance(name, str) for name in names) and len(set(names)) == len(names)


_NUMBERS = ("integer", "number")
_ANY = ()

#: keyword → (what its value must be, in words; the test; the types that it constrains, if not any)
KEYWORDS: dict[str, tuple[str, Callable[[object], bool], tuple[str, ...]]] = {
    "type": (f"one of {', '.join(TYPES)}, or a list of them", _is_type, _ANY),
    "enum": ("a list of at least one value", _is_choice, _ANY),
    "const": ("a value", _is_anything, _ANY),
    "minimum": ("a number", is_number, _NUMBERS),
    "maximum": ("a number", is_number, _NUMBERS),
    "exclusiveMinimum": ("a number", is_number, _NUMBERS),
    "exclusiveMaximum": ("a number", is_number, _NUMBERS),
    "minLength": ("a whole number from 0", _is_count, ("string",)),
    "maxLength": ("a whole number from 0", _is_count, ("string",)),
    "format": ("a string", _is_text, ("string", "array")),
    "items": ("a schema", _is_object, ("array",)),
    "minItems": ("a whole number from 0", _is_count, ("array",)),
    "maxItems": ("a whole number from 0", _is_count, ("array",)),
    "uniqueItems": ("true or false", _is_flag, ("array",)),
    "properties": ("an object of schemas", _is_object, ("object",)),
    "required": ("a list of different names", _are_names, ("object",)),
    "validations": ("a list of media rules", _is_list, ("string", "array")),
    "title": ("a string", _is_text, _ANY),
    "description": ("a string", _is_text, _ANY),
    "$comment": ("a string", _is_text, _ANY),
    "default": ("a value", _is_anything, _ANY),
    "examples": ("a list", _is_list, _ANY),
    "deprecated": ("true or false", _is_flag, _ANY),
    "readOnly": ("true or false", _is_flag, _ANY),
}
