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

from . import face

#: Names that the validator's body and the annotations beside a field use: a field that bears one
#: would hide it.
_HIDDEN = face.CHECKS | face.BUILTINS | face.PLAIN_TYPES - {"dict"} | face.ARGUMENTS | {"attrs"}

#: Names that a generated module gives a meaning of its own. The values of a type stand behind an
#: underscore, so a type is never called as something else there.
MODULE_NAMES = frozenset().union(
    face.RUNTIME,
    face.PUBLIC,
    (name.removeprefix("_") for name in face.PRIVATE),
    *face.STANDARD.values(),
    ["Fields", "attrs"],
)

#: Names that Windows keeps for devices, in any case and with any extension.
DEVICES = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)}
)
_NOT_WORD = re.compile(r"\W+")

#: The loops of a validator call what they go over so.
_LOOPS = re.compile(r"(index|item)_\d+")

#: What the package ``models`` has of its own beside the models: no vendor may hide it.
_INDEX_NAMES = frozenset(["annotations", "get"])

#: How long a name may be; longer ones are refused by those who know where they stand.
LONGEST = 200


def field_name(wire: str) -> str:
    """Return the attribute and parameter name for the wire name *wire*."""
    name = _identifier(wire, "field")
    hides = name in _HIDDEN | MODULE_NAMES or _LOOPS.fullmatch(name)
    return f"{name}_" if hides else name


def class_name(text: str) -> str:
    """Return the name of a field's type: ``image_size`` gives ``ImageSize``.

    It is never the field's own name, which would hide it inside a class.
    """
    words = _identifier(text, "field").split("_")
    # A capital letter may be two characters, which are normal no more.
    capitals = "".join(word[:1].upper() + word[1:] for word in words if word)
    name = unicodedata.normalize("NFKC", capitals)
    name = f"{name}Choice" if name == text else name
    return f"{name}_" if name in MODULE_NAMES | {"None", "True", "False"} else name


def module_path(model_id: str) -> tuple[str, ...]:
    """Return where a model's module stands below ``models``.

    The first segment names a package, the rest the module: ``wan-ai/wan-2-6/image-to-image``
    gives ``("wan_ai", "wan_2_6_image_to_image")``.
    """
    first, _, rest = model_id.lower().partition("/")
    parts = [_module(part) for part in (first, rest) if part]
    return tuple(
        f"{part}_" if i == 0 and part in _INDEX_NAMES else part for i, part in enumerate(parts)
    )


def _module(text: str) -> str:
    name = _identifier(text, "model")
    return f"{name}_" if name in DEVICES else name


def _identifier(text: str, prefix: str) -> str:
    # NFKC is what Python's own parser does to names: without it two names could become one.
    name = _NOT_WORD.sub("_", unicodedata.normalize("NFKC", text))
    if not name.isascii():
        # A few characters that count as letters of a word are none of a name, like old numerals.
        name = "".join(one if f"a{one}".isidentifier() else "_" for one in name)
    name = name.lstrip("_")
    if not name or not name.isidentifier():
        name = f"{prefix}_{name}".rstrip("_")
    return f"{name}_" if keyword.iskeyword(name) else name
