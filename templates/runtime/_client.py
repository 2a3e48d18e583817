"""The client: an account's token and a pool of connections, from which jobs are submitted.

What it is made of stands in ``_base_client.py``. It may be used from any number of threads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

from ._api import check_model_id, check_request_id
from ._base_client import BaseClient, as_it_is
from ._encode import encode
from ._job import Job
from ._polling import Clock, SystemClock
from ._steps import Driver

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from ._base_client import Prepared
    from ._transport import Transport

T = TypeVar("T")


class Client(BaseClient[Clock]):
    """A connection to the Model API.

    Args:
        token: The API token; else it is taken from ``RUNCOMFY_API_TOKEN``, ``RUNCOMFY_TOKEN`` or
            the vendor's token file (docs/contract.md, "Tokens").
        base_url: The API with its version; else ``RUNCOMFY_MODEL_API_BASE``, else the real one.
        connect_timeout: Seconds that a connection may take.
        read_timeout: Seconds that an answer may take, all of it.
        submit_attempts: How often a submission is sent at most when it provably was not taken
            (docs/contract.md, "Paying once"); 1 sends it once, whatever happens.
        submit_deadline: Seconds after which such a submission is not sent again.
        media_timeout: Seconds that checking the media of one input may take, all together.
        allow_private_media: Whether media URLs may be http, or lead to this machine or its
            network. The API can't read such; a sandbox on this machine can.
        clock: What waits measure time and sleep with; the machine's own if not given.

    Raises:
        ConfigurationError: There is no token, or one of these is unsound. Nothing was sent.
    """

    def _connect(self, transport: Transport, clock: Clock | None) -> None:
        self._driver = Driver(transport, clock or SystemClock())

    # JSON that no schema vouches for: any type.
    def submit(self, model_id: str, input: Mapping[str, object], /) -> Job[Any]:  # noqa: A002
        """Submit a job to any model, once; the input is sent as it is, and files in it are read.

        For a model with bindings, its own ``submit`` checks the input first.

        Raises:
            InvalidInput: The input can't be written as JSON, or a file in it can't be read;
                nothing was sent.
            ConfigurationError: The model id is none; nothing was sent.
            ApiError: The API refused; no job was made.
            ConnectionFailed: The API could not be reached; nothing was sent.
            SubmissionUncertain: The job may exist, and be billed.
        """
        return self.post_job(model_id, encode(check_model_id(model_id), input), as_it_is)

    def job(self, request_id: str, model_id: str | None = None) -> Job[Any]:
        """Pick up a job that was submitted before. Nothing is sent.

        Raises:
            ConfigurationError: The request id is none.
        """
        return self.open_job(request_id, model_id, as_it_is)

    def post_job(self, model_id: str, body: Prepared, read: Callable[[object], T]) -> Job[T]:
        """Submit a job whose output *read* turns into its model's type; for the bindings."""
        request_id = self._driver.run(self._submission(model_id, body, self._driver.clock))
        return Job(self._driver, request_id, model_id, read)

    def open_job(
        self, request_id: str, model_id: str | None, read: Callable[[object], T]
    ) -> Job[T]:
        """Pick up a job whose output *read* turns into its model's type; for the bindings."""
        return Job(self._driver, check_request_id(request_id), model_id, read)

    def close(self) -> None:
        """Close the connections. Jobs go on remotely."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
