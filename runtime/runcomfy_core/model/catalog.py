"""Finding a model by its id."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast, overload

from runcomfy_core.misspelt import near

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Iterable, Mapping
    from typing import Unpack

    from runcomfy_core.async_client import AsyncClient
    from runcomfy_core.client import Client
    from runcomfy_core.errors import RunComfyError
    from runcomfy_core.jobs.async_job import AsyncJob
    from runcomfy_core.jobs.job import Job
    from runcomfy_core.jobs.result import Result
    from runcomfy_core.map.options import ModelMapOptions
    from runcomfy_core.media.report import MediaReport
    from runcomfy_core.problem import Problem

    from .signatures import R, Runs, Submits
    from .tools import ToolFormat


# Any: only the model itself knows the fields of its input and its output.
class ModelModule(Protocol):
    """The module of a model: the names that every model's module has."""

    @property
    def MODEL_ID(self) -> str:  # noqa: N802 - it is a module's constant
        """The model's id, as it is in the URL."""
        ...

    @property
    def Input(self) -> Callable[..., Any]:  # noqa: N802 - it is a module's class
        """The class of the model's inputs."""
        ...

    @property
    def Output(self) -> type[Any]:  # noqa: N802 - it is a module's class
        """The class of the model's outputs."""
        ...

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the input in wire form."""
        ...

    def tool(self, format: ToolFormat) -> dict[str, Any]:  # noqa: A002 - as the models call it
        """Return the model as the definition of a tool that a language model can call."""
        ...

    def submit(self, client: Submits[Any, R], *value: Any, **fields: Any) -> R:
        """Submit a job, once, after its input is checked; it costs money."""
        ...

    def run(self, client: Runs[Any, R], *value: Any, **fields: Any) -> R:
        """Submit a job and wait for its result; it costs money. Ctrl-C cancels the job."""
        ...

    @overload
    def map(
        self, client: Client, inputs: Iterable[Any], **options: Unpack[ModelMapOptions]
    ) -> Generator[tuple[Any, Result[Any] | RunComfyError]]: ...
    @overload
    def map(
        self, client: AsyncClient, inputs: Iterable[Any], **options: Unpack[ModelMapOptions]
    ) -> AsyncGenerator[tuple[Any, Result[Any] | RunComfyError]]: ...

    @overload
    def job(self, client: Client, request_id: str) -> Job[Any]: ...
    @overload
    def job(self, client: AsyncClient, request_id: str) -> AsyncJob[Any]: ...

    def validate(self, value: Any, *, allow_private_media: bool = ...) -> list[Problem]:
        """Return the problems of an input. Nothing is sent or read."""
        ...

    @overload
    def check_media(self, value: Any, client: Client | None = ...) -> MediaReport: ...
    @overload
    def check_media(self, value: Any, client: AsyncClient) -> Coroutine[Any, Any, MediaReport]: ...


def load(package: str, model_id: str) -> ModelModule:
    """Return the module of a model.

    Args:
        package: The package that holds the models' modules.
        model_id: The model's id.

    Raises:
        KeyError: There is no such model. The message names similar ids.
    """
    modules: Mapping[str, str] = import_module("._index", package).MODULES
    if (name := modules.get(model_id)) is None:
        hint = near(model_id, modules) or "; MODULES lists all, and Client.submit takes any"
        raise KeyError(f"no bindings for the model {model_id!r}{hint}")
    return cast("ModelModule", import_module(name, package))
