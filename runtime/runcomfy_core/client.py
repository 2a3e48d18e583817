"""The client, which submits jobs and blocks the caller's thread.

A client may be used from any number of threads. ``base_client.py`` has what it shares with the
async client.
"""

from __future__ import annotations

import contextlib
import weakref
from typing import TYPE_CHECKING, Any, Self, TypeVar

from runcomfy_core.jobs.api import check_request_id
from runcomfy_core.jobs.base_job import check_wait
from runcomfy_core.jobs.endpoint import AnyModel, as_it_is
from runcomfy_core.jobs.job import Job
from runcomfy_core.jobs.submission import abandon
from runcomfy_core.wire.clock import Clock, SystemClock
from runcomfy_core.wire.steps import Driver

from .base_client import BaseClient

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping
    from types import TracebackType
    from typing import Unpack

    from runcomfy_core.http.transport import Transport
    from runcomfy_core.jobs.endpoint import Endpoint
    from runcomfy_core.jobs.engine import Scheduler
    from runcomfy_core.jobs.result import Result
    from runcomfy_core.jobs.states import Status
    from runcomfy_core.map.options import MapOptions, MapSettings, Plan
    from runcomfy_core.media.report import MediaReport
    from runcomfy_core.media.settings import MediaSettings
    from runcomfy_core.media.values import MediaMode

    from .client_journal import ClientJournal
    from .errors import RunComfyError

InputT = TypeVar("InputT")
PursuedT = TypeVar("PursuedT")
T = TypeVar("T")


