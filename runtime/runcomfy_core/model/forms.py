"""The forms of an input, which are all checked by its model's schema.

Rules:

- Every form (an ``Input``, a dict, another mapping) is checked as JSON by the same validator.
- Facts about the fields are computed when they are first needed.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Generic, NoReturn, TypeVar, cast

import attrs

from runcomfy_core.interrupts import pass_on
from runcomfy_core.unset import UNSET
from runcomfy_core.values.broken import null, pointer, unknown_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from runcomfy_core.problem import Problem

InputT = TypeVar("InputT", bound=attrs.AttrsInstance)


class Forms(Generic[InputT]):
    """The forms of one model's inputs.

    Args:
        model_id: The model's id, for messages.
        input_type: The class ``Input``.
        check: The validator. It takes the fields of ``Input`` in their order. A field that is left
            out is UNSET if the schema allows null for it, and None otherwise.
    """

    def __init__(
        self,
        model_id: str,
        input_type: type[InputT],
        # The number of fields differs between models, and each may be any object.
        check: Callable[..., list[Problem]],
    ) -> None:
        self._model_id = model_id
        self._input_type = input_type
        self._check = check

    def problems(self, value: InputT | Mapping[str, object]) -> list[Problem]:
        """Return the problems of an input in any form.

        Raises:
            TypeError: *value* is no form of an input.
        """
        # Most inputs are dicts with only known fields and no null. They take this fast path.
        if isinstance(value, dict):
            # A cast() would take as long as checking a field.
            wire: dict[str, object] = value  # pyright: ignore[reportUnknownVariableType]
            arguments = self._left_out.copy()
            places = self._places
            try:
                for name, given in wire.items():
                    if given is None:
                        return self._check_wire(wire)
                    arguments[places[name]] = given
            except KeyError as error:
                pass_on(error)
                return self._check_wire(wire)
            return self._check(*arguments)
        if not isinstance(value, (self._input_type, Mapping)):
            raise TypeError(self.wrong(value))
        if isinstance(value, self._input_type):
            given = cast("object", value)
            return self._check(*(getattr(given, name) for name in self._attributes))
        return self._check_wire(cast("Mapping[str, object]", value))

    def _check_wire(self, wire: Mapping[str, object]) -> list[Problem]:
        """Return the problems of a dict, which may have nulls and unknown names."""
        names = self.names
        arguments: list[object] = []
        nulls: list[Problem] = []
        for name, nullable in names.items():
            # If the schema has no null, None tells the validator that the field is left out.
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
        """Return *problems* in the order of the fields. Problems of the whole input come last."""
        order = {pointer(name): place for place, name in enumerate(self.names)}
        return sorted(
            problems,
            key=lambda one: order.get(first_step(one.path), len(order)),
        )

    def refuse(self, problems: list[Problem], unknown: Iterable[str] = ()) -> NoReturn:
        """Raise an error with *problems*, and with those of names that are no fields.

        Raises:
            InvalidInput: Always.
        """
        from runcomfy_core.errors import InvalidInput  # noqa: PLC0415 - needed only for a refusal

        if unknown:
            problems = [*problems, *unknown_names(unknown, self._attributes)]
        raise InvalidInput(self._model_id, problems)

    def arguments(self, wire: Mapping[str, object]) -> dict[str, object]:
        """Return the fields of a sound dict in wire form by their names in Python.

        Raises:
            InvalidInput: It is not sound.
        """
        if problems := self.problems(wire):
            self.refuse(problems, {})
        pairs = zip(self.names, self._attributes, strict=True)
        return {name: wire[wired] for wired, name in pairs if wired in wire}

    @functools.cached_property
    def names(self) -> dict[str, bool]:
        """The fields' names in JSON, and whether the schema allows null for each."""
        return {
            field.metadata.get("wire", field.name): field.metadata.get("nullable", False)
            for field in attrs.fields(self._input_type)
        }

    @functools.cached_property
    def _left_out(self) -> list[object]:
        """The arguments of the validator if no field is set."""
        return [UNSET if nullable else None for nullable in self.names.values()]

    @functools.cached_property
    def _places(self) -> dict[str, int]:
        """The index of each field among the validator's arguments."""
        return {name: place for place, name in enumerate(self.names)}

    @functools.cached_property
    def _attributes(self) -> tuple[str, ...]:
        """The fields' names in Python."""
        return tuple(field.name for field in attrs.fields(self._input_type))

    def wrong(self, value: object) -> str:
        """Return the message for a *value* that is no form of an input."""
        wanted = f"{self._input_type.__module__}.Input or a dict"
        kind = type(value)
        return f"{self._model_id} takes {wanted}, not {kind.__module__}.{kind.__qualname__}"


def first_step(path: str) -> str:
    """Return the JSON pointer of the field that contains a JSON pointer's value."""
    return path[:1] + path[1:].partition("/")[0]
