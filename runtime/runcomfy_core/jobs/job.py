"""A job whose methods block the caller's thread; ``base_job.py`` has what they do."""

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
    """A job that was submitted. ``submit`` and ``job`` make it.

    As a context manager, it cancels the job at the end of the block if the job is not known to be
    over. That takes at most 4 s. :attr:`cancelled` tells how it went, and so does a note on an
    exception that leaves the block.

    Every RunComfyError that a method raises says that the job exists: its ``submitted`` is True,
    and its ``request_id`` is the job's.

    Attributes:
        request_id: The API's name for the job; with it, another process can pick the job up.
        model_id: The model that the job was submitted to, or None if it is not known.
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
        """Ask for the job's status (docs/contract.md, "States").

        A failure that may pass is retried; there are four tries in all.

        Raises:
            ApiError: The API refused.
            ConnectionFailed: The API can't be reached.
            UnexpectedResponse: The answer is not what the API documents.
        """
        return self._driver.run(self._status())

    def wait(
        self,
        timeout: float | None = 3600.0,
        on_update: Callable[[Status], object] | None = None,
    ) -> Result[OutputT]:
        """Wait until the job is over, and return its result.

        The status is asked for at once, and again after 1 s. Each further pause is half as long
        again, up to 10 s. Time in which the machine was suspended does not count. Ctrl-C cancels
        the job if it is still in the queue, which takes at most 4 s, and a note on the
        KeyboardInterrupt says how that went. A second Ctrl-C stops at once.

        Args:
            timeout: Seconds to wait; 0 asks once; None waits without limit, through any outage.
            on_update: Called with each new state or place in the queue, in this thread.

        Raises:
            JobFailed: The model failed; ``raw`` has the whole answer.
            JobCancelled: The job was cancelled.
            WaitTimeout: The time is up; the job goes on, and can be waited for again.
            ApiError: The API refused for a reason that time will not change: the token, the
                permission, an unknown request.
            ConfigurationError: ``timeout`` is not a number of seconds, or ``on_update`` is not a
                plain function.
        """
        try:
            return self._driver.run(self._wait(timeout, on_update))
        except BaseException as stop:
            # An interruption between two steps of the wait never reached the operation itself.
            self._driver.run(self.leave(stop))
            raise

    def cancel(self, timeout: float | None = None) -> bool:
        """Ask to cancel the job, which is possible only while the job is in the queue.

        Args:
            timeout: Seconds that the request may take; there is a single try then. Without a
                timeout, a failure that may pass is retried, because a second cancel does nothing.

        Returns:
            True only if the API says that the job is cancelled, and so costs nothing. After False
            the job goes on.

        Raises:
            ApiError: The API refused.
            ConnectionFailed: The API can't be reached.
            UnexpectedResponse: The answer is not what the API documents.
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
