"""What a generated package is at its top: names of this one, the errors and the models.

Every generated package hands out the same classes, so the client of one runs the models of another,
and one ``except`` catches the errors of both.
"""

from __future__ import annotations

from importlib import import_module

from .misspelt import missing, watch_imports

# Not from typing, which takes most of the time of importing the package. Checkers take the name for
# what it says.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: What a generated package has of its own.
_OWN = frozenset({"errors", "models"})


def front(
    package: str, names: Sequence[str]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return the ``__getattr__`` and the ``__dir__`` of a generated package.

    Args:
        package: Its name.
        names: All that it hands out.
    """
    watch_imports(package)
    scope = vars(import_module(package))

    def load(name: str) -> object:
        if name not in names:
            raise missing(package, name)
        if name in _OWN:
            return import_module(f"{package}.{name}")
        value = getattr(import_module("runcomfy_core"), name)
        scope[name] = value  # found without this function the next time
        return value

    return load, lambda: sorted(names)
