"""A job for programs with an event loop: what :mod:`~runcomfy_core.jobs.job` has, awaited."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Self

from .base_job import BaseJob, OutputT, Service

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from .async_driver import AsyncDriver
    from .base_job import OutputReader
    from .result import Result
    from .states import Status


class AsyncJob(BaseJob[OutputT]):
    """A submitted job. Made by ``submit`` and ``job``, not by hand.

    As an asynchronous context manager it is not left behind: whichever way the block is left, a
    job that is not known to be over is cancelled, in at most 4 s. :attr:`cancelled` and, on an
    exception that leaves the block, a note say what came of that. Errors are those of :class:`Job`.

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
        service: Service | None = None,
    ) -> None:
        service = service or Service(driver.clock, driver.transport.longest)
        super().__init__(request_id, model_id, read, service)
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
        process = os.getpid()
        try:
            return await self._driver.run(self._wait(timeout, on_update))
        except GeneratorExit:  # a thread finishes the wait
            raise
        except BaseException as stop:
            if process == os.getpid():
                # What came between two steps of the wait has told nobody yet.
                await self._driver.run(self.leave(stop))
            raise

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
