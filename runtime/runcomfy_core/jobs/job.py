"""A job that was submitted: asking after it, waiting for it, cancelling it, in the caller's thread.

What these do stands in ``base_job.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from .base_job import BaseJob, OutputT, Service

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from runcomfy_core.wire.steps import Driver

    from .base_job import OutputReader
    from .result import Result
    from .states import Status


class Job(BaseJob[OutputT]):
    """A submitted job. Made by ``submit`` and ``job``, not by hand.

    As a context manager it is not left behind: whichever way the block is left, a job that is not
    known to be over is cancelled, in at most 4 s. :attr:`cancelled` and, on an exception that
    leaves the block, a note say what came of that.

    Every error of ours that a method raises says that the job exists: its ``submitted`` is True,
    and its ``request_id`` is this job's.

    Attributes:
        request_id: The API's name for it; with it, another process can pick the job up.
        model_id: What it was submitted to, or None when that was not said.
    """

    def __init__(
        self,
        driver: Driver,
        request_id: str,
        model_id: str | None,
        read: OutputReader[OutputT],
        service: Service | None = None,
    ) -> None:
        service = service or Service(driver.clock, driver.transport.longest)
        super().__init__(request_id, model_id, read, service)
        self._driver = driver

    def status(self) -> Status:
        """Ask where the job stands (docs/contract.md, "States").

        A failure that may pass is tried again, four times in all.

        Raises:
            ApiError: The API refuses.
            ConnectionFailed: It can't be reached.
            UnexpectedResponse: Its answer is not what it documents.
        """
        return self._driver.run(self._status())

    def wait(
        self,
        timeout: float | None = 3600.0,
        on_update: Callable[[Status], object] | None = None,
    ) -> Result[OutputT]:
        """Wait until the job is over, and return its result.

        Asks at once, then after 1 s, growing by half up to every 10 s. Time in which the machine
        slept does not count. Ctrl-C cancels the job, if it still queues, once and in at most 4 s;
        a note on the KeyboardInterrupt says what came of that. A second Ctrl-C gives up at once.

        Args:
            timeout: Seconds to wait; 0 looks once; None waits without limit, through any outage.
            on_update: Called with each new state or place in the queue, in this thread.

        Raises:
            JobFailed: The model failed; ``raw`` has the whole answer.
            JobCancelled: The job was cancelled.
            WaitTimeout: The time is up; the job goes on, and can be waited for again.
            ApiError: The API refuses in a way that time will not change: the token, the
                permission, an unknown request.
            ConfigurationError: ``timeout`` is not a number of seconds.
        """
        try:
            return self._driver.run(self._wait(timeout, on_update))
        except BaseException as stop:
            # What came between two steps of the wait has told nobody yet.
            self._driver.run(self.leave(stop))
            raise

    def cancel(self, timeout: float | None = None) -> bool:
        """Ask to cancel the job; only one that is still in the queue can be.

        Args:
            timeout: Seconds that it may take, in a single try. Left out, it is tried again like
                :meth:`status`, since a second cancel does nothing.

        Returns:
            True only if the API says that it is cancelled, and so costs nothing. After False it
            goes on.

        Raises:
            ApiError: The API refuses.
            ConnectionFailed: It can't be reached.
            UnexpectedResponse: Its answer is not what it documents.
        """
        return self._driver.run(self._cancel(timeout))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._driver.run(self._leave(value))
