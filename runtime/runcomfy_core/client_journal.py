"""The journal of a client: what was submitted, how it ended, and waiting for the rest."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import attrs

from runcomfy_core.jobs.api import check_request_id
from runcomfy_core.jobs.async_job import AsyncJob
from runcomfy_core.jobs.base_job import check_wait
from runcomfy_core.jobs.endpoint import as_it_is
from runcomfy_core.jobs.job import Job
from runcomfy_core.map.many import Tally, each
from runcomfy_core.map.many_async import each_async
from runcomfy_core.map.options import MapSettings

from .config import MAX_IN_FLIGHT
from .errors import JournalError
from .text import shown

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Iterator
    from pathlib import Path

    from runcomfy_core.jobs.async_driver import AsyncDriver
    from runcomfy_core.jobs.base_job import BaseJob, Service
    from runcomfy_core.jobs.engine import Scheduler
    from runcomfy_core.jobs.ledger import Ledger
    from runcomfy_core.jobs.result import Result
    from runcomfy_core.map.many import MapProgress
    from runcomfy_core.map.many_async import Batch
    from runcomfy_core.wire.steps import Driver, Steps

    from .errors import RunComfyError
    from .journal import Entry, State


class BaseClientJournal:
    """The journal of a client, which ``client.journal`` returns."""

    def __init__(self, ledger: Ledger, service: Service) -> None:
        self._ledger = ledger
        self._journal = ledger.journal
        self._service = service

    @property
    def path(self) -> Path:
        """The journal's file."""
        return self._journal.path

    def jobs(
        self, state: State | Iterable[State] | None = None, *, model_id: str | None = None
    ) -> Iterator[Entry]:
        """Return the submissions, the oldest first.

        Args:
            state: Return only submissions in this state, or in one of these states: ``posting``,
                ``uncertain``, ``refused``, ``submitted``, ``completed``, ``failed``, ``cancelled``.
            model_id: Return only submissions to this model.

        Raises:
            JournalError: The journal can't be read, or there is no such state.
        """
        return self._journal.jobs(state, model_id=model_id)

    def uncertain(self) -> list[Entry]:
        """Return the submissions that may have become a job, and may be billed.

        Look each of them up in the account's request history, and record what you find with
        :meth:`mark_submitted` or :meth:`mark_refused`.

        Raises:
            JournalError: The journal can't be read.
        """
        return self._journal.uncertain()

    def mark_submitted(self, local_id: str, request_id: str) -> None:
        """Record that an uncertain submission became a job.

        Raises:
            ConfigurationError: The request id is not valid.
            JournalError: The journal has no such submission, or can't be read.
        """
        request_id = check_request_id(request_id)
        self._check_local_id(local_id)
        self._journal.mark_submitted(local_id, request_id)

    def mark_refused(self, local_id: str) -> None:
        """Record that an uncertain submission became no job, so that a map submits it again.

        Raises:
            JournalError: The journal has no such submission, or can't be read.
        """
        self._check_local_id(local_id)
        self._journal.mark_refused(local_id, "found by its user to have become no job")

    def prune(self, *, older_than: float) -> int:
        """Forget submissions that are over, and return how many there were.

        No input is paid for again because of this. A job that a map submitted keeps its row, so
        that a later map over the same inputs finds it. The row loses its input, and also its result
        if the job succeeded: the later map gets the result from the API, which costs nothing and
        works as long as the API has it. Every other submission that is over (a job of ``submit`` or
        ``run``, or a refused submission) is removed whole. A submission that may still become a
        job, a job that is not known to be over, and the latest submission are left alone.

        The file does not shrink, but its space is used again.

        Args:
            older_than: Forget only submissions that have not changed for this many seconds.

        Returns:
            How many submissions were forgotten, whole or in part.

        Raises:
            ConfigurationError: ``older_than`` is not a number of seconds.
            JournalError: The journal can't be written. Some submissions may be forgotten already.
        """
        return self._journal.prune(older_than=older_than)

    def __repr__(self) -> str:
        return f"<journal {self.path}>"

    def _check_local_id(self, local_id: object) -> None:
        # The journal itself would only warn of an unknown local id.
        if not isinstance(local_id, str) or self._journal.get(local_id) is None:
            raise JournalError(
                self.path,
                f"it has no submission {shown(local_id)}; jobs() lists those that it has, each "
                "with its local_id",
            )

    # Any: the jobs may be of any models, so their outputs are plain JSON.
    def _unfinished(
        self, service: Service, timeout: float | None
    ) -> list[tuple[Entry, Steps[Result[Any]]]]:
        from runcomfy_core.jobs.ledger import reading  # noqa: PLC0415 - it loads SQLite

        found: list[tuple[Entry, Steps[Result[Any]]]] = []
        with reading():
            for entry in self._journal.unfinished(origin=self._ledger.origin):
                # Every unfinished entry has a request id; the check is for type checkers.
                if entry.request_id is not None:
                    job = self._job(entry.request_id, entry.model_id, service)
                    found.append((entry, job.outcome(timeout)))
        return found

    def _job(self, request_id: str, model_id: str, service: Service) -> BaseJob[Any]:
        raise NotImplementedError


