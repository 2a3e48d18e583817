"""The names that generated modules import. They import nothing else of this package.

Rules:

- These names are stable; the modules behind them may be rearranged at will.
- This module imports neither urllib3 nor cattrs. Each name is loaded when a module asks for it, so
  that a model without media loads no code for media.
"""

from __future__ import annotations

from .lazy import lazy

# Defined here, because importing typing would take most of the time of importing a model. Type
# checkers recognize the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from runcomfy_core.media.rules import EACH, MediaField, MediaRule
    from runcomfy_core.media.values import Media, MediaList, broken_media, is_media
    from runcomfy_core.model.catalog import ModelModule, load
    from runcomfy_core.model.inputs import BaseInput
    from runcomfy_core.model.model import Model
    from runcomfy_core.model.output import Output
    from runcomfy_core.model.signatures import MediaOptions, R, RunOptions, Runs, Submits
    from runcomfy_core.values.broken import any_of, at, broken, missing, one_of, unknown_name
    from runcomfy_core.values.checks import (
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
    from runcomfy_core.values.formats import has_format
    from runcomfy_core.values.items import Items

    from .front import front
    from .misspelt import submodule
    from .problem import Problem
    from .unset import UNSET, Unset

__all__ = [
    "EACH",
    "UNSET",
    "BaseInput",
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
    "front",
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
            ".values.broken": ["any_of", "at", "broken", "missing", "one_of", "unknown_name"],
            ".values.checks": [
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
            ".model.catalog": ["ModelModule", "load"],
            ".values.formats": ["has_format"],
            ".values.items": ["Items"],
            ".media.rules": ["EACH", "MediaField", "MediaRule"],
            ".media.values": ["Media", "MediaList", "broken_media", "is_media"],
            ".misspelt": ["submodule"],
            ".model.inputs": ["BaseInput"],
            ".model.model": ["Model"],
            ".model.output": ["Output"],
            ".model.signatures": ["MediaOptions", "R", "RunOptions", "Runs", "Submits"],
            ".front": ["front"],
            ".problem": ["Problem"],
            ".unset": ["UNSET", "Unset"],
        },
    )
