"""A model: one object that ties its id, types and validator to whatever client is called with.

A generated module makes one, and hands out its functions.

Rules:

- Whatever form an input has, it is checked in wire form right before it is sent: a list inside it
  may have changed since it was made. What is passed by name is checked once, where its ``Input`` is
  made.
- A file is read once for a submission: what was checked of it is what is sent.
- Importing a model loads neither urllib3 nor cattrs; the first submission does. What is known of
  its fields is worked out when it is first asked for.
"""

# A client offers what a model calls to nobody else.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import (
    TYPE_CHECKING,
    Any,
    Final,
    Generic,
    Literal,
    TypeAlias,
    TypeVar,
    cast,
    overload,
)

import attrs

from runcomfy_core.jobs.endpoint import Endpoint
from runcomfy_core.text import shown
from runcomfy_core.unset import UNSET, Unset
from runcomfy_core.values.broken import pointer
from runcomfy_core.values.checks import is_array

from .forms import Forms, first_step
from .inputs import Function, equip

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Iterable, Iterator
    from types import ModuleType
    from typing import Unpack

    from runcomfy_core.async_client import AsyncClient
    from runcomfy_core.client import Client
    from runcomfy_core.errors import RunComfyError
    from runcomfy_core.files.body import Body
    from runcomfy_core.jobs.async_job import AsyncJob
    from runcomfy_core.jobs.job import Job
    from runcomfy_core.jobs.result import Result
    from runcomfy_core.jobs.states import Status
    from runcomfy_core.map.options import ModelMapOptions
    from runcomfy_core.media.places import Found
    from runcomfy_core.media.report import MediaReport
    from runcomfy_core.media.rules import MediaField
    from runcomfy_core.media.settings import MediaSettings
    from runcomfy_core.media.values import MediaMode
    from runcomfy_core.problem import Problem

InputT = TypeVar("InputT", bound=attrs.AttrsInstance)
OutputT = TypeVar("OutputT")
SubmitT = TypeVar("SubmitT")
RunT = TypeVar("RunT")

_MODES: Final = ("check", "local", "warn", "skip")


class Named:
    """The fields of an input, as a caller passes them by name."""

    # Any: a field takes what its model says.
    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.fields = fields


#: What a submission takes.
Given: TypeAlias = InputT | Mapping[str, object] | Named


