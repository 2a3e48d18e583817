"""A job's round over HTTP: CPU, and requests a second, with 1 and 32 at a time."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import attrs

from . import clients
from .machine import version
from .measure import in_turns, tell
from .server import Server
from .table import Column, Goal, Row, Sample, Table
from .worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_REQUESTS: Final = 4
_CPU: Final = Column("CPU of a round", "ms", drawn=True)
_RATE: Final = Column("requests a second", "", better="more")
_NAMES: Final = {
    "ours": "ours",
    "fal_client": "fal-client",
    "replicate": "replicate",
    "requests": "requests",
    "httpx": "httpx",
    "aiohttp": "aiohttp",
    "urllib3": "urllib3",
    "http_client": "http.client",
}
_SDKS: Final = ("fal-client", "replicate")


def tables(*, quick: bool) -> Iterator[Table]:
    """Measure each setting."""
    for latency in (0.0, 0.02):
        for threads in (1, 32):
            if quick and latency and threads == 1:
                continue  # a second for each sample
            samples = 3 if quick else 7
            yield _table(latency, threads, samples, _rounds(latency, threads, quick=quick))


def _rounds(latency: float, threads: int, *, quick: bool) -> int:
    """Return how many rounds a sample has, so that it takes at most about half a second."""
    if not latency:
        few = 200
    elif threads == 1:
        few = 8
    else:
        few = 192
    return max(threads, few // 3) if quick else few


def _table(latency: float, threads: int, samples: int, rounds: int) -> Table:
    title = f"A job's round: {threads} at a time, answers after {latency * 1000:.0f} ms"
    tell(title)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(Server(latency))
        workers = {
            name: stack.enter_context(
                Worker("rounds", "in_turn", function, server.origin, threads, rounds)
            )
            for function, name in _NAMES.items()
        }
        in_turns({name: worker.sample for name, worker in workers.items()}, 1)  # to warm up
        before, begin = server.counts()["cpu"], time.perf_counter()
        found = in_turns({name: worker.sample for name, worker in workers.items()}, samples)
        busy = (server.counts()["cpu"] - before) / (time.perf_counter() - begin)
    rows = tuple(
        Row(
            name,
            {
                _CPU.title: Sample(cpu / rounds * 1e3 for _, cpu in taken),
                _RATE.title: Sample(rounds * _REQUESTS / wall for wall, _ in taken),
            },
            note=_note(name),
            own=name == "ours",
        )
        for name, taken in found.items()
    )
    note = (
        f"Submit, two polls, result; {rounds} rounds a sample, {samples} samples. "
        f"The server was busy {busy:.0%} of the time."
    )
    table = Table(title, (_CPU, _RATE), rows, "ours", note=note)
    return _with_goals(table, latency)


def _with_goals(table: Table, latency: float) -> Table:
    goals: list[Goal] = []
    # With 20 ms for each answer, the rate depends on the server; CPU time is the client's part.
    for column, twice, most in ((_CPU, 0.5, 1 / 0.9), (_RATE, 2.0, 0.9)):
        if column is _RATE and latency:
            continue
        best = table.best(_SDKS, column.title)
        words = "twice" if column is _RATE else "half the CPU of"
        goals += [
            Goal(
                f"{column.title}: {words} the best SDK, {best}", column.title, "ours", best, twice
            ),
            Goal(f"{column.title}: within 0.9 of urllib3", column.title, "ours", "urllib3", most),
        ]
    return attrs.evolve(table, goals=tuple(goals))


def _note(name: str) -> str:
    function = next(key for key, value in _NAMES.items() if value == name)
    words = (getattr(clients, function).__doc__ or "").strip()
    distribution = {"ours": "runcomfy-models", "http.client": ""}.get(name, name)
    return f"{version(distribution)}. {words}" if distribution else words


def in_turn(function: str, origin: str, threads: int, rounds: int) -> Callable[[], object]:
    """Set up a contender in its own process; return the function that samples wall and CPU time."""
    if function == "aiohttp":
        return _tasks(origin, threads, rounds)
    call = getattr(clients, function)(origin, threads)
    pool = ThreadPoolExecutor(threads)

    def many(count: int) -> None:
        for _ in range(count):
            if not call():
                raise RuntimeError(f"{function}: a round without output")

    def sample() -> tuple[float, float]:
        begin, before = time.perf_counter(), time.process_time()
        list(pool.map(many, [rounds // threads] * threads))
        return time.perf_counter() - begin, time.process_time() - before

    return sample


def _tasks(origin: str, tasks: int, rounds: int) -> Callable[[], object]:
    loop = asyncio.new_event_loop()
    call, close = loop.run_until_complete(clients.aiohttp(origin, tasks))
    atexit.register(lambda: loop.run_until_complete(close()))

    async def many(count: int) -> None:
        for _ in range(count):
            if not await call():
                raise RuntimeError("aiohttp: a round without output")

    async def all_of_them() -> None:
        await asyncio.gather(*(many(rounds // tasks) for _ in range(tasks)))

    def sample() -> tuple[float, float]:
        begin, before = time.perf_counter(), time.process_time()
        loop.run_until_complete(all_of_them())
        return time.perf_counter() - begin, time.process_time() - before

    return sample
