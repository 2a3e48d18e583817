"""The client for an event loop, with the same calls and guarantees as the blocking one.

Both clients run the same operations: one in the caller's thread, and one on the event loop.
"""

from __future__ import annotations

import contextlib
import os
import weakref
from typing import TYPE_CHECKING, Any, Self, TypeVar

from runcomfy_core.jobs.api import check_request_id
from runcomfy_core.jobs.async_driver import AsyncClock, AsyncDriver, AsyncSystemClock
from runcomfy_core.jobs.async_job import AsyncJob
from runcomfy_core.jobs.base_job import check_wait
from runcomfy_core.jobs.endpoint import AnyModel, as_it_is
from runcomfy_core.jobs.submission import abandon
from runcomfy_core.wire.steps import work

from .base_client import BaseClient

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Mapping
    from types import TracebackType
    from typing import Unpack

    from runcomfy_core.http.transport import Transport
    from runcomfy_core.jobs.endpoint import Endpoint
    from runcomfy_core.jobs.result import Result
    from runcomfy_core.jobs.states import Status
    from runcomfy_core.map.many_async import Batch
    from runcomfy_core.map.options import MapOptions, MapSettings, Plan
    from runcomfy_core.media.report import MediaReport
    from runcomfy_core.media.settings import MediaSettings
    from runcomfy_core.media.values import MediaMode

    from .client_journal import AsyncClientJournal
    from .errors import RunComfyError

InputT = TypeVar("InputT")
T = TypeVar("T")


