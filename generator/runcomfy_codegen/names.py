"""Text from schemas to Python names: pure and stable, so adding a model never renames another.

Rules:

- A name is a function of its own text alone. Two texts with one name are an error that the
  caller reports with both; nothing is numbered.
- Fields keep their wire name where Python allows it, else get the nearest safe one.
- Names that Python, the generated modules or their functions' own parameters use get a trailing
  underscore.
"""

from __future__ import annotations

import keyword
import re
import unicodedata

#: Parameters of the generated functions, and names that their bodies and annotations use: a field
#: that bears one would hide it.
_HIDDEN = frozenset(
    [
        "at",
        "fits",
        "any_of",
        "one_of",
        "given",
        "has_format",
        "is_multiple",
        "is_object",
        "matches",
        "unknown_name",
        "attrs",
        "bool",
        "broken",
        "broken_media",
        "client",
        "enumerate",
        "fields",
        "float",
        "index",
        "int",
        "is_array",
        "is_integer",
        "is_media",
        "is_member",
        "is_number",
        "is_text",
        "is_unique",
        "isinstance",
        "item",
        "len",
        "list",
        "media",
        "missing",
        "plain",
        "object",
        "on_update",
        "problems",
        "self",
        "str",
        "timeout",
        "unknown",
        "value",
    ]
)

#: Names that a generated module gives a meaning of its own.
MODULE_NAMES = frozenset(
    [
        "Any",
        "Binding",
        "Callable",
        "Client",
        "Fields",
        "Final",
        "Input",
        "Job",
        "EACH",
        "Literal",
        "MODEL_ID",
        "Mapping",
        "Media",
        "MediaField",
        "MediaList",
        "MediaMode",
        "MediaReport",
        "MediaRule",
        "Output",
        "Problem",
        "Required",
        "Result",
        "Status",
        "TYPE_CHECKING",
        "TypeAlias",
        "TypedDict",
        "UNSET",
        "Unpack",
        "Unset",
        "annotations",
        "attrs",
        "broken",
        "broken_media",
        "check_media",
        "get_args",
        "is_array",
        "is_integer",
        "is_media",
        "is_number",
        "is_text",
        "job",
        "overload",
        "refuse",
        "run",
        "submit",
        "validate",
    ]
)

_DEVICES = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)}
)
_NOT_WORD = re.compile(r"\W+")


def field_name(wire: str) -> str:
    """Return the attribute and parameter name for the wire name *wire*."""
    name = _identifier(wire, "field")
    return f"{name}_" if name in _HIDDEN | MODULE_NAMES else name


def class_name(text: str) -> str:
    """Return the name of a field's type: ``image_size`` gives ``ImageSize``.

    It is never the field's own name, which would hide it inside a class.
    """
    words = _identifier(text, "field").split("_")
    name = "".join(word[:1].upper() + word[1:] for word in words if word)
    name = f"{name}Choice" if name == text else name
    return f"{name}_" if name in MODULE_NAMES | {"None", "True", "False"} else name


def module_path(model_id: str) -> tuple[str, ...]:
    """Return where a model's module stands below ``models``.

    The first segment names a package, the rest the module: ``wan-ai/wan-2-6/image-to-image``
    gives ``("wan_ai", "wan_2_6_image_to_image")``.
    """
    first, _, rest = model_id.lower().partition("/")
    return tuple(_module(part) for part in (first, rest) if part)


def _module(text: str) -> str:
    name = _identifier(text, "model")
    return f"{name}_" if name in _DEVICES else name


def _identifier(text: str, prefix: str) -> str:
    # NFKC is what Python's own parser does to names: without it two names could become one.
    name = _NOT_WORD.sub("_", unicodedata.normalize("NFKC", text)).lstrip("_")
    if not name or not name.isidentifier():
        name = f"{prefix}_{name}".rstrip("_")
    return f"{name}_" if keyword.iskeyword(name) else name
