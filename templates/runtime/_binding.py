"""What a generated module calls: one object ties a model's id, types and validator to a client.

Rules:

- Whatever form an input has, it is checked in wire form right before it is sent: a list inside it
  may have changed since it was made.
- Importing a model loads neither urllib3 nor cattrs; the first submission does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast

import attrs

from ._broken import null, pointer, unknown_names
from ._unset import UNSET
from .errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._client import Client
    from ._job import Job
    from ._problem import Problem
    from ._result import Result
    from ._states import Status

InputT = TypeVar("InputT", bound=attrs.AttrsInstance)
OutputT = TypeVar("OutputT")


class Binding(Generic[InputT, OutputT]):
    """One model's endpoint.

    Args:
        model_id: The id, as it stands in the URL.
        input_type: Its ``Input``.
        output_type: Its ``Output``.
        check: Its validator; takes the fields of ``Input`` in their order, UNSET (None, where the
            schema has no null) for one that is left out.
        output_kind: What a bare URL in an output is (docs/contract.md, "Outputs").
    """

    def __init__(
        self,
        model_id: str,
        input_type: type[InputT],
        output_type: type[OutputT],
        # The number of fields differs from model to model, and each takes any object.
        check: Callable[..., list[Problem]],
        output_kind: Literal["image", "video", "audio"],
    ) -> None:
        self._model_id = model_id
        self._input_type = input_type
        self._output_type = output_type
        self._check = check
        self._output_kind = output_kind

    def validate(self, value: InputT | Mapping[str, object]) -> list[Problem]:
        """Return what is wrong with *value*, an ``Input`` or a dict in wire form."""
        if not isinstance(value, (self._input_type, Mapping)):
            raise TypeError(self._wrong_form(cast("object", value)))
        if isinstance(value, self._input_type):
            given = cast("object", value)
            return self._check(*(getattr(given, field.name) for field in self._fields))
        return self._check_wire(cast("Mapping[str, object]", value))

    def submit(
        self,
        client: Client,
        value: InputT | Mapping[str, object] | None,
        fields: Mapping[str, Any],
    ) -> Job[OutputT]:
        """Check the input and submit it, once."""
        _require_client(client)
        return client.post_job(self._model_id, self._wire(value, fields), self._read)

    def run(
        self,
        client: Client,
        value: InputT | Mapping[str, object] | None,
        fields: Mapping[str, Any],
        *,
        timeout: float | None,
        on_update: Callable[[Status], object] | None,
    ) -> Result[OutputT]:
        """Submit, and wait for the result."""
        from ._job import check_wait, run_to_end  # noqa: PLC0415 - only a submission needs it

        check_wait(timeout, on_update)  # before anything is paid for
        return run_to_end(self.submit(client, value, fields), timeout, on_update)

    def job(self, client: Client, request_id: str) -> Job[OutputT]:
        """Return the job *request_id*, which was submitted before."""
        _require_client(client)
        return client.open_job(request_id, self._model_id, self._read)

    def _wire(
        self, value: InputT | Mapping[str, object] | None, fields: Mapping[str, Any]
    ) -> Mapping[str, object]:
        """Return the input in wire form, sound."""
        if value is None:
            value = self._input_type(**fields)
        elif fields:
            raise TypeError(f"pass an input or its fields, not both: {', '.join(fields)}")
        if problems := self.validate(value):
            raise InvalidInput(self._model_id, problems)
        if not isinstance(value, self._input_type):
            return cast("Mapping[str, object]", value)
        from ._convert import to_wire  # noqa: PLC0415 - cattrs is for submissions only

        return to_wire(value)

    def _read(self, output: object) -> OutputT:
        from ._convert import read_output  # noqa: PLC0415 - cattrs is for results only

        return read_output(self._output_type, output, self._output_kind)

    def _check_wire(self, wire: Mapping[str, object]) -> list[Problem]:
        """Check a dict, in which a null is a value and any name may stand."""
        names = {_wire_name(field): field for field in self._fields}
        nulls: list[Problem] = []
        arguments: list[object] = []
        for name, field in names.items():
            value = wire.get(name, UNSET)
            nullable: bool = field.metadata.get("nullable", False)
            if value is None and not nullable:
                nulls.append(null(pointer(name)))
            # To the validator, None is "left out" where the schema has no null.
            absent = UNSET if nullable else None
            arguments.append(absent if value is UNSET else value)
        unknown = unknown_names([name for name in wire if name not in names], list(names))
        known = {problem.path for problem in nulls}
        checked = [one for one in self._check(*arguments) if one.path not in known]
        if nulls:
            # In the order of the fields; what is wrong with the input as a whole comes last.
            order = {name: place for place, name in enumerate(map(pointer, names))}
            checked = sorted(
                [*nulls, *checked],
                key=lambda one: order.get(f"/{one.path[1:].partition('/')[0]}", len(order)),
            )
        return [*checked, *unknown]

    def _wrong_form(self, value: object) -> str:
        wanted = f"{self._input_type.__module__}.Input or a dict"
        kind = type(value)
        return f"{self._model_id} takes {wanted}, not {kind.__module__}.{kind.__qualname__}"

    @property
    def _fields(self) -> tuple[attrs.Attribute[Any], ...]:
        fields: tuple[attrs.Attribute[Any], ...] = attrs.fields(self._input_type)
        return fields


def _require_client(client: object) -> None:
    from ._client import Client  # noqa: PLC0415 - it loads urllib3, which only calls need

    if not isinstance(client, Client):
        raise TypeError(f"the first argument is a Client, not {client!r}")


# attrs' Attribute is generic in the type of a field, which differs from field to field.
def _wire_name(field: attrs.Attribute[Any]) -> str:
    wire: str = field.metadata.get("wire", field.name)
    return wire
