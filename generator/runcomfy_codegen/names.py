"""Python names for text from schemas. They are stable: adding a model never renames another.

Rules:

- A name depends only on its own text. If two texts give the same name, the caller reports an error
  that shows both; names are never numbered.
- Fields keep their wire name if Python allows it, and get the most similar safe name otherwise.
- A name that Python, the generated module or its functions' parameters use gets a trailing
  underscore.
"""

from __future__ import annotations

import keyword
import re
import unicodedata

from . import face

#: Names that the validator's body and the annotations of fields use. A field with such a name would
#: hide it.
_HIDDEN = (
    face.CHECKS
    | face.BUILTINS
    | face.PLAIN_TYPES - {"dict"}
    | face.ARGUMENTS
    | face.METHODS
    | {"attrs"}
)

#: Names that a generated module defines or imports. Private ones are listed without the underscore,
#: because the values of a type ``Name`` are in a tuple ``_Name``, which must not collide either.
MODULE_NAMES = frozenset().union(
    face.RUNTIME,
    face.PUBLIC,
    (name.removeprefix("_") for name in face.PRIVATE),
    *face.STANDARD.values(),
    ["Fields", "attrs"],
)

#: Names that Windows reserves for devices, in any case and with any extension.
DEVICES = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)}
)
_NOT_WORD = re.compile(r"\W+")

#: The loop variables of a validator.
_LOOPS = re.compile(r"(index|item)_\d+")

#: Names that the package ``models`` defines besides the models. No vendor may hide them.
_INDEX_NAMES = frozenset(["annotations", "get"])

#: The longest name. The callers refuse longer ones, because they can report the place.
LONGEST = 200


def field_name(wire: str) -> str:
    """Return the attribute and parameter name for the wire name *wire*."""
    name = _identifier(wire, "field")
    hides = name in _HIDDEN | MODULE_NAMES or _LOOPS.fullmatch(name)
    return f"{name}_" if hides else name


def class_name(text: str) -> str:
    """Return the name of a field's type: ``image_size`` gives ``ImageSize``.

    The result always differs from the field's own name, which would hide the type inside a class.
    """
    words = _identifier(text, "field").split("_")
    # Upper-casing can turn one letter into two, and the result may need to be normalised again.
    capitals = "".join(word[:1].upper() + word[1:] for word in words if word)
    name = unicodedata.normalize("NFKC", capitals)
    name = f"{name}Choice" if name == text else name
    return f"{name}_" if name in MODULE_NAMES | {"None", "True", "False"} else name


def module_path(model_id: str) -> tuple[str, ...]:
    """Return the path of a model's module below ``models``.

    The first segment names a package, the rest name the module: ``wan-ai/wan-2-6/image-to-image``
    gives ``("wan_ai", "wan_2_6_image_to_image")``.
    """
    first, _, rest = model_id.lower().partition("/")
    parts = [_module(part) for part in (first, rest) if part]
    return tuple(
        f"{part}_" if i == 0 and part in _INDEX_NAMES else part for i, part in enumerate(parts)
    )


def schemas_path(package: str) -> str:
    """Return where what is told of the models of *package* stands below the output folder."""
    return f"{package}/models/_schemas.py"


def _module(text: str) -> str:
    name = _identifier(text, "model")
    return f"{name}_" if name in DEVICES else name


def _identifier(text: str, prefix: str) -> str:
    # Python's parser normalises names with NFKC. Without it here, two names could become one there.
    name = _NOT_WORD.sub("_", unicodedata.normalize("NFKC", text))
    if not name.isascii():
        # A few characters that \w matches, such as old numerals, can't be part of a Python name.
        name = "".join(one if f"a{one}".isidentifier() else "_" for one in name)
    name = name.lstrip("_")
    if not name or not name.isidentifier():
        name = f"{prefix}_{name}".rstrip("_")
    return f"{name}_" if keyword.iskeyword(name) else name
