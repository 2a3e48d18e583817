"""The client: an account's token and a pool of connections, from which jobs are submitted.

What it is made of stands in ``_base_client.py``. It may be used from any number of threads.
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
        journal: Where every submission and its result is written down: a file, True for the
            user's own (``$RUNCOMFY_JOURNAL``, or ``runcomfy/journal.sqlite3`` among the user's
            state), or a :class:`Journal` that is open.
        store_inputs: Whether the journal holds inputs, or their digests alone.
        clock: What waits measure time and sleep with; the machine's own if not given.

    Raises:
        ConfigurationError: There is no token, or one of these is unsound. Nothing was sent.
        JournalError: The journal can't be opened.
    """

    def _connect(self, transport: Transport, clock: Clock | None) -> Clock:
        # Those of its maps, which end with it.
        self._schedulers: weakref.WeakSet[Scheduler[Any]] = weakref.WeakSet()
        self._driver = Driver(transport, clock or SystemClock())
        return self._driver.clock

    @property
    def journal(self) -> ClientJournal:
        """The journal that the client was made with.

        Raises:
            ConfigurationError: It was made without one.
        """
        from .client_journal import ClientJournal  # noqa: PLC0415 - it loads SQLite

        return ClientJournal(self._kept(), self._service, self._driver, self._schedule)

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
        return self._submit(AnyModel(model_id), input, "skip")

    def job(self, request_id: str, model_id: str | None = None) -> Job[Any]:
        """Pick up a job that was submitted before. Nothing is sent.

        Raises:
            ConfigurationError: The request id is none.
        """
        return Job(self._driver, check_request_id(request_id), model_id, as_it_is, self._service)

    # Any: as above.
    def map(
        self,
        model_id: str,
        inputs: Iterable[Mapping[str, object]],
        **options: Unpack[MapOptions],
    ) -> Generator[tuple[Mapping[str, object], Result[Any] | RunComfyError]]:
        """Submit many inputs to any model and wait for their results; as a model's own ``map``."""
        from runcomfy_core.map.options import map_settings  # noqa: PLC0415 - for maps only

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
        check_wait(timeout, on_update)  # before anything is paid for
        return self._pursued(endpoint, value, media, lambda job: job.wait(timeout, on_update))

    def _pursued(
        self,
        endpoint: Endpoint[InputT, T],
        value: InputT,
        media: MediaMode,
        pursue: Callable[[Job[T]], PursuedT],
    ) -> PursuedT:
        """Submit a job, and return what *pursue* makes of it; whatever is raised tells of it."""
        submission = self._submitting(endpoint.model_id)
        job: Job[T] | None = None
        try:
            request_id = self._driver.run(self._submission(submission, endpoint, value, media))
            job = Job(self._driver, request_id, endpoint.model_id, endpoint.read, self._service)
            return pursue(job)
        except BaseException as stop:
            # What the operations did not tell, for it came between them.
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
        from runcomfy_core.map.many import Tally, each  # noqa: PLC0415 - for maps only
        from runcomfy_core.map.options import total  # noqa: PLC0415 - likewise
        from runcomfy_core.map.progress import telling  # noqa: PLC0415 - likewise

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

    # Any: a client's maps are of many models.
    def _schedule(self) -> Scheduler[Any]:
        from runcomfy_core.jobs.engine import Scheduler  # noqa: PLC0415 - for maps only

        scheduler: Scheduler[Any] = Scheduler(self._driver.transport, self._driver.clock)
        self._schedulers.add(scheduler)
        return scheduler

    def close(self) -> None:
        """Close the connections and the journal. Jobs go on remotely, except those of maps.

        A map that is under way ends with an error, in at most 5 s: without a journal, those of its
        jobs that still queue are cancelled.
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