class Model(Endpoint[Given[InputT], OutputT], Generic[InputT, OutputT, SubmitT, RunT]):
    """One model of the API.

    Args:
        model_id: The id, as it stands in the URL.
        input_type: Its ``Input``, which gets its constructor, its signature and its help here.
        output_type: Its ``Output``.
        check: Its validator; takes the fields of ``Input`` in their order, UNSET (None, where the
            schema has no null) for one that is left out.
        output_kind: What a bare URL in an output is (docs/contract.md, "Outputs").
        media: Where its input holds media.
        submit: A function with the signature of its ``submit``; for type checkers alone.
        run: The same for its ``run``.

    Attributes:
        submit: Checks an input and submits it, once.
        run: Does so and waits for the result.
    """

    submit: SubmitT
    run: RunT

    def __init__(  # noqa: PLR0913 - what a module declares, once
        self,
        model_id: str,
        input_type: type[InputT],
        output_type: type[OutputT],
        # The number of fields differs from model to model, and each takes any object.
        check: Callable[..., list[Problem]],
        *,
        output_kind: Literal["image", "video", "audio"],
        media: tuple[MediaField, ...] = (),
        submit: SubmitT,
        run: RunT,
    ) -> None:
        del submit, run
        self.model_id = model_id
        self._input_type = input_type
        self._output_type = output_type
        self._forms = Forms(model_id, input_type, check)
        self._output_kind = output_kind
        self._media = media
        #: What is done about media where a caller says nothing.
        self._unsaid: MediaMode = "check" if any(one.rules for one in media) else "local"
        unsaid = self._unsaid
        self.submit = cast("SubmitT", Function("submit", self._submit, input_type, unsaid))
        self.run = cast("RunT", Function("run", self._run, input_type, unsaid))
        equip(input_type, check, self._forms.refuse)

    @property
    def input_type(self) -> type[InputT]:
        """The class of its inputs."""
        return self._input_type

    def validate(
        self, value: InputT | Mapping[str, object], *, allow_private_media: bool = False
    ) -> list[Problem]:
        """Say what is wrong with *value*, an input or a dict in wire form. Nothing is sent or read.

        Args:
            value: The input.
            allow_private_media: Whether media URLs may be http, or lead to this machine or
                network, which the API can't read; for a sandbox.

        Returns:
            All problems, in the order of the fields; an empty list when it is sound.
        """
        problems = self._forms.problems(value)
        return problems if allow_private_media else self._private(value, problems)

    def _private(
        self, value: InputT | Mapping[str, object], problems: list[Problem]
    ) -> list[Problem]:
        """Add to the *problems* of an input those of media that the API can't reach."""
        if not self._media:
            return problems
        static = _static()
        if static.seem_public(value, self._media_names):
            return problems
        private = list(static.private_problems(self._found(value)))
        return self._forms.in_order([*problems, *private]) if private else problems

    @overload
    def check_media(
        self, value: InputT | Mapping[str, object], client: Client | None = None
    ) -> MediaReport: ...
    @overload
    def check_media(
        self, value: InputT | Mapping[str, object], client: AsyncClient
    ) -> Coroutine[Any, Any, MediaReport]: ...
    def check_media(
        self, value: InputT | Mapping[str, object], client: Client | AsyncClient | None = None
    ) -> MediaReport | Coroutine[Any, Any, MediaReport]:
        """Read the headers of the input's media and hold them against the model's media rules.

        Args:
            value: The input; only its media are looked at, and names that no field has.
            client: Whose settings to use (``allow_private_media``, ``media_timeout``).

        Raises:
            errors.ConnectionFailed: The network of this machine is down, so nothing is known.
        """
        from runcomfy_core.media.settings import MediaSettings  # noqa: PLC0415 - not to make an Input

        if client is None:
            return self._report(value, MediaSettings())
        if isinstance(client, (self._input_type, Mapping)):  # as submit, run and map take them
            raise TypeError("the input comes first: check_media(value, client)")
        _check_client(client)
        return client._examine(functools.partial(self._report, value))

    # Any: what comes of it depends on the client, as the module's own signatures say.
    def _submit(
        self,
        client: Client | AsyncClient,
        value: InputT | Mapping[str, object] | None = None,
        *,
        media: MediaMode | Unset = UNSET,
        **fields: Any,
    ) -> Any:
        _check_client(client)
        mode = self._mode(media)
        return client._submit(self, self._given(value, fields), mode)

    # Any: as above.
    def _run(
        self,
        client: Client | AsyncClient,
        value: InputT | Mapping[str, object] | None = None,
        *,
        media: MediaMode | Unset = UNSET,
        timeout: float | None = 3600.0,
        on_update: Callable[[Status], object] | None = None,
        **fields: Any,
    ) -> Any:
        _check_client(client)
        mode = self._mode(media)
        return client._run(self, self._given(value, fields), mode, timeout, on_update)

    @overload
    def map(
        self,
        client: Client,
        inputs: Iterable[InputT | Mapping[str, object]],
        **options: Unpack[ModelMapOptions],
    ) -> Generator[tuple[InputT | Mapping[str, object], Result[OutputT] | RunComfyError]]: ...
    @overload
    def map(
        self,
        client: AsyncClient,
        inputs: Iterable[InputT | Mapping[str, object]],
        **options: Unpack[ModelMapOptions],
    ) -> AsyncGenerator[tuple[InputT | Mapping[str, object], Result[OutputT] | RunComfyError]]: ...
    # Any: as above.
    def map(
        self,
        client: Client | AsyncClient,
        inputs: Iterable[InputT | Mapping[str, object]],
        **options: Unpack[ModelMapOptions],
    ) -> Any:
        """Submit many inputs and wait for their results, many at once; each costs money.

        With a journal it may be killed at any point and started again with the same inputs:
        nothing is submitted twice, and no result is lost. That holds for a client's own journal as
        well: an input that it has gives what became of it then. Without a journal, whoever stops
        early (``break``, Ctrl-C) cancels the jobs that still queue.

        Args:
            client: The client to submit with.
            inputs: Inputs, or dicts in wire form; asked for more only when there is room.
            options: How the map is performed, by name:

                - ``max_in_flight``: How many jobs may be under way at once; 32 by default.
                - ``ordered``: Whether outcomes come in the order of the inputs, not as jobs end.
                - ``media``: As for ``submit``.
                - ``timeout``: Seconds to wait for each job, by default an hour; None waits without
                  limit.
                - ``journal``: A journal of this map's own, in place of its client's: a file, or
                  True for the user's.
                - ``on_progress``: Called with how far the map is, whenever that changes.
                - ``progress``: Whether to draw a line on the terminal (the extra ``progress``).

        Yields:
            Each input with its result, or with the error that came of it; no error stops the rest.

        Raises:
            errors.ConfigurationError: An argument can't be used. Nothing was sent.
        """
        from runcomfy_core.map.options import map_settings  # noqa: PLC0415 - for maps only

        _check_client(client)
        media = options.pop("media", None)
        mode = self._mode(UNSET if media is None else media)
        return client._map(self, inputs, map_settings(options), mode)

    @overload
    def job(self, client: Client, request_id: str) -> Job[OutputT]: ...
    @overload
    def job(self, client: AsyncClient, request_id: str) -> AsyncJob[OutputT]: ...
    def job(
        self, client: Client | AsyncClient, request_id: str
    ) -> Job[OutputT] | AsyncJob[OutputT]:
        """Pick up a job that was submitted before, perhaps by another process. Nothing is sent.

        Raises:
            errors.ConfigurationError: The request id is none.
        """
        _check_client(client)
        return client._open(self, request_id)

    def _report(self, value: InputT | Mapping[str, object], settings: MediaSettings) -> MediaReport:
        from runcomfy_core.media.check import check  # noqa: PLC0415 - it loads urllib3

        others = {pointer(name) for name in self._forms.names}
        others -= {pointer(str(field.place[0])) for field in self._media}
        # Those of no field, too: a medium's name may be misspelt. The whole input's pointer is "".
        problems = self._forms.problems(value)
        faults = [one for one in problems if one.path and first_step(one.path) not in others]
        return check(self.model_id, self._found(value), settings, faults=faults)

    def body(self, value: Given[InputT], settings: MediaSettings, media: MediaMode) -> Body:
        """Return the body to send: of a sound input, with its files read and looked at."""
        from runcomfy_core.media.encode import encode  # noqa: PLC0415 - only a submission needs it

        wire = self._wire(value, allow_private_media=settings.allow_private)
        body = encode(self.model_id, wire)
        self.look(wire, body, settings, media)
        return body

    def look(
        self, value: Given[InputT], body: Body, settings: MediaSettings, media: MediaMode
    ) -> None:
        """Look at the media of an input, or at those files of it that the *body* has."""
        if self._media and media != "skip":
            from runcomfy_core.media.check import enforce  # noqa: PLC0415 - it loads urllib3

            enforce(self.model_id, self._found(value), settings, body.files, mode=media)

    def read(self, output: object) -> OutputT:
        """Return an answer's ``output`` as an Output."""
        from runcomfy_core.values.convert import read_output  # noqa: PLC0415 - cattrs is for results only

        return read_output(self._output_type, output, self._output_kind)

    def _mode(self, media: MediaMode | Unset) -> MediaMode:
        """Return what to do about media.

        Raises:
            ConfigurationError: The caller said something else.
        """
        if isinstance(media, Unset):
            return self._unsaid
        if media not in _MODES:
            from runcomfy_core.errors import ConfigurationError  # noqa: PLC0415 - as for forms

            modes = ", ".join(map(repr, _MODES))
            raise ConfigurationError(f"media is one of {modes}, not {shown(media)}")
        return media

    # Any: a field takes what its model says.
    def _given(
        self, value: InputT | Mapping[str, object] | None, fields: Mapping[str, Any]
    ) -> Given[InputT]:
        """Return what a caller passed: an input, or its fields by their names."""
        if value is None:
            return Named(fields)
        if fields:
            if isinstance(value, (self._input_type, Mapping)):
                names = ", ".join(fields)
                raise TypeError(f"pass an input or its fields, not both: {names}")
            raise TypeError(f"{self._forms.wrong(value)}; fields are passed by their names")
        return value

    def _wire(self, value: Given[InputT], *, allow_private_media: bool) -> Mapping[str, object]:
        """Return the input in wire form, sound."""
        made: InputT | Mapping[str, object]
        if isinstance(value, Named):
            # Nobody else has it yet, so it stays as its constructor found it.
            made = self._input_type(**value.fields)
            problems = [] if allow_private_media else self._private(made, [])
        else:
            made = value
            problems = self.validate(made, allow_private_media=allow_private_media)
        if problems:
            self._forms.refuse(problems)
        if not isinstance(made, self._input_type):
            wire = cast("Mapping[str, object]", made)
            return {name: self._plain(one) for name, one in wire.items()}
        from runcomfy_core.values.convert import to_wire  # noqa: PLC0415 - cattrs is for submissions only

        return to_wire(made)

    def _plain(self, value: object) -> object:
        """Return a value of a dict in wire form, without instances of the module's classes."""
        if type(value).__module__ == self._input_type.__module__:
            from runcomfy_core.values.convert import to_wire  # noqa: PLC0415 - as in _wire

            return to_wire(cast("attrs.AttrsInstance", value))
        return [self._plain(item) for item in value] if is_array(value) else value

    def _found(self, value: object) -> Iterator[Found]:
        """Yield the media of an input."""
        from runcomfy_core.media.places import find  # noqa: PLC0415 - not to import a model

        return find(self._media, value)

    @functools.cached_property
    def _media_names(self) -> tuple[str | int | None, ...]:
        """The first steps to its media: fields by their names in JSON, or EACH."""
        return tuple(dict.fromkeys(field.place[0] for field in self._media))


@functools.cache
def _static() -> ModuleType:
    """Return the module that judges hosts. An Input is made without it."""
    from runcomfy_core.media import static  # noqa: PLC0415 - as said

    return static


def _check_client(client: object) -> None:
    from runcomfy_core.base_client import BaseClient  # noqa: PLC0415 - it loads urllib3, for calls only

    if not isinstance(client, BaseClient):
        kind = type(client)
        raise TypeError(
            "the first argument is a Client or an AsyncClient, not of type "
            f"{kind.__module__}.{kind.__qualname__}"
        )
