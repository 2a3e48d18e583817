"""Lazy loading: names of a module that are imported when they are first used."""

from __future__ import annotations

import sys
from importlib import import_module

# Importing typing would take most of the import time of the package. Type checkers recognize the
# name TYPE_CHECKING wherever it is assigned.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


def lazy(module: str, homes: Mapping[str, Iterable[str]]) -> Callable[[str], object]:
    """Return a ``__getattr__`` for a module.

    Args:
        module: The module's name.
        homes: The modules that define the names, relative to the module's package, with the names
            that each defines.
    """
    scope = vars(sys.modules[module])
    found = {name: home for home, names in homes.items() for name in names}

    def load(name: str) -> object:
        if name not in found:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        value = getattr(import_module(found[name], scope["__package__"]), name)
        scope[name] = value  # the next access finds the name without this function
        return value

    return load
