"""The client: an account's token and a pool of connections, from which jobs are submitted.

Rules:

- What a client is made of is checked when it is made, before any network.
- It may be used from any number of threads.
- The token is in no repr, message or log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

from ._api import Api, check_model_id, check_request_id
from ._config import Token, find_base_url, find_token, seconds
from ._encode import encode
from ._job import Job
from ._polling import SystemClock
from ._transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from ._polling import Clock

T = TypeVar("T")


class Client:
    """A connection to the Model API.

    Args:
        token: The API token; else it is taken from ``RUNCOMFY_API_TOKEN``, ``RUNCOMFY_TOKEN`` or
            the vendor's token file (docs/contract.md, "Tokens").
        base_url: The API with its version; else ``RUNCOMFY_MODEL_API_BASE``, else the real one.
        connect_timeout: Seconds that a connection may take.
        read_timeout: Seconds that an answer may take.
        clock: What waits measure time and sleep with; the machine's own if not given.

    Raises:
        ConfigurationError: There is no token, or one of these is unsound. Nothing was sent.
    """

    def __init__(
        self,
        token: str | None = None,
        *,
        base_url: str | None = None,
        connect_timeout: float = 10.0,
        read_timeout: float = 90.0,
        clock: Clock | None = None,
    ) -> None:
        # Wrapped at once, so that no frame below, and no traceback with locals, shows it.
        given = None if token is None else Token(token, "the argument token")
        del token
        transport = Transport(
            find_base_url(base_url),
            find_token(given),
            connect_timeout=seconds(connect_timeout, "connect_timeout", zero=False),
            read_timeout=seconds(read_timeout, "read_timeout", zero=False),
        )
        self._api = Api(transport, clock or SystemClock())

    @property
    def base_url(self) -> str:
        """Where requests go, version included."""
        return self._api.transport.base_url

    # JSON that no schema vouches for: any type.
    def submit(self, model_id: str, input: Mapping[str, object], /) -> Job[Any]:  # noqa: A002
        """Submit a job to any model, once; the input is sent as it is.

        For a model with bindings, its own ``submit`` checks the input first.

        Raises:
            InvalidInput: The input can't be written as JSON; nothing was sent.
            ConfigurationError: The model id is none; nothing was sent.
            ApiError: The API refused; no job was made.
            ConnectionFailed: The API could not be reached; nothing was sent.
            SubmissionUncertain: The job may exist, and be billed.
        """
        return self.post_job(model_id, input, _as_it_is)

    def job(self, request_id: str, model_id: str | None = None) -> Job[Any]:
        """Pick up a job that was submitted before. Nothing is sent.

        Raises:
            ConfigurationError: The request id is none.
        """
        return self.open_job(request_id, model_id, _as_it_is)

    def post_job(
        self, model_id: str, body: Mapping[str, object], read: Callable[[object], T]
    ) -> Job[T]:
        """Submit a job whose output *read* turns into its model's type; for the bindings."""
        request_id = self._api.submit(check_model_id(model_id), encode(model_id, body))
        return Job(self._api, request_id, model_id, read)

    def open_job(
        self, request_id: str, model_id: str | None, read: Callable[[object], T]
    ) -> Job[T]:
        """Pick up a job whose output *read* turns into its model's type; for the bindings."""
        return Job(self._api, check_request_id(request_id), model_id, read)

    def close(self) -> None:
        """Close the connections. Jobs go on remotely."""
        self._api.transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        # One that was refused while it was made is shown too, by a traceback with locals.
        return f"<client of {self.base_url}>" if hasattr(self, "_api") else "<client, not made>"


# Any, as in `submit`.
def _as_it_is(output: object) -> Any:
    return output
