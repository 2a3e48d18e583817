"""Pickling and copying of values that may not allow it.

An error or a problem may hold any value that a user passed: an open file, a generator, a lock. None
of these can be pickled, but the error must reach the other process all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, SupportsIndex, cast

from .interrupts import pass_on
from .text import shown

if TYPE_CHECKING:
    from collections.abc import Callable

#: Types whose values can always be pickled.
_PLAIN: Final = frozenset([str, int, float, bool, bytes, type(None)])

#: How many levels deep a value is searched. A part below that is replaced as a whole.
_DEPTH: Final = 4

#: The most characters of the text that replaces a value.
_SHOWN: Final = 300


def portable(value: object, protocol: SupportsIndex, depth: int = _DEPTH) -> object:
    """Return *value*, with every part that can't be pickled replaced by a text.

    The text is what a message would show. Only lists, tuples and dicts are searched for such parts,
    and not their subclasses.

    Args:
        value: Any value.
        protocol: The pickle protocol.
        depth: How many levels deep to search.
    """
    kind = type(value)
    if kind in _PLAIN or _goes(value, int(protocol)):
        return value
    if depth == 0 or kind not in {list, tuple, dict}:
        return shown(value, _SHOWN)

    def inner(part: object) -> object:
        return portable(part, protocol, depth - 1)

    if kind is dict:
        pairs = cast("dict[object, object]", value).items()
        return {inner(key): inner(item) for key, item in pairs}
    parts = [inner(part) for part in cast("list[object] | tuple[object, ...]", value)]
    return parts if kind is list else tuple(parts)


def twin(value: object, memo: dict[int, object]) -> object:
    """Return a deep copy of *value*, or *value* itself if it can't be copied."""
    from copy import deepcopy  # noqa: PLC0415 - only copying needs it

    return _or(value, lambda: deepcopy(value, memo))


def _goes(value: object, protocol: int) -> bool:
    """Return whether a value can be pickled and unpickled."""
    import pickle  # noqa: PLC0415 - only pickling needs it

    absent = object()
    # Unpickling is tried, too, because an error that can't be unpickled breaks a whole pool of
    # processes.
    return _or(absent, lambda: pickle.loads(pickle.dumps(value, protocol))) is not absent  # noqa: S301 - the bytes are our own


def _or(otherwise: object, call: Callable[[], object]) -> object:
    """Return what a call returns, or *otherwise* if it raises."""
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - a class may raise anything when it is pickled or copied
        pass_on(error)
        return otherwise
