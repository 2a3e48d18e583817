"""How samples are taken: contenders in turns, in this process or in ones of their own."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
import timeit
from typing import TYPE_CHECKING, TypeVar

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

T = TypeVar("T")

#: Seconds after which a child process counts as hung.
PATIENCE = 1800.0


def in_turns(contenders: Mapping[str, Callable[[], T]], samples: int) -> dict[str, list[T]]:
    """Take *samples* of each, one of each at a time, so that all share the machine's noise."""
    found: dict[str, list[T]] = {who: [] for who in contenders}
    for _ in range(samples):
        for who, sample in contenders.items():
            found[who].append(sample())
    return found


def timer(call: Callable[[], object], calls: int) -> Callable[[], float]:
    """Return what takes a sample of a call in this process: microseconds, without the collector."""
    clock = timeit.Timer(call)
    return lambda: clock.timeit(calls) / calls * 1e6


@attrs.frozen
class Cost:
    """What a child process took.

    Attributes:
        wall: Seconds.
        cpu: Seconds of CPU, its own children's included.
        said: What it printed.
    """

    wall: float
    cpu: float
    said: str


def child(command: Sequence[str], folder: Path | None = None) -> Cost:
    """Run a command to its end.

    Raises:
        RuntimeError: It failed.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.perf_counter()
    done = subprocess.run(  # noqa: S603 - commands of this package
        command,
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        stdin=subprocess.DEVNULL,
    )
    wall = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall, cpu, done.stdout)


def tell(words: str) -> None:
    """Tell whoever waits how far it is."""
    print(words, file=sys.stderr, flush=True)
