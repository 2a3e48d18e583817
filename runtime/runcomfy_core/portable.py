"""Values on their way to another process, or into a copy.

An error, or a problem, may hold whatever a caller passed: an open file, a generator, a lock. None
of these can be pickled, and what went wrong must be heard all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, SupportsIndex, cast

from .text import shown

if TYPE_CHECKING:
    from collections.abc import Callable

#: Types whose values are pickled whatever they are.
_PLAIN: Final = frozenset([str, int, float, bool, bytes, type(None)])

#: How deep what can't be pickled is looked for; what holds it further down is replaced as a whole.
_DEPTH: Final = 4

#: Characters that the stand-in of a value may have.
_SHOWN: Final = 300


def portable(value: object, protocol: SupportsIndex, depth: int = _DEPTH) -> object:
    """Return *value*, with a text in the place of whatever can't be pickled.

    The text is what a message would show. Exactly lists, tuples and dicts are searched for it.

    Args:
        value: Anything.
        protocol: The protocol of pickle.
        depth: How deep to search.
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
    """Return a deep copy of *value*, or *value* itself where it can't be copied."""
    from copy import deepcopy  # noqa: PLC0415 - for copies only

    return _or(value, lambda: deepcopy(value, memo))


def _goes(value: object, protocol: int) -> bool:
    """Tell whether a value can be pickled, and made again of that."""
    import pickle  # noqa: PLC0415 - for pickles only

    absent = object()
    # What comes of it is not used. That it can be loaded is asked as well, because an error that
    # can't be loaded breaks a whole pool of processes.
    return _or(absent, lambda: pickle.loads(pickle.dumps(value, protocol))) is not absent  # noqa: S301 - our own bytes


def _or(otherwise: object, call: Callable[[], object]) -> object:
    """Return what a call returns, or *otherwise* if it raises."""
    try:
        return call()
    except Exception:  # noqa: BLE001 - a class may raise anything when it is pickled or copied
        return otherwise
