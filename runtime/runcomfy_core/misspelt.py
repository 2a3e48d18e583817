"""Suggestions for a misspelt name of a generated package, in an import or as an attribute.

Rules:

- A failed import still raises ImportError, and a missing attribute AttributeError, so that
  ``try: import`` and ``hasattr`` work as always. Only the message is ours.
- ``from package import name`` drops the message of the package's ``__getattr__``. So the message
  comes from an import finder that Python asks last, when no other finder has found the module. It
  never finds a module, but raises our error. It raises only for an import: ``find_spec`` gets None.
- Nothing is computed before a name is misspelt.
"""

from __future__ import annotations

import sys
from importlib import import_module

# Importing typing would take most of the import time of the package. Type checkers recognize the
# name TYPE_CHECKING wherever it is assigned.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import ModuleType
    from typing import Final

#: The generated packages that were imported.
_watched: Final[set[str]] = set()

#: Functions of importlib that call a finder: the first for any import, two callers above it, and
#: the second for "from package import name", five callers above it.
_IMPORT: Final = "_find_and_load_unlocked"
_IMPORT_FROM: Final = "_handle_fromlist"
_DEPTH: Final = 7

#: The most names that are suggested.
_MOST: Final = 3


class _Finder:
    """An import finder that finds nothing, and suggests which module was probably meant."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> None:
        """Return None, or raise an error that suggests what was probably meant.

        Raises:
            ModuleNotFoundError: A name of a generated package is being imported.
        """
        del path, target
        package, _, own = name.rpartition(".")
        if not _is_ours(package) or own.startswith("_"):
            return
        callers = _callers()
        if _IMPORT not in callers[:3]:
            return
        # If the error carried the name of the missing module, "from package import name" would
        # swallow the error, and raise one without our message.
        missed = package if _IMPORT_FROM in callers else name
        words = f"there is no {own!r} in {package}{_hint(package, own)}"
        raise ModuleNotFoundError(words, name=missed)


def _callers() -> list[str]:
    """Return the names of the functions that called the finder, its direct caller first."""
    from inspect import currentframe  # noqa: PLC0415 - only a failed import needs it

    names: list[str] = []
    frame = currentframe()
    while frame is not None and len(names) < _DEPTH:
        names.append(frame.f_code.co_name)
        frame = frame.f_back
    return names[2:]


def watch_imports(package: str) -> None:
    """Suggest names when a module of the generated *package* is not found."""
    _watched.add(package)
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())


def missing(package: str, name: str) -> AttributeError:
    """Return the error for an attribute that *package* does not have."""
    hint = "" if name.startswith("_") else _hint(package, name)
    return AttributeError(f"module {package!r} has no attribute {name!r}{hint}")


def submodule(package: str, name: str) -> ModuleType:
    """Import and return the module *name* of *package*, which was accessed as an attribute.

    Raises:
        AttributeError: There is no such module.
    """
    if name.startswith("_"):
        raise missing(package, name)
    full = f"{package}.{name}"
    try:
        return import_module(full)
    except ModuleNotFoundError as error:
        if error.name not in {package, full}:  # the module exists, but one of its imports failed
            raise
    raise missing(package, name)


def near(name: str, names: Iterable[str]) -> str:
    """Return the end of a message that suggests which of *names* was meant, or ""."""
    from difflib import get_close_matches  # noqa: PLC0415 - only a misspelt name needs it

    names = list(names)
    # A name that begins with the misspelt one is preferred to one that is only similar.
    found = [one for one in names if one.startswith(name)] if name else []
    found = found[:_MOST] or get_close_matches(name, names, n=_MOST)
    return f"; did you mean {' or '.join(found)}?" if found else ""


def _is_ours(package: str) -> bool:
    root, _, below = package.partition(".")
    return root in _watched and (not below or below.partition(".")[0] == "models")


def _hint(package: str, name: str) -> str:
    """Return the end of a message that suggests a name of *package*, or another vendor's model."""
    root, _, below = package.partition(".")
    if not below:
        exported: list[str] = import_module(root).__all__
        if name in exported:  # the name exists, but it is not a module
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
