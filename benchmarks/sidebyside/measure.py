"""Sampling: contenders take turns, in this process or in separate ones."""

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
    """Take *samples* of each contender in turns, so that all share the machine's noise."""
    found: dict[str, list[T]] = {who: [] for who in contenders}
    for _ in range(samples):
        for who, sample in contenders.items():
            found[who].append(sample())
    return found


def timer(call: Callable[[], object], calls: int) -> Callable[[], float]:
    """Return a function that times a call here, in microseconds, without garbage collection."""
    clock = timeit.Timer(call)
    return lambda: clock.timeit(calls) / calls * 1e6


@attrs.frozen
class Cost:
    """The cost of a child process.

    Attributes:
        wall: Wall time in seconds.
        cpu: CPU time in seconds, including that of its own children.
        said: Its output.
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
    """Report progress to the user."""
    print(words, file=sys.stderr, flush=True)
