"""Models by their ids."""

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


# Any: which fields its input takes and its output has, only the model itself says.
class ModelModule(Protocol):
    """The module of a model that is known by its id: what every model's module has."""

    @property
    def MODEL_ID(self) -> str:  # noqa: N802 - as a module spells it
        """The id, as it stands in the URL."""
        ...

    @property
    def Input(self) -> Callable[..., Any]:  # noqa: N802 - as a module spells it
        """The class of its inputs."""
        ...

    @property
    def Output(self) -> type[Any]:  # noqa: N802 - as a module spells it
        """The class of its outputs."""
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
        """Say what is wrong with an input. Nothing is sent or read."""
        ...

    @overload
    def check_media(self, value: Any, client: Client | None = ...) -> MediaReport: ...
    @overload
    def check_media(self, value: Any, client: AsyncClient) -> Coroutine[Any, Any, MediaReport]: ...


def load(package: str, model_id: str) -> ModelModule:
    """Return the module of a model of *package*, where its client's models are.

    Raises:
        KeyError: There is none; the message names ids that are close.
    """
    modules: Mapping[str, str] = import_module("._index", package).MODULES
    if (name := modules.get(model_id)) is None:
        hint = near(model_id, modules) or "; MODULES lists all, and Client.submit takes any"
        raise KeyError(f"no bindings for the model {model_id!r}{hint}")
    return cast("ModelModule", import_module(name, package))
