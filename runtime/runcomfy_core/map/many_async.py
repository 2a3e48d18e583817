"""Runs many operations on an event loop, with a task for each; ``many.py`` has the rules."""

from __future__ import annotations

import asyncio
import os
import weakref
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

from runcomfy_core.jobs.engine import PARTING, Stopped, closed, forked

from .many import Source

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable, Iterator

    from runcomfy_core.errors import RunComfyError
    from runcomfy_core.jobs.async_driver import AsyncDriver
    from runcomfy_core.wire.steps import Steps

    from .many import Tally

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")
T = TypeVar("T")


class Batch(Generic[T]):
    """Runs operations as tasks until it is closed, as a Scheduler does in threads."""

    def __init__(self, driver: AsyncDriver) -> None:
        self._driver = driver
        self._tasks: set[asyncio.Task[T]] = set()
        # This is no asyncio.Queue, because a task that waits for one raises when it is collected
        # after its loop was closed.
        self._ended: deque[tuple[int, T | BaseException]] = deque()
        self._more: asyncio.Future[None] | None = None
        self._closed = False
        self._process = os.getpid()

    @property
    def under_way(self) -> int:
        """How many operations have not ended."""
        return len(self._tasks)

    def waits(self) -> Callable[[], int]:
        """Return a function that returns :attr:`under_way`.

        The function holds the batch weakly, because the batch's tasks hold the function.
        """
        known = weakref.ref(self)

        def under_way() -> int:
            batch = known()
            return 1 if batch is None else batch.under_way

        return under_way

    def start(self, number: int, steps: Steps[T]) -> None:
        """Start an operation.

        Args:
            number: The caller's name for the operation; its outcome comes back with it.
            steps: The operation.

        Raises:
            ConfigurationError: The batch is closed, or belongs to another process.
        """
        self._check_process()
        if self._closed:
            raise closed()

        def end(task: asyncio.Task[T]) -> None:
            self._tasks.discard(task)
            self._ended.append((number, _outcome(task)))
            if self._more is not None and not self._more.done():
                self._more.set_result(None)

        performing = self._driver.run(steps)
        try:
            task = asyncio.create_task(performing)
            self._tasks.add(task)
            task.add_done_callback(end)
        except BaseException:  # after Ctrl-C, a forgotten task would go on and spend money
            made = [task for task in asyncio.all_tasks() if task.get_coro() is performing]
            for task in made:
                task.cancel()
            if not made:
                performing.close()
            raise

    async def next_ended(self, *, wait: bool) -> tuple[int, T | BaseException] | None:
        """Return the number of the next operation that ended, and what it returned or raised.

        Args:
            wait: Whether to wait until an operation ends. If False, return None when none has.

        Raises:
            ConfigurationError: The batch belongs to another process.
        """
        self._check_process()
        if not wait:
            await asyncio.sleep(0)  # starting many operations in a row must not block the loop
        while not self._ended:
            if not wait:
                return None
            self._more = asyncio.get_running_loop().create_future()
            await self._more
        return self._ended.popleft()

    def ended(self) -> Iterator[tuple[int, T | BaseException]]:
        """Yield the outcomes that are there."""
        while self._ended:
            yield self._ended.popleft()

    async def close(self) -> int:
        """Cancel the operations, and give them a few seconds for their last requests.

        Returns:
            How many operations were not over by then.
        """
        if self._process != os.getpid():
            return 0  # the tasks belong to the parent process
        # A task of a closed loop never runs again. The driver has settled what it left behind.
        tasks = {task for task in self._tasks if not task.get_loop().is_closed()}
        if not self._closed:  # a second cancellation would interrupt the last requests
            self._closed = True
            for task in tasks:
                task.cancel()
        if not tasks:
            return 0
        _, left = await asyncio.wait(tasks, timeout=PARTING)
        return len(left)

    def _check_process(self) -> None:
        if self._process != os.getpid():
            raise forked()


def _outcome(task: asyncio.Task[T]) -> T | BaseException:
    """Return what a task returned or raised; a cancelled task gives Stopped, with its notes."""
    try:
        error = task.exception()
        return task.result() if error is None else error
    except asyncio.CancelledError as error:
        stopped = Stopped()
        for note in getattr(error, "__notes__", []):
            stopped.add_note(note)
        return stopped


async def each_async(
    batch: Batch[ResultT],
    operations: Iterable[tuple[ItemT, Steps[ResultT]]],
    tally: Tally[ItemT, ResultT],
) -> AsyncGenerator[tuple[ItemT, ResultT | RunComfyError]]:
    """Run operations, and yield each item with its result or error.

    Args:
        batch: Runs the operations; it is closed at the end.
        operations: The items, each with its operation; the next is taken when there is room.
        tally: Keeps count, and decides the order.
    """
    source = Source(operations)
    try:
        while source.more or tally.waiting:
            if source.more and tally.has_room and (following := source.next()) is not None:
                item, steps = following
                batch.start(tally.begin(item), steps)
            wait = tally.in_flight > 0 and not (source.more and tally.has_room)
            while ended := await batch.next_ended(wait=wait):
                tally.end(*ended)
                wait = False
            for given in tally.take():
                yield given
        source.end()
    except BaseException as stop:
        for words in tally.leave(await batch.close(), batch.ended()):
            stop.add_note(words)
        raise
    finally:
        await batch.close()