class Client(BaseClient[Clock]):
    """A connection to the Model API.

    Args:
        token: The API token. By default it is taken from ``RUNCOMFY_API_TOKEN``,
            ``RUNCOMFY_TOKEN`` or the vendor's token file (docs/contract.md, "Tokens").
        base_url: The URL of the API with its version. By default it is taken from
            ``RUNCOMFY_MODEL_API_BASE``, or is RunComfy's own.
        connect_timeout: Seconds that it may take to connect.
        read_timeout: Seconds that a whole answer may take.
        submit_attempts: The most times that a submission is sent if the API provably did not take
            it (docs/contract.md, "Paying once"); 1 means that it is never sent again.
        submit_deadline: Seconds after which a submission is not sent again.
        media_timeout: Seconds that the check of all media of one input may take.
        allow_private_media: Whether media URLs may be http, or lead to this machine or its
            network. The API can't read such URLs, but a sandbox on this machine can.
        journal: Where every submission and its result is recorded: a file, True for the user's own
            (``$RUNCOMFY_JOURNAL``, or ``runcomfy/journal.sqlite3`` in the directory for the user's
            state), or an open :class:`Journal`.
        store_inputs: Whether the journal stores inputs, or only their digests.
        clock: What waits tell the time and sleep with; by default the system's clock.

    Raises:
        ConfigurationError: There is no token, or an argument can't be used. Nothing was sent.
        JournalError: The journal can't be opened.
    """

    def _connect(self, transport: Transport, clock: Clock | None) -> Clock:
        # The schedulers of this client's maps, which `close` closes.
        self._schedulers: weakref.WeakSet[Scheduler[Any]] = weakref.WeakSet()
        self._driver = Driver(transport, clock or SystemClock())
        return self._driver.clock

    @property
    def journal(self) -> ClientJournal:
        """The journal that the client was made with.

        Raises:
            ConfigurationError: The client was made without a journal.
        """
        from .client_journal import ClientJournal  # noqa: PLC0415 - it loads SQLite

        return ClientJournal(self._kept(), self._service, self._driver, self._schedule)

    # Any: the output is JSON that no schema vouches for.
    def submit(self, model_id: str, input: Mapping[str, object], /) -> Job[Any]:  # noqa: A002 - as in the API
        """Submit a job to any model, exactly once.

        Files in the input are read, and the rest is sent as it is. If the model has bindings, use
        their ``submit``, which checks the input first.

        Raises:
            InvalidInput: The input can't be written as JSON, or a file in it can't be read;
                nothing was sent.
            ConfigurationError: The model id is not valid; nothing was sent.
            ApiError: The API refused; no job was made.
            ConnectionFailed: The API could not be reached; nothing was sent.
            SubmissionUncertain: The job may exist, and be billed.
        """
        return self._submit(AnyModel(model_id), input, "skip")

    def job(self, request_id: str, model_id: str | None = None) -> Job[Any]:
        """Pick up a job that was submitted before. Nothing is sent.

        Raises:
            ConfigurationError: The request id is not valid.
        """
        return Job(self._driver, check_request_id(request_id), model_id, as_it_is, self._service)

    # Any: the output is JSON that no schema vouches for.
    def map(
        self,
        model_id: str,
        inputs: Iterable[Mapping[str, object]],
        **options: Unpack[MapOptions],
    ) -> Generator[tuple[Mapping[str, object], Result[Any] | RunComfyError]]:
        """Submit many inputs to any model, and yield each with its result or error.

        :class:`MapOptions` describes the options. If the model has bindings, use their ``map``,
        which checks the inputs first.

        Raises:
            ConfigurationError: An argument can't be used; nothing was sent.
            JournalError: The journal can't be opened or read.
        """
        from runcomfy_core.map.options import map_settings  # noqa: PLC0415 - only maps need it

        return self._map(AnyModel(model_id), inputs, map_settings(options), "skip")

    def _submit(self, endpoint: Endpoint[InputT, T], value: InputT, media: MediaMode) -> Job[T]:
        return self._pursued(endpoint, value, media, lambda job: job)

    def _run(
        self,
        endpoint: Endpoint[InputT, T],
        value: InputT,
        media: MediaMode,
        timeout: float | None,
        on_update: Callable[[Status], object] | None,
    ) -> Result[T]:
        check_wait(timeout, on_update)  # a wrong argument must be found before anything is paid for
        return self._pursued(endpoint, value, media, lambda job: job.wait(timeout, on_update))

    def _pursued(
        self,
        endpoint: Endpoint[InputT, T],
        value: InputT,
        media: MediaMode,
        pursue: Callable[[Job[T]], PursuedT],
    ) -> PursuedT:
        """Submit a job, and return what *pursue* returns for it; an exception names the job."""
        submission = self._submitting(endpoint.model_id)
        job: Job[T] | None = None
        try:
            request_id = self._driver.run(self._submission(submission, endpoint, value, media))
            job = Job(self._driver, request_id, endpoint.model_id, endpoint.read, self._service)
            return pursue(job)
        except BaseException as stop:
            # An interruption between two operations reached neither of them, so it is handled here.
            self._driver.run(abandon(submission, stop) if job is None else job.leave(stop))
            raise

    def _open(self, endpoint: Endpoint[Any, T], request_id: str) -> Job[T]:
        request_id = check_request_id(request_id)
        return Job(self._driver, request_id, endpoint.model_id, endpoint.read, self._service)

    def _examine(self, examine: Callable[[MediaSettings], MediaReport]) -> MediaReport:
        return examine(self._media_settings)

    def _map(
        self,
        endpoint: Endpoint[InputT, T],
        inputs: Iterable[InputT],
        settings: MapSettings,
        media: MediaMode,
    ) -> Generator[tuple[InputT, Result[T] | RunComfyError]]:
        return self._mapped(self._plan(endpoint, inputs, settings, media), inputs)

    def _mapped(
        self, plan: Plan[InputT, T], inputs: Iterable[InputT]
    ) -> Generator[tuple[InputT, Result[T] | RunComfyError]]:
        from runcomfy_core.map.many import Tally, each  # noqa: PLC0415 - only maps need it
        from runcomfy_core.map.options import total  # noqa: PLC0415 - only maps need it
        from runcomfy_core.map.progress import telling  # noqa: PLC0415 - only maps need it

        options = plan.options
        scheduler: Scheduler[Result[T]] = self._schedule()
        with (
            contextlib.closing(scheduler),
            self._map_service(options, lambda: scheduler.under_way) as (service, journal),
            telling(options.on_progress, plan.endpoint.model_id, progress=options.progress) as tell,
        ):
            jobs = self._jobs(
                plan,
                service,
                lambda request_id: Job(
                    self._driver, request_id, plan.endpoint.model_id, plan.endpoint.read, service
                ),
            )
            tally: Tally[InputT, Result[T]] = Tally(
                options.max_in_flight, total(inputs), options.ordered, tell, journal
            )
            yield from each(scheduler, jobs.operations(inputs), tally)

    # Any: the maps of one client may be of different models.
    def _schedule(self) -> Scheduler[Any]:
        from runcomfy_core.jobs.engine import Scheduler  # noqa: PLC0415 - only maps need it

        scheduler: Scheduler[Any] = Scheduler(self._driver.transport, self._driver.clock)
        self._schedulers.add(scheduler)
        return scheduler

    def close(self) -> None:
        """Close the connections and the journal; jobs go on remotely.

        A map that is under way ends with an error, in at most 5 s. If it has no journal, its jobs
        that are still in the queue are cancelled.
        """
        for scheduler in list(self._schedulers):
            scheduler.close()
        self._transport.close()
        self._close_journal()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
