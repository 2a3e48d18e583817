"""``make bench``: run every case, interleaved, and print medians, spread and ratios."""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import tempfile
import timeit
from pathlib import Path
from typing import TYPE_CHECKING

import generate
from build_input import CASES

if TYPE_CHECKING:
    from collections.abc import Callable

#: Calls in one sample; long against the timer, short against the machine's hiccups.
_CALLS = 2000


def main() -> int:
    """Measure, and print one table a case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=60, help="samples of each (default: 60)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each generator (default: 5)")
    parser.add_argument(
        "--models", default="1,100,384", help="how many models to generate (default: 1,100,384)"
    )
    options = parser.parse_args()
    samples = options.samples
    print(f"Python {platform.python_version()}, {platform.machine()}, {samples} samples each\n")
    with tempfile.TemporaryDirectory(prefix="runcomfy-bench-") as folder:
        for count in map(int, options.models.split(",")):
            generate.run(Path(folder) / str(count), count, options.runs)
    for case, contenders in CASES.items():
        print(f"build and check one input, {case}")
        times = _measure(contenders, samples)
        ours = statistics.median(times["ours"])
        for who, measured in times.items():
            median = statistics.median(measured)
            low, _, high = statistics.quantiles(measured, n=4)
            print(
                f"  {who:20} {median:7.3f} µs  (quartiles {low:.3f} to {high:.3f}),"
                f"  ours is {ours / median:.2f} of it"
            )
        print()
    return 0


def _measure(contenders: dict[str, Callable[[], object]], samples: int) -> dict[str, list[float]]:
    """Return each contender's times in µs a call; they take turns, so that all share the noise."""
    timers = {who: timeit.Timer(call) for who, call in contenders.items()}
    times: dict[str, list[float]] = {who: [] for who in timers}
    for _ in range(samples):
        for who, timer in timers.items():
            times[who].append(timer.timeit(_CALLS) / _CALLS * 1e6)
    return times


if __name__ == "__main__":
    sys.exit(main())
