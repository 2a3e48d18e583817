"""Names of a module that are loaded when they are first used."""

from __future__ import annotations

import sys
from importlib import import_module

# Not from typing, which takes most of the time of importing the package. Checkers go by the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


def lazy(module: str, homes: Mapping[str, Iterable[str]]) -> Callable[[str], object]:
    """Return the ``__getattr__`` of a module.

    Args:
        module: Its name.
        homes: Which names are found in which modules; these are named from its package.
    """
    scope = vars(sys.modules[module])
    found = {name: home for home, names in homes.items() for name in names}

    def load(name: str) -> object:
        if name not in found:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        value = getattr(import_module(found[name], scope["__package__"]), name)
        scope[name] = value  # found without this function the next time
        return value

    return load
