"""What generated modules use of this package; they import nothing else of it.

Rules:

- This is a stable face: what stands behind it may be rearranged at will.
- It imports neither urllib3 nor cattrs. A name is loaded when a module asks for it, so that a model
  without media loads nothing that is about media.
"""

from __future__ import annotations

from ._lazy import lazy

# Not from typing, which takes most of the time of importing a model. Checkers go by the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._broken import any_of, at, broken, missing, one_of, unknown_name
    from ._catalog import ModelModule, load
    from ._checks import (
        as_number,
        fits,
        given,
        is_array,
        is_boolean,
        is_integer,
        is_member,
        is_multiple,
        is_number,
        is_object,
        is_text,
        is_unique,
        matches,
        plain,
    )
    from ._formats import has_format
    from ._items import Items
    from ._media.rules import EACH, MediaField, MediaRule
    from ._media.values import Media, MediaList, broken_media, is_media
    from ._misspelt import submodule
    from ._model import MediaOptions, Model, R, RunOptions, Runs, Submits
    from ._output import Output
    from ._problem import Problem
    from ._unset import UNSET, Unset

__all__ = [
    "EACH",
    "UNSET",
    "Items",
    "Media",
    "MediaField",
    "MediaList",
    "MediaOptions",
    "MediaRule",
    "Model",
    "ModelModule",
    "Output",
    "Problem",
    "R",
    "RunOptions",
    "Runs",
    "Submits",
    "Unset",
    "any_of",
    "as_number",
    "at",
    "broken",
    "broken_media",
    "fits",
    "given",
    "has_format",
    "is_array",
    "is_boolean",
    "is_integer",
    "is_media",
    "is_member",
    "is_multiple",
    "is_number",
    "is_object",
    "is_text",
    "is_unique",
    "load",
    "matches",
    "missing",
    "one_of",
    "plain",
    "submodule",
    "unknown_name",
]

if not TYPE_CHECKING:
    __getattr__ = lazy(
        __name__,
        {
            "._broken": ["any_of", "at", "broken", "missing", "one_of", "unknown_name"],
            "._checks": [
                *("as_number", "fits", "given", "is_array", "is_boolean", "is_integer"),
                *(
                    "is_member",
                    "is_multiple",
                    "is_number",
                    "is_object",
                    "is_text",
                    "is_unique",
                    "matches",
                    "plain",
                ),
            ],
            "._catalog": ["ModelModule", "load"],
            "._formats": ["has_format"],
            "._items": ["Items"],
            "._media.rules": ["EACH", "MediaField", "MediaRule"],
            "._media.values": ["Media", "MediaList", "broken_media", "is_media"],
            "._misspelt": ["submodule"],
            "._model": ["MediaOptions", "Model", "R", "RunOptions", "Runs", "Submits"],
            "._output": ["Output"],
            "._problem": ["Problem"],
            "._unset": ["UNSET", "Unset"],
        },
    )
