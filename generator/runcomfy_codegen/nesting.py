"""A test for classes inside a Python type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .ir import ListOf, Nested, Union

if TYPE_CHECKING:
    from .ir import Type


def nested_in(type_: Type) -> bool:
    """Tell whether *type_* contains a :class:`Nested`."""
    match type_:
        case ListOf(item):
            return nested_in(item)
        case Union(members):
            return any(nested_in(member) for member in members)
        case _:
            return isinstance(type_, Nested)
