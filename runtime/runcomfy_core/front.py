"""The top level of a generated package: names of ``runcomfy_core``, the errors and the models.

Every generated package exports the same classes. So the client of one package runs the models of
another, and one ``except`` catches the errors of both.
"""

from __future__ import annotations

from importlib import import_module

from .misspelt import missing, watch_imports

# Importing typing would take most of the import time of the package. Type checkers recognize the
# name TYPE_CHECKING wherever it is assigned.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: The submodules of a generated package.
_OWN = frozenset({"errors", "models"})


def front(
    package: str, names: Sequence[str]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return a ``__getattr__`` and a ``__dir__`` for a generated package.

    Args:
        package: The package's name.
        names: The names that the package exports.
    """
    watch_imports(package)
    scope = vars(import_module(package))

    def load(name: str) -> object:
        if name not in names:
            raise missing(package, name)
        if name in _OWN:
            return import_module(f"{package}.{name}")
        value = getattr(import_module("runcomfy_core"), name)
        scope[name] = value  # the next access finds the name without this function
        return value

    return load, lambda: sorted(names)
