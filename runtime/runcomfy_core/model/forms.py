"""An input in whatever form a caller gives it, held against its model's schema.

Rules:

- Every form is checked by the one validator, as JSON: an ``Input``, a dict, another mapping.
- What is known of the fields is worked out when it is first asked for.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Generic, NoReturn, TypeVar, cast

import attrs

from runcomfy_core.unset import UNSET
from runcomfy_core.values.broken import null, pointer, unknown_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from runcomfy_core.problem import Problem

InputT = TypeVar("InputT", bound=attrs.AttrsInstance)


class Forms(Generic[InputT]):
    """The forms that an input of one model has.

    Args:
        model_id: The model, for messages.
        input_type: Its ``Input``.
        check: Its validator; takes the fields of ``Input`` in their order, UNSET (None, where the
            schema has no null) for one that is left out.
    """

    def __init__(
        self,
        model_id: str,
        input_type: type[InputT],
        # The number of fields differs from model to model, and each takes any object.
        check: Callable[..., list[Problem]],
    ) -> None:
        self._model_id = model_id
        self._input_type = input_type
        self._check = check

    def problems(self, value: InputT | Mapping[str, object]) -> list[Problem]:
        """Say what is wrong with *value*, whichever form it has.

        Raises:
            TypeError: It has none.
        """
        # Most inputs are dicts that have fields alone, and no null.
        if isinstance(value, dict):
            # Not a cast, which would take as long as to check a field.
            wire: dict[str, object] = value  # pyright: ignore[reportUnknownVariableType]
            arguments = self._left_out.copy()
            places = self._places
            try:
                for name, given in wire.items():
                    if given is None:
                        return self._check_wire(wire)
                    arguments[places[name]] = given
            except KeyError:
                return self._check_wire(wire)
            return self._check(*arguments)
        if not isinstance(value, (self._input_type, Mapping)):
            raise TypeError(self.wrong(value))
        if isinstance(value, self._input_type):
            given = cast("object", value)
            return self._check(*(getattr(given, name) for name in self._attributes))
        return self._check_wire(cast("Mapping[str, object]", value))

    def _check_wire(self, wire: Mapping[str, object]) -> list[Problem]:
        """Check a dict, in which a null is a value and any name may stand."""
        names = self.names
        arguments: list[object] = []
        nulls: list[Problem] = []
        for name, nullable in names.items():
            # To the validator, None is "left out" where the schema has no null.
            value = wire.get(name, UNSET if nullable else None)
            if value is None and not nullable and name in wire:
                nulls.append(null(pointer(name)))
            arguments.append(value)
        checked = self._check(*arguments)
        if nulls:
            known = {problem.path for problem in nulls}
            checked = self.in_order([*nulls, *(one for one in checked if one.path not in known)])
        unknown = [name for name in wire if name not in names]
        return [*checked, *unknown_names(unknown, list(names))] if unknown else checked

    def in_order(self, problems: Iterable[Problem]) -> list[Problem]:
        """Sort *problems* as the fields are; what is wrong with the whole input comes last."""
        order = {pointer(name): place for place, name in enumerate(self.names)}
        return sorted(
            problems,
            key=lambda one: order.get(first_step(one.path), len(order)),
        )

    def refuse(self, problems: list[Problem], unknown: Iterable[str] = ()) -> NoReturn:
        """Raise for problems and for names that are no fields.

        Raises:
            InvalidInput: Always.
        """
        from runcomfy_core.errors import InvalidInput  # noqa: PLC0415 - not to import a model

        if unknown:
            problems = [*problems, *unknown_names(unknown, self._attributes)]
        raise InvalidInput(self._model_id, problems)

    @functools.cached_property
    def names(self) -> dict[str, bool]:
        """The fields' names in JSON, and whether null is a value of each."""
        return {
            field.metadata.get("wire", field.name): field.metadata.get("nullable", False)
            for field in attrs.fields(self._input_type)
        }

    @functools.cached_property
    def _left_out(self) -> list[object]:
        """What the validator takes where no field is given."""
        return [UNSET if nullable else None for nullable in self.names.values()]

    @functools.cached_property
    def _places(self) -> dict[str, int]:
        """Where each field stands among the validator's arguments."""
        return {name: place for place, name in enumerate(self.names)}

    @functools.cached_property
    def _attributes(self) -> tuple[str, ...]:
        """The input's fields by their names in Python."""
        return tuple(field.name for field in attrs.fields(self._input_type))

    def wrong(self, value: object) -> str:
        """Say that a *value* is of no form that an input has."""
        wanted = f"{self._input_type.__module__}.Input or a dict"
        kind = type(value)
        return f"{self._model_id} takes {wanted}, not {kind.__module__}.{kind.__qualname__}"


def first_step(path: str) -> str:
    """Return the pointer of the field that a pointer leads into."""
    return path[:1] + path[1:].partition("/")[0]
