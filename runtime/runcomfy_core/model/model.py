"""Models: objects that connect a model's id, types and validator with any client.

A generated module makes one model, and exports its functions.

Rules:

- An input is checked right before it is sent, whatever its form, because a list inside it may have
  changed since it was made. Fields that are passed by name are checked once, when the ``Input`` is
  made.
- A file is read once for a submission. The bytes that are checked are the bytes that are sent.
- Importing a model loads neither urllib3 nor cattrs; the first submission does. Facts about a
  model's fields are computed when they are first needed.
"""

# A model calls methods of the client that are private to everybody else.
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

    from .tools import ToolFormat

InputT = TypeVar("InputT", bound=attrs.AttrsInstance)
OutputT = TypeVar("OutputT")
SubmitT = TypeVar("SubmitT")
RunT = TypeVar("RunT")

_MODES: Final = ("check", "local", "warn", "skip")


class Named:
    """The fields of an input that the user passed by name."""

    # Any: fields have any types.
    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.fields = fields


#: The forms of an input that a submission accepts.
Given: TypeAlias = InputT | Mapping[str, object] | Named


class Model(Endpoint[Given[InputT], OutputT], Generic[InputT, OutputT, SubmitT, RunT]):
    """A model of the API.

    Args:
        model_id: The model's id, as it is in the URL.
        input_type: The class ``Input``. It gets its constructor, signature and help here.
        output_type: The class ``Output``.
        check: The validator. It takes the fields of ``Input`` in their order. A field that is left
            out is UNSET if the schema allows null for it, and None otherwise.
        output_kind: The kind of a bare URL in an output (docs/contract.md, "Outputs").
        media: The fields of the input that hold media.
        submit: A function with the signature of ``submit``. Only type checkers use it.
        run: A function with the signature of ``run``. Only type checkers use it.

    Attributes:
        submit: Checks an input and submits it, once.
        run: Checks an input, submits it once, and waits for the result.
    """

    submit: SubmitT
    run: RunT

    def __init__(  # noqa: PLR0913 - only generated modules call it
        self,
        model_id: str,
        input_type: type[InputT],
        output_type: type[OutputT],
        # The number of fields differs between models, and each may be any object.
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
        #: The default of the argument ``media``.
        self._unsaid: MediaMode = "check" if any(one.rules for one in media) else "local"
        unsaid = self._unsaid
        self.submit = cast("SubmitT", Function("submit", self._submit, input_type, unsaid))
        self.run = cast("RunT", Function("run", self._run, input_type, unsaid))
        equip(input_type, self, check, self._forms.refuse)

    # Any: JSON nests without end, which no type says well.
    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema (2020-12) of the input in wire form, with the words of each field.

        A file's format is ``image_uri``, ``video_uri`` or ``audio_uri``: a text that is a URL or a
        ``data:`` URI. The dict is the caller's own.
        """
        return self._told()[1]

    def tool(self, format: ToolFormat) -> dict[str, Any]:  # noqa: A002 - as JSON Schema's own name is
        """Return the model as the definition of a tool that a language model can call.

        Args:
            format: Whose: ``"openai"`` (Chat Completions), ``"anthropic"`` (Messages) or ``"mcp"``
                (Model Context Protocol). The first two refuse rules for several fields at once at
                the top of a schema, so there the tool says less than ``validate`` checks.

        Raises:
            errors.ConfigurationError: There is no such format.
        """
        from .tools import definition  # noqa: PLC0415 - only where somebody asks

        return definition(self.model_id, *self._told(), format)

    def _told(self) -> tuple[str, dict[str, Any]]:
        from .schemas import read  # noqa: PLC0415 - only where somebody asks

        return read(self.model_id, self._input_type.__module__)

    @property
    def input_type(self) -> type[InputT]:
        """The class of the model's inputs."""
        return self._input_type

    def validate(
        self, value: InputT | Mapping[str, object], *, allow_private_media: bool = False
    ) -> list[Problem]:
        """Return the problems of an input. Nothing is sent or read.

        Args:
            value: The input, as an ``Input`` or a dict in wire form.
            allow_private_media: Whether media URLs may be plain http, or lead to this machine or
                its network. The API can't read such URLs, but a sandbox can.

        Returns:
            All problems, in the order of the fields; an empty list if there are none.
        """
        problems = self._forms.problems(value)
        return problems if allow_private_media else self._private(value, problems)

    def arguments(self, wire: Mapping[str, object]) -> dict[str, object]:
        """Return the fields of a sound dict in wire form by their names in Python.

        Raises:
            InvalidInput: It is not sound.
        """
        return self._forms.arguments(wire)

    def _private(
        self, value: InputT | Mapping[str, object], problems: list[Problem]
    ) -> list[Problem]:
        """Return the *problems* of an input, and problems of media that the API can't reach."""
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
        """Read the headers of the input's media and check them by the model's media rules.

        Args:
            value: The input. Only its media fields are checked, and names that are no fields.
            client: The client whose settings to use (``allow_private_media``, ``media_timeout``).

        Raises:
            errors.ConnectionFailed: This machine's network is down, so nothing could be checked.
        """
        from runcomfy_core.media.settings import MediaSettings  # noqa: PLC0415 - for checks only

        if client is None:
            return self._report(value, MediaSettings())
        if isinstance(client, (self._input_type, Mapping)):  # the arguments are in submit's order
            raise TypeError("the input comes first: check_media(value, client)")
        _check_client(client)
        return client._examine(functools.partial(self._report, value))

    # Any: the result depends on the client. The module declares the exact signatures.
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

    # Any: the result depends on the client. The module declares the exact signatures.
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
    # Any: the result depends on the client; the overloads declare it.
    def map(
        self,
        client: Client | AsyncClient,
        inputs: Iterable[InputT | Mapping[str, object]],
        **options: Unpack[ModelMapOptions],
    ) -> Any:
        """Submit many inputs, many at a time, and yield their results; each costs money.

        With a journal, the map may be killed at any point and started again with the same inputs.
        Nothing is submitted twice, and no result is lost: an input that is in the journal yields
        the outcome of its job. The client's journal is used unless the map has its own. Without a
        journal, stopping early (``break``, Ctrl-C) cancels the jobs that are still queued.

        Args:
            client: The client to submit with.
            inputs: Inputs, or dicts in wire form. They are read only as jobs can be submitted.
            options: Options by name:

                - ``max_in_flight``: How many jobs may be in progress at once; 32 by default.
                - ``ordered``: Whether to yield in the order of the inputs, not as jobs end.
                - ``media``: What to do about unusable media; the same values as for ``submit``.
                - ``timeout``: Seconds to wait for each job, by default an hour; None waits without
                  limit.
                - ``journal``: A journal for this map instead of the client's: a file, or True for
                  the user's.
                - ``on_progress``: Called with the map's progress whenever that changes.
                - ``progress``: Whether to draw a progress bar on the terminal (the extra
                  ``progress``).

        Yields:
            Each input with its result or its error. No error stops the other jobs.

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
            errors.ConfigurationError: The request id is not valid.
        """
        _check_client(client)
        return client._open(self, request_id)

    def _report(self, value: InputT | Mapping[str, object], settings: MediaSettings) -> MediaReport:
        from runcomfy_core.media.check import check  # noqa: PLC0415 - it loads urllib3

        others = {pointer(name) for name in self._forms.names}
        others -= {pointer(str(field.place[0])) for field in self._media}
        # Problems of media fields and of unknown names are kept, because an unknown name may be a
        # misspelt media field. The pointer of the whole input is "".
        problems = self._forms.problems(value)
        faults = [one for one in problems if one.path and first_step(one.path) not in others]
        return check(self.model_id, self._found(value), settings, faults=faults)

    def body(self, value: Given[InputT], settings: MediaSettings, media: MediaMode) -> Body:
        """Check an input, and return the body to send, with its files read and checked."""
        from runcomfy_core.media.encode import encode  # noqa: PLC0415 - only a submission needs it

        wire = self._wire(value, allow_private_media=settings.allow_private)
        body = encode(self.model_id, wire)
        self.look(wire, body, settings, media)
        return body

    def look(
        self, value: Given[InputT], body: Body, settings: MediaSettings, media: MediaMode
    ) -> None:
        """Check the media of an input. Files that are in the *body* are not read again."""
        if self._media and media != "skip":
            from runcomfy_core.media.check import enforce  # noqa: PLC0415 - it loads urllib3

            enforce(self.model_id, self._found(value), settings, body.files, mode=media)

    def read(self, output: object) -> OutputT:
        """Return an answer's ``output`` as an instance of the model's Output."""
        from runcomfy_core.values.convert import read_output  # noqa: PLC0415 - cattrs is for results only

        return read_output(self._output_type, output, self._output_kind)

    def _mode(self, media: MediaMode | Unset) -> MediaMode:
        """Return what to do about media: the argument, or the model's default.

        Raises:
            ConfigurationError: The argument is not one of the allowed values.
        """
        if isinstance(media, Unset):
            return self._unsaid
        if media not in _MODES:
            from runcomfy_core.errors import ConfigurationError  # noqa: PLC0415 - needed only for a refusal

            modes = ", ".join(map(repr, _MODES))
            raise ConfigurationError(f"media is one of {modes}, not {shown(media)}")
        return media

    # Any: fields have any types.
    def _given(
        self, value: InputT | Mapping[str, object] | None, fields: Mapping[str, Any]
    ) -> Given[InputT]:
        """Return the input that the user passed, whole or by its fields' names.

        Raises:
            TypeError: The user passed both.
        """
        if value is None:
            return Named(fields)
        if fields:
            if isinstance(value, (self._input_type, Mapping)):
                names = ", ".join(fields)
                raise TypeError(f"pass an input or its fields, not both: {names}")
            raise TypeError(f"{self._forms.wrong(value)}; fields are passed by their names")
        return value

    def _wire(self, value: Given[InputT], *, allow_private_media: bool) -> Mapping[str, object]:
        """Return the input in wire form.

        Raises:
            InvalidInput: The input has problems.
        """
        made: InputT | Mapping[str, object]
        if isinstance(value, Named):
            # The constructor checks the input, and nobody else can have changed it since.
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
        """Return a value in wire form, with instances of the module's classes as dicts."""
        if type(value).__module__ == self._input_type.__module__:
            from runcomfy_core.values.convert import to_wire  # noqa: PLC0415 - it loads cattrs

            return to_wire(cast("attrs.AttrsInstance", value))
        return [self._plain(item) for item in value] if is_array(value) else value

    def _found(self, value: object) -> Iterator[Found]:
        """Yield the media of an input."""
        from runcomfy_core.media.places import find  # noqa: PLC0415 - a model's import is short

        return find(self._media, value)

    @functools.cached_property
    def _media_names(self) -> tuple[str | int | None, ...]:
        """The first steps of the paths to its media: names of fields in JSON, or EACH."""
        return tuple(dict.fromkeys(field.place[0] for field in self._media))


@functools.cache
def _static() -> ModuleType:
    """Return the module that checks URLs. Making an ``Input`` does not need it."""
    from runcomfy_core.media import static  # noqa: PLC0415 - loaded on first use

    return static


def _check_client(client: object) -> None:
    from runcomfy_core.base_client import BaseClient  # noqa: PLC0415 - it loads urllib3, for calls only

    if not isinstance(client, BaseClient):
        kind = type(client)
        raise TypeError(
            "the first argument is a Client or an AsyncClient, not of type "
            f"{kind.__module__}.{kind.__qualname__}"
        )