class AsyncClient(BaseClient[AsyncClock]):
    """A connection to the Model API, for the tasks of one event loop.

    It takes the arguments of :class:`Client`. At most 32 threads make its requests, however many
    jobs are waited for.
    """

    def _connect(self, transport: Transport, clock: AsyncClock | None) -> AsyncClock:
        # The batches of this client's maps, which `aclose` closes.
        self._batches: weakref.WeakSet[Batch[Any]] = weakref.WeakSet()
        self._driver = AsyncDriver(transport, clock or AsyncSystemClock())
        return self._driver.clock

    @property
    def journal(self) -> AsyncClientJournal:
        """The journal that the client was made with.

        Raises:
            ConfigurationError: The client was made without a journal.
        """
        from .client_journal import AsyncClientJournal  # noqa: PLC0415 - it loads SQLite

        return AsyncClientJournal(self._kept(), self._service, self._driver, self._batch)

    # Any: the output is JSON that no schema vouches for.
    async def submit(self, model_id: str, input: Mapping[str, object], /) -> AsyncJob[Any]:  # noqa: A002 - as in the API
        """Submit a job to any model, exactly once; :meth:`Client.submit` describes the errors.

        If the task is cancelled before the submission is on its way, nothing is sent. Once it is on
        its way, it can't be stopped: its answer is awaited for up to 4 s, and after that in the
        background, and the job is cancelled. A note on the CancelledError says what is known.
        """
        return await self._submit(AnyModel(model_id), input, "skip")

    def job(self, request_id: str, model_id: str | None = None) -> AsyncJob[Any]:
        """Pick up a job that was submitted before. Nothing is sent.

        Raises:
            ConfigurationError: The request id is not valid.
        """
        request_id = check_request_id(request_id)
        return AsyncJob(self._driver, request_id, model_id, as_it_is, self._service)

    # Any: the output is JSON that no schema vouches for.
    def map(
        self,
        model_id: str,
        inputs: Iterable[Mapping[str, object]],
        **options: Unpack[MapOptions],
    ) -> AsyncGenerator[tuple[Mapping[str, object], Result[Any] | RunComfyError]]:
        """Submit many inputs to any model, and yield each with its result or error.

        :class:`MapOptions` describes the options. If the model has bindings, use their ``map``,
        which checks the inputs first.

        Raises:
            ConfigurationError: An argument can't be used; nothing was sent.
            JournalError: The journal can't be opened or read.
        """
        from runcomfy_core.map.options import map_settings  # noqa: PLC0415 - only maps need it

        return self._map(AnyModel(model_id), inputs, map_settings(options), "skip")

    # Any: only asyncio sees what a coroutine yields and is sent.
    def _submit(
        self, endpoint: Endpoint[InputT, T], value: InputT, media: MediaMode
    ) -> Coroutine[Any, Any, AsyncJob[T]]:
        return self._submitted(endpoint, value, media)

    async def _submitted(
        self, endpoint: Endpoint[InputT, T], value: InputT, media: MediaMode
    ) -> AsyncJob[T]:
        process = os.getpid()
        submission = self._submitting(endpoint.model_id)
        try:
            request_id = await self._driver.run(
                self._submission(submission, endpoint, value, media)
            )
            return AsyncJob(
                self._driver, request_id, endpoint.model_id, endpoint.read, self._service
            )
        except GeneratorExit:  # the driver has a thread finish the submission
            raise
        except BaseException as stop:
            if process == os.getpid():
                # An interruption between two steps of the operation never reached it.
                await self._driver.run(abandon(submission, stop))
            raise

    # Any: only asyncio sees what a coroutine yields and is sent.
    def _run(
        self,
        endpoint: Endpoint[InputT, T],
        value: InputT,
        media: MediaMode,
        timeout: float | None,
        on_update: Callable[[Status], object] | None,
    ) -> Coroutine[Any, Any, Result[T]]:
        return self._ran(endpoint, value, media, timeout, on_update)

    async def _ran(
        self,
        endpoint: Endpoint[InputT, T],
        value: InputT,
        media: MediaMode,
        timeout: float | None,  # noqa: ASYNC109 - the job outlives the timeout
        on_update: Callable[[Status], object] | None,
    ) -> Result[T]:
        check_wait(timeout, on_update)  # a wrong argument must be found before anything is paid for
        process = os.getpid()
        job = await self._submitted(endpoint, value, media)
        try:
            return await job.wait(timeout, on_update)
        except GeneratorExit:
            raise
        except BaseException as stop:
            if process == os.getpid():
                await self._driver.run(job.leave(stop))
            raise

    def _open(self, endpoint: Endpoint[Any, T], request_id: str) -> AsyncJob[T]:
        request_id = check_request_id(request_id)
        return AsyncJob(self._driver, request_id, endpoint.model_id, endpoint.read, self._service)

    async def _examine(self, examine: Callable[[MediaSettings], MediaReport]) -> MediaReport:
        return await self._driver.run(work(lambda: examine(self._media_settings)))

    def _map(
        self,
        endpoint: Endpoint[InputT, T],
        inputs: Iterable[InputT],
        settings: MapSettings,
        media: MediaMode,
    ) -> AsyncGenerator[tuple[InputT, Result[T] | RunComfyError]]:
        return self._mapped(self._plan(endpoint, inputs, settings, media), inputs)

    async def _mapped(
        self, plan: Plan[InputT, T], inputs: Iterable[InputT]
    ) -> AsyncGenerator[tuple[InputT, Result[T] | RunComfyError]]:
        from runcomfy_core.map.many import Tally  # noqa: PLC0415 - only maps need it
        from runcomfy_core.map.many_async import each_async  # noqa: PLC0415 - only maps need it
        from runcomfy_core.map.options import total  # noqa: PLC0415 - only maps need it
        from runcomfy_core.map.progress import telling  # noqa: PLC0415 - only maps need it

        options = plan.options
        batch: Batch[Result[T]] = self._batch()
        with (
            self._map_service(options, batch.waits()) as (service, journal),
            telling(options.on_progress, plan.endpoint.model_id, progress=options.progress) as tell,
        ):
            jobs = self._jobs(
                plan,
                service,
                lambda request_id: AsyncJob(
                    self._driver, request_id, plan.endpoint.model_id, plan.endpoint.read, service
                ),
            )
            tally: Tally[InputT, Result[T]] = Tally(
                options.max_in_flight, total(inputs), options.ordered, tell, journal
            )
            each = each_async(batch, jobs.operations(inputs), tally)
            # If the caller stops early, the generator is closed, and its jobs are cancelled, right
            # away and not when the garbage collector finds it.
            async with contextlib.aclosing(each) as pairs:
                async for pair in pairs:
                    yield pair

    # Any: the maps of one client may be of different models.
    def _batch(self) -> Batch[Any]:
        from runcomfy_core.map.many_async import Batch  # noqa: PLC0415 - only maps need it

        batch: Batch[Any] = Batch(self._driver)
        self._batches.add(batch)
        return batch

    def _when_settled(self, close: Callable[[], object]) -> None:
        self._driver.when_settled(close)

    async def aclose(self) -> None:
        """Close the connections and the journal; jobs go on remotely.

        A map that is under way ends with an error, in at most 5 s. If it has no journal, its jobs
        that are still in the queue are cancelled. Submissions whose task was cancelled get up to
        4 s more. If one takes longer, it goes on in the background, and the journal is closed after
        it.
        """
        for batch in list(self._batches):
            await batch.close()
        await self._driver.aclose()
        self._close_journal()

    def close(self) -> None:
        """Close the connections and the journal, without waiting for anything.

        A submission that is under way goes on in the background, and the connections and the
        journal are closed after it.
        """
        self._driver.close()
        self._close_journal()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()
