"""The client for programs with an event loop: the same calls, awaited, with the same guarantees.

Both clients perform the same operations; only who performs them differs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

from ._api import check_request_id
from ._async_driver import AsyncClock, AsyncDriver, AsyncSystemClock
from ._base_client import BaseClient, as_it_is
from ._base_job import BaseJob, OutputT
from ._encode import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from ._base_client import Prepared
    from ._base_job import OutputReader
    from ._result import Result
    from ._states import Status
    from ._transport import Transport

T = TypeVar("T")


class AsyncJob(BaseJob[OutputT]):
    """A submitted job. Made by ``submit`` and ``job``, not by hand.

    As an asynchronous context manager it is not left behind: whichever way the block is left, a
    job that is not known to be over is cancelled, in at most 4 s. :attr:`cancelled` and, on an
    exception that leaves the block, a note say what came of that.

    Attributes:
        request_id: The API's name for it; with it, another process can pick the job up.
        model_id: What it was submitted to, or None when that was not said.
    """

    def __init__(
        self,
        driver: AsyncDriver,
        request_id: str,
        model_id: str | None,
        read: OutputReader[OutputT],
    ) -> None:
        super().__init__(request_id, model_id, read, driver.clock, driver.transport.longest)
        self._driver = driver

    async def status(self) -> Status:
        """Ask where the job stands; as :meth:`Job.status`."""
        return await self._driver.run(self._status())

    async def wait(
        self,
        timeout: float | None = 3600.0,  # noqa: ASYNC109 - the job outlives it, and can be resumed
        on_update: Callable[[Status], object] | None = None,
    ) -> Result[OutputT]:
        """Wait until the job is over, and return its result; as :meth:`Job.wait`.

        Cancelling the task that waits cancels the job, if it still queues, in at most 4 s; a note
        on the CancelledError says what came of that. So does :func:`asyncio.timeout`; to stop
        waiting and leave the job alone, pass ``timeout``.

        Args:
            timeout: Seconds to wait; 0 looks once; None waits without limit, through any outage.
            on_update: Called with each new state or place in the queue, on the event loop: it
                should be quick, and not a coroutine function.

        Raises:
            JobFailed: The model failed; ``raw`` has the whole answer.
            JobCancelled: The job was cancelled.
            WaitTimeout: The time is up; the job goes on, and can be waited for again.
            ApiError: The API refuses in a way that time will not change.
            ConfigurationError: ``timeout`` is not a number of seconds.
        """
        return await self._driver.run(self._wait(timeout, on_update))

    async def cancel(self, timeout: float | None = None) -> bool:  # noqa: ASYNC109 - as in Job
        """Ask to cancel the job; as :meth:`Job.cancel`."""
        return await self._driver.run(self._cancel(timeout))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._driver.run(self._leave(value))


class AsyncClient(BaseClient[AsyncClock]):
    """A connection to the Model API, for the tasks of one event loop.

    The arguments are those of :class:`Client`. Requests are made by 32 threads at most, however
    many jobs are waited for.
    """

    def _connect(self, transport: Transport, clock: AsyncClock | None) -> None:
        self._driver = AsyncDriver(transport, clock or AsyncSystemClock())

    # JSON that no schema vouches for: any type.
    async def submit(self, model_id: str, input: Mapping[str, object], /) -> AsyncJob[Any]:  # noqa: A002
        """Submit a job to any model, once; as :meth:`Client.submit`.

        Cancelling the task before the submission is on its way unmakes it. Afterwards it can't be
        unsent: its answer is awaited for up to 4 s, then in the background, and the job that comes
        of it is cancelled; a note on the CancelledError says what is known.
        """
        return await self.post_job(model_id, lambda: encode(model_id, input), as_it_is)

    def job(self, request_id: str, model_id: str | None = None) -> AsyncJob[Any]:
        """Pick up a job that was submitted before. Nothing is sent.

        Raises:
            ConfigurationError: The request id is none.
        """
        return self.open_job(request_id, model_id, as_it_is)

    async def post_job(
        self, model_id: str, body: Prepared, read: Callable[[object], T]
    ) -> AsyncJob[T]:
        """Submit a job whose output *read* turns into its model's type; for the bindings.

        A *body* that is a function, and *read*, are called in a thread.
        """
        request_id = await self._driver.run(self._submission(model_id, body, self._driver.clock))
        return AsyncJob(self._driver, request_id, model_id, read)

    def open_job(
        self, request_id: str, model_id: str | None, read: Callable[[object], T]
    ) -> AsyncJob[T]:
        """Pick up a job whose output *read* turns into its model's type; for the bindings."""
        return AsyncJob(self._driver, check_request_id(request_id), model_id, read)

    async def aclose(self) -> None:
        """Close the connections. Jobs go on remotely.

        Submissions whose task was cancelled get up to 4 s more to be settled.
        """
        await self._driver.aclose()

    def close(self) -> None:
        """Close the connections without waiting for anything."""
        self._driver.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()
