"""10,000 jobs in flight in one process: memory and CPU of each job."""

# The peers are installed where the benchmarks run, and nowhere else:
# mypy: disable-error-code="import-not-found, import-untyped"

from __future__ import annotations

import asyncio
import itertools
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .clients import INPUT, MODEL, TOKEN
from .machine import version
from .measure import in_turns, tell
from .server import Server
from .table import Column, Goal, Row, Sample, Table
from .worker import Worker

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

_CPU: Final = Column("CPU of a job", "ms", drawn=True)
_MEMORY: Final = Column("memory of a job", "bytes", drawn=True)
_WALL: Final = Column("until all are over", "s")
_POLLS: Final = 3
#: What httpx keeps open by default.
_AT_ONCE: Final = 100
_KIB: Final = 1024
_CONTENDERS: Final = {
    "ours": ("ours", "runcomfy-models", "AsyncClient, one task a job; `submit` and `wait`."),
    "ours, map": ("map", "runcomfy-models", "Client.map, max_in_flight as many as jobs."),
    "fal-client": (
        "fal",
        "fal-client",
        (
            "AsyncClient, one task a job; `submit`, `status`, `get`, at its default interval. At "
            "most 100 requests at once, by a semaphore of ours: left to httpx' queue for "
            "connections, 2,000 jobs took twice the CPU and more than twice the memory."
        ),
    ),
    "replicate": (
        "replicate",
        "replicate",
        (
            "`async_create` and `async_reload`, one task a job, at its default interval, and the "
            "same semaphore: without it, waiting for a connection fails after 10 s."
        ),
    ),
}


def tables(*, quick: bool) -> Iterator[Table]:
    """Measure each sample in a new process, because a process doesn't give memory back."""
    jobs, samples = (100, 1) if quick else (10_000, 3)
    title = f"{jobs:,} jobs in flight"
    tell(title)
    found = in_turns({who: _sampler(one[0], jobs) for who, one in _CONTENDERS.items()}, samples)
    rows = tuple(
        Row(
            who,
            {
                column.title: Sample(one[place] for one in taken)
                for place, column in enumerate((_CPU, _MEMORY, _WALL))
            },
            f"{version(_CONTENDERS[who][1])}. {_CONTENDERS[who][2]}",
            own=who.startswith("ours"),
        )
        for who, taken in found.items()
    )
    goals = tuple(
        Goal(f"{column.title}, {ours}: at most 0.25 of {who}'s", column.title, ours, who, 0.25)
        for column in (_CPU, _MEMORY)
        for ours in ("ours", "ours, map")
        for who in ("fal-client", "replicate")
    )
    note = (
        f"All submitted at once; each is over at poll {_POLLS}. Each client pauses between polls "
        "as it does by default. Memory is the peak beyond what the process held before, a job."
    )
    yield Table(title, (_CPU, _MEMORY, _WALL), rows, "ours", goals, note)


def _sampler(function: str, jobs: int) -> Callable[[], tuple[float, float, float]]:
    def sample() -> tuple[float, float, float]:
        with (
            Server(polls=_POLLS) as server,
            Worker("flight", "fly", function, server.origin, jobs) as worker,
        ):
            cpu, memory, wall = worker.sample()
        return cpu / jobs * 1e3, memory / jobs, wall

    return sample


def fly(function: str, origin: str, jobs: int) -> Callable[[], tuple[float, float, float]]:
    """Set up a contender in its own process; return the function that takes a sample."""
    if function == "map":
        return _map(origin, jobs)
    set_up: Callable[[str], Callable[[], Awaitable[object]]] = globals()[f"_{function}"]

    async def all_of_them() -> tuple[float, float, float]:
        call = set_up(origin)
        await call()  # what is loaded and connected once is no job's
        held, begin, before = _memory("VmRSS"), time.perf_counter(), time.process_time()
        outputs = await asyncio.gather(*(call() for _ in range(jobs)))
        wall, cpu = time.perf_counter() - begin, time.process_time() - before
        if not all(outputs):
            raise RuntimeError(f"{function}: a job without output")
        return cpu, _memory("VmHWM") - held, wall

    return lambda: asyncio.run(all_of_them())


def _map(origin: str, jobs: int) -> Callable[[], tuple[float, float, float]]:
    """Set up our `map`, which is made for many jobs and needs no event loop."""
    from runcomfy import Client  # noqa: PLC0415 - for this contender alone

    client = Client(TOKEN, base_url=f"{origin}/v1")

    def many(count: int) -> None:
        for _, result in client.map(MODEL, itertools.repeat(INPUT, count), max_in_flight=jobs):
            if isinstance(result, Exception):
                raise result

    def sample() -> tuple[float, float, float]:
        many(1)  # what is loaded and connected once is no job's
        held, begin, before = _memory("VmRSS"), time.perf_counter(), time.process_time()
        many(jobs)
        wall, cpu = time.perf_counter() - begin, time.process_time() - before
        return cpu, _memory("VmHWM") - held, wall

    return sample


def _ours(origin: str) -> Callable[[], Awaitable[object]]:
    from runcomfy import AsyncClient  # noqa: PLC0415 - for this contender alone

    client = AsyncClient(TOKEN, base_url=f"{origin}/v1")

    async def call() -> object:
        job = await client.submit(MODEL, INPUT)
        return (await job.wait()).output

    return call


def _fal(origin: str) -> Callable[[], Awaitable[object]]:
    import fal_client  # noqa: PLC0415 - for this contender alone
    from fal_client import client as module  # noqa: PLC0415 - for this contender alone

    module.QUEUE_URL_FORMAT = f"{origin}/"  # plain HTTP, as clients.py explains
    client = fal_client.AsyncClient(key=TOKEN)

    room = asyncio.Semaphore(_AT_ONCE)

    async def call() -> object:
        async with room:
            handle = await client.submit("fal-ai/model", INPUT)
        for _ in range(_POLLS - 1):
            async with room:
                await handle.status()
            await asyncio.sleep(module.DEFAULT_QUEUE_POLL_INTERVAL)
        async with room:
            return await handle.get()  # the last poll, and the result

    return call


def _replicate(origin: str) -> Callable[[], Awaitable[object]]:
    import replicate  # noqa: PLC0415 - for this contender alone

    client = replicate.Client(api_token=TOKEN, base_url=origin)
    room = asyncio.Semaphore(_AT_ONCE)

    async def call() -> object:
        async with room:
            prediction = await client.predictions.async_create(version="1" * 64, input=INPUT)
        while prediction.status not in {"succeeded", "failed", "canceled"}:
            await asyncio.sleep(client.poll_interval)
            async with room:
                await prediction.async_reload()
        return prediction.output

    return call


def _memory(which: str) -> float:
    """Return the memory of this process in bytes: current (VmRSS) or at its peak (VmHWM)."""
    status = Path("/proc/self/status")
    if not status.exists():  # not on Linux, where the standard library knows only the peak
        unit = 1 if sys.platform == "darwin" else _KIB
        return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)
    lines = status.read_text(encoding="ascii", errors="replace").splitlines()
    return next(float(line.split()[1]) * _KIB for line in lines if line.startswith(which))
