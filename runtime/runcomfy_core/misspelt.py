"""What is said of a misspelt name of a generated package: in an import, and as an attribute.

Rules:

- An import that fails stays an ImportError and a missing attribute an AttributeError, so that
  ``try: import`` and ``hasattr`` do what they always do. Only the words are ours.
- Python loses the words of a package's ``__getattr__`` when it imports from the package. So they
  come from a finder, which Python asks last, when no module was found; it finds nothing either,
  and says so in words. Whoever asks whether a module is there, without an import, hears no.
- Nothing is worked out before something is misspelt.
"""

from __future__ import annotations

import sys
from importlib import import_module

# Not from typing, which takes most of the time of importing the package. Checkers go by the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import ModuleType
    from typing import Final

#: The generated packages that were imported.
_watched: Final[set[str]] = set()

#: What importlib calls its functions for an import, and for "from package import name". The first
#: is two callers above a finder, the second five.
_IMPORT: Final = "_find_and_load_unlocked"
_IMPORT_FROM: Final = "_handle_fromlist"
_DEPTH: Final = 7

#: Names that are suggested at most.
_MOST: Final = 3


class _Finder:
    """Tells, where Python finds no module of a generated package, which was probably meant."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> None:
        """Find nothing.

        Raises:
            ModuleNotFoundError: A module or name of such a package was to be imported.
        """
        del path, target
        package, _, own = name.rpartition(".")
        if not _is_ours(package) or own.startswith("_"):
            return
        callers = _callers()
        if _IMPORT not in callers[:3]:
            return
        # With the name of the module that is missing, Python would pass over the error there, and
        # raise one without words.
        missed = package if _IMPORT_FROM in callers else name
        words = f"there is no {own!r} in {package}{_hint(package, own)}"
        raise ModuleNotFoundError(words, name=missed)


def _callers() -> list[str]:
    """Return the names of the functions that called the finder, its own caller first."""
    from inspect import currentframe  # noqa: PLC0415 - only where a module is not found

    names: list[str] = []
    frame = currentframe()
    while frame is not None and len(names) < _DEPTH:
        names.append(frame.f_code.co_name)
        frame = frame.f_back
    return names[2:]


def watch_imports(package: str) -> None:
    """Have Python ask here when it finds no module of the generated *package*."""
    _watched.add(package)
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())


def missing(package: str, name: str) -> AttributeError:
    """Return the error of an attribute that *package* does not have."""
    hint = "" if name.startswith("_") else _hint(package, name)
    return AttributeError(f"module {package!r} has no attribute {name!r}{hint}")


def submodule(package: str, name: str) -> ModuleType:
    """Import the module *name* of *package*, which was asked for as an attribute.

    Raises:
        AttributeError: There is none.
    """
    if name.startswith("_"):
        raise missing(package, name)
    full = f"{package}.{name}"
    try:
        return import_module(full)
    except ModuleNotFoundError as error:
        if error.name not in {package, full}:  # something that the module itself imports
            raise
    raise missing(package, name)


def near(name: str, names: Iterable[str]) -> str:
    """Return which of *names* may have been meant, in words that end a message; or ""."""
    from difflib import get_close_matches  # noqa: PLC0415 - only where something is misspelt

    names = list(names)
    # The beginning of a name is nearer than any other spelling of one.
    found = [one for one in names if one.startswith(name)] if name else []
    found = found[:_MOST] or get_close_matches(name, names, n=_MOST)
    return f"; did you mean {' or '.join(found)}?" if found else ""


def _is_ours(package: str) -> bool:
    root, _, below = package.partition(".")
    return root in _watched and (not below or below.partition(".")[0] == "models")


def _hint(package: str, name: str) -> str:
    """Say which name of *package* may have been meant, or which model of another vendor."""
    root, _, below = package.partition(".")
    if not below:
        exported: list[str] = import_module(root).__all__
        if name in exported:  # a name and no module
            return f"; write: from {root} import {name}"
        return near(name, exported)
    models = f"{root}.models"
    index: Mapping[str, str] = import_module(f"{models}._index").MODULES
    modules = list(index.values())
    elsewhere = [one for one in modules if one.endswith(f".{name}")]
    if elsewhere:
        return f"; there is {' and '.join(models + one for one in elsewhere[:_MOST])}"
    below = f"{package.removeprefix(models)}."
    names = {one.removeprefix(below).partition(".")[0] for one in modules if one.startswith(below)}
    return near(name, sorted(names)) or f"; {models}.MODULES lists all models"
