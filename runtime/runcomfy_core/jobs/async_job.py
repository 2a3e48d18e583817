"""A job whose methods are awaited on an event loop; ``base_job.py`` has what they do."""

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
    """A job that was submitted. ``submit`` and ``job`` make it.

    As an asynchronous context manager, it cancels the job at the end of the block if the job is not
    known to be over. That takes at most 4 s. :attr:`cancelled` tells how it went, and so does a
    note on an exception that leaves the block.

    Every RunComfyError that a method raises says that the job exists: its ``submitted`` is True,
    and its ``request_id`` is the job's.

    Attributes:
        request_id: The API's name for the job; with it, another process can pick the job up.
        model_id: The model that the job was submitted to, or None if it is not known.
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
        """Ask for the job's status; :meth:`Job.status` describes retries and errors."""
        return await self._driver.run(self._status())

    async def wait(
        self,
        timeout: float | None = 3600.0,  # noqa: ASYNC109 - the job outlives the timeout
        on_update: Callable[[Status], object] | None = None,
    ) -> Result[OutputT]:
        """Wait until the job is over, and return its result.

        The status is asked for as often as by :meth:`Job.wait`. If the task that waits is
        cancelled, the job is cancelled if it is still in the queue. That takes at most 4 s, and a
        note on the CancelledError says how it went. :func:`asyncio.timeout` cancels the task, and
        so the job; to stop waiting and leave the job alone, pass ``timeout``.

        Args:
            timeout: Seconds to wait; 0 asks once; None waits without limit, through any outage.
            on_update: Called with each new state or place in the queue. It runs on the event loop,
                so it should be quick, and must not be a coroutine function.

        Raises:
            JobFailed: The model failed; ``raw`` has the whole answer.
            JobCancelled: The job was cancelled.
            WaitTimeout: The time is up; the job goes on, and can be waited for again.
            ApiError: The API refused for a reason that time will not change.
            ConfigurationError: ``timeout`` is not a number of seconds, or ``on_update`` is not a
                plain function.
        """
        process = os.getpid()
        try:
            return await self._driver.run(self._wait(timeout, on_update))
        except GeneratorExit:  # the driver has a thread finish the wait
            raise
        except BaseException as stop:
            if process == os.getpid():
                # An interruption between two steps of the wait never reached the operation itself.
                await self._driver.run(self.leave(stop))
            raise

    async def cancel(self, timeout: float | None = None) -> bool:  # noqa: ASYNC109 - the request has a deadline
        """Ask to cancel the job; :meth:`Job.cancel` describes argument, result and errors."""
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