class ClientJournal(BaseClientJournal):
    """The journal of a :class:`Client`."""

    def __init__(
        self,
        ledger: Ledger,
        service: Service,
        driver: Driver,
        schedule: Callable[[], Scheduler[Any]],
    ) -> None:
        super().__init__(ledger, service)
        self._driver = driver
        self._schedule = schedule

    # Any: the jobs may be of any models, so their outputs are plain JSON.
    def resume(
        self,
        *,
        timeout: float | None = 3600.0,
        max_in_flight: int = MAX_IN_FLIGHT,
        on_progress: Callable[[MapProgress], object] | None = None,
    ) -> Generator[tuple[Entry, Result[Any] | RunComfyError]]:
        """Wait for every job of the journal that is not over, and record how it ends.

        Args:
            timeout: Seconds to wait for each job; None waits without limit.
            max_in_flight: The most jobs that are waited for at once.
            on_progress: Called with the progress, whenever that changes.

        Yields:
            Each submission with its result or error, in the order in which the jobs end.

        Raises:
            JournalError: The journal can't be read.
            ConfigurationError: An argument can't be used.
        """
        options = MapSettings(max_in_flight=max_in_flight, on_progress=on_progress)
        return self._resumed(check_wait(timeout, None), options)

    def _resumed(
        self, timeout: float | None, options: MapSettings
    ) -> Generator[tuple[Entry, Result[Any] | RunComfyError]]:
        with contextlib.closing(self._schedule()) as scheduler:
            service = attrs.evolve(self._service, waits=lambda: scheduler.under_way)
            found = self._unfinished(service, timeout)
            yield from each(scheduler, found, _tally(found, options, self.path))

    def _job(self, request_id: str, model_id: str, service: Service) -> BaseJob[Any]:
        return Job(self._driver, request_id, model_id, as_it_is, service)


class AsyncClientJournal(BaseClientJournal):
    """The journal of an :class:`AsyncClient`."""

    def __init__(
        self,
        ledger: Ledger,
        service: Service,
        driver: AsyncDriver,
        batch: Callable[[], Batch[Any]],
    ) -> None:
        super().__init__(ledger, service)
        self._driver = driver
        self._batch = batch

    # Any: the jobs may be of any models, so their outputs are plain JSON.
    def resume(
        self,
        *,
        timeout: float | None = 3600.0,
        max_in_flight: int = MAX_IN_FLIGHT,
        on_progress: Callable[[MapProgress], object] | None = None,
    ) -> AsyncGenerator[tuple[Entry, Result[Any] | RunComfyError]]:
        """Wait for every job of the journal that is not over, and record how it ends.

        :meth:`ClientJournal.resume` describes arguments, items and errors.
        """
        options = MapSettings(max_in_flight=max_in_flight, on_progress=on_progress)
        batch = self._batch()
        service = attrs.evolve(self._service, waits=batch.waits())
        found = self._unfinished(service, check_wait(timeout, None))
        return each_async(batch, found, _tally(found, options, self.path))

    def _job(self, request_id: str, model_id: str, service: Service) -> BaseJob[Any]:
        return AsyncJob(self._driver, request_id, model_id, as_it_is, service)


# Any: the jobs may be of any models, so their outputs are plain JSON.
def _tally(
    found: list[tuple[Entry, Steps[Result[Any]]]], options: MapSettings, journal: Path
) -> Tally[Entry, Result[Any]]:
    return Tally(
        options.max_in_flight, len(found), on_progress=options.on_progress, journal=journal
    )
