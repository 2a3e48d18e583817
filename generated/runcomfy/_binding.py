"""What a generated module calls: one object ties a model's id, types and validator to a client.

Rules:

- Whatever form an input has, it is checked in wire form right before it is sent: a list inside it
  may have changed since it was made.
- A file is read once for a submission: what was checked of it is what is sent.
- Importing a model loads neither urllib3 nor cattrs; the first submission does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast

import attrs

from ._broken import null, pointer, unknown_names
from ._media.places import find
from ._unset import UNSET
from .errors import ConfigurationError, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ._body import Body
    from ._client import Client
    from ._job import Job
    from ._media.rules import MediaField, MediaReport
    from ._media.settings import MediaSettings
    from ._media.values import MediaMode
    from ._problem import Problem
    from ._result import Result
    from ._states import Status

InputT = TypeVar("InputT", bound=attrs.AttrsInstance)
OutputT = TypeVar("OutputT")

_MODES = ("check", "warn", "skip")


class Binding(Generic[InputT, OutputT]):
    """One model's endpoint.

    Args:
        model_id: The id, as it stands in the URL.
        input_type: Its ``Input``.
        output_type: Its ``Output``.
        check: Its validator; takes the fields of ``Input`` in their order, UNSET (None, where the
            schema has no null) for one that is left out.
        output_kind: What a bare URL in an output is (docs/contract.md, "Outputs").
        media: Where its input holds media.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what a module declares, once
        self,
        model_id: str,
        input_type: type[InputT],
        output_type: type[OutputT],
        # The number of fields differs from model to model, and each takes any object.
        check: Callable[..., list[Problem]],
        output_kind: Literal["image", "video", "audio"],
        media: tuple[MediaField, ...] = (),
    ) -> None:
        self._model_id = model_id
        self._input_type = input_type
        self._output_type = output_type
        self._check = check
        self._output_kind = output_kind
        self._media = media

    def validate(
        self, value: InputT | Mapping[str, object], *, allow_private_media: bool = False
    ) -> list[Problem]:
        """Return what is wrong with *value*, an ``Input`` or a dict in wire form."""
        problems = self._check_form(value)
        if not self._media or allow_private_media:
            return problems
        from ._media.static import private_problems  # noqa: PLC0415 - not to make an Input

        return self._in_order([*problems, *private_problems(find(self._media, value))])

    def check_media(
        self, value: InputT | Mapping[str, object], client: Client | None
    ) -> MediaReport:
        """Read the media of *value*, and hold them against their rules."""
        from ._media.check import check  # noqa: PLC0415 - it loads urllib3, if there are URLs
        from ._media.settings import MediaSettings  # noqa: PLC0415 - likewise

        if client is not None:
            _require_client(client)
        places = {pointer(str(field.place[0])) for field in self._media}
        faults = [
            one
            for one in self._check_form(value)
            if any(one.path == place or one.path.startswith(f"{place}/") for place in places)
        ]
        settings = MediaSettings() if client is None else client.media_settings
        return check(self._model_id, find(self._media, value), settings, faults=faults)

    def submit(
        self,
        client: Client,
        value: InputT | Mapping[str, object] | None,
        fields: Mapping[str, Any],
        media: MediaMode,
    ) -> Job[OutputT]:
        """Check the input and submit it, once."""
        return self._submitted(client, value, fields, media)

    def run(  # noqa: PLR0913 - what the module's own run takes
        self,
        client: Client,
        value: InputT | Mapping[str, object] | None,
        fields: Mapping[str, Any],
        media: MediaMode,
        *,
        timeout: float | None,
        on_update: Callable[[Status], object] | None,
    ) -> Result[OutputT]:
        """Submit, and wait for the result."""
        from ._job import check_wait, run_to_end  # noqa: PLC0415 - only a submission needs it

        check_wait(timeout, on_update)  # before anything is paid for
        return run_to_end(self._submitted(client, value, fields, media), timeout, on_update)

    def job(self, client: Client, request_id: str) -> Job[OutputT]:
        """Return the job *request_id*, which was submitted before."""
        _require_client(client)
        return client.open_job(request_id, self._model_id, self._read)

    def _submitted(
        self,
        client: Client,
        value: InputT | Mapping[str, object] | None,
        fields: Mapping[str, Any],
        media: MediaMode,
    ) -> Job[OutputT]:
        _require_client(client)
        body = self._prepared(client.media_settings, value, fields, media)
        return client.post_job(self._model_id, body, self._read)

    def _prepared(
        self,
        settings: MediaSettings,
        value: InputT | Mapping[str, object] | None,
        fields: Mapping[str, Any],
        media: MediaMode,
    ) -> Body:
        """Return the body to send: of a sound input, with its files read and looked at."""
        from ._encode import encode  # noqa: PLC0415 - only a submission needs it

        if media not in _MODES:
            modes = ", ".join(map(repr, _MODES))
            raise ConfigurationError(f"media is one of {modes}, not {media!r}")
        wire = self._wire(value, fields, allow_private_media=settings.allow_private)
        body = encode(self._model_id, wire)
        if self._media and media != "skip":
            from ._media.check import enforce  # noqa: PLC0415 - it loads urllib3

            enforce(self._model_id, find(self._media, wire), settings, body.files, mode=media)
        return body

    def _wire(
        self,
        value: InputT | Mapping[str, object] | None,
        fields: Mapping[str, Any],
        *,
        allow_private_media: bool,
    ) -> Mapping[str, object]:
        """Return the input in wire form, sound."""
        if value is None:
            value = self._input_type(**fields)
        elif fields:
            raise TypeError(f"pass an input or its fields, not both: {', '.join(fields)}")
        if problems := self.validate(value, allow_private_media=allow_private_media):
            raise InvalidInput(self._model_id, problems)
        if not isinstance(value, self._input_type):
            return cast("Mapping[str, object]", value)
        from ._convert import to_wire  # noqa: PLC0415 - cattrs is for submissions only

        return to_wire(value)

    def _read(self, output: object) -> OutputT:
        from ._convert import read_output  # noqa: PLC0415 - cattrs is for results only

        return read_output(self._output_type, output, self._output_kind)

    def _check_form(self, value: InputT | Mapping[str, object]) -> list[Problem]:
        """Hold *value* against the schema, whichever form it has."""
        if not isinstance(value, (self._input_type, Mapping)):
            raise TypeError(self._wrong_form(cast("object", value)))
        if isinstance(value, self._input_type):
            given = cast("object", value)
            return self._check(*(getattr(given, field.name) for field in self._fields))
        return self._check_wire(cast("Mapping[str, object]", value))

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
        return [*self._in_order([*nulls, *checked]), *unknown]

    def _in_order(self, problems: Iterable[Problem]) -> list[Problem]:
        """Sort *problems* as the fields are; what is wrong with the whole input comes last."""
        names = (pointer(_wire_name(field)) for field in self._fields)
        order = {name: place for place, name in enumerate(names)}
        return sorted(
            problems,
            key=lambda one: order.get(f"/{one.path[1:].partition('/')[0]}", len(order)),
        )

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
