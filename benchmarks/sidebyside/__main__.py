"""The command ``python -m sidebyside``, which measures and writes the results and charts."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from . import chart, flight, generators, imports, inputs, media, rounds
from .machine import head
from .measure import tell
from .report import document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .table import Table

_GROUPS: Final[dict[str, Callable[..., Iterator[Table]]]] = {
    "imports": imports.tables,
    "inputs": inputs.tables,
    "rounds": rounds.tables,
    "media": media.tables,
    "flight": flight.tables,
    "generators": generators.tables,
}


def main() -> int:
    """Run the benchmarks and return the exit code."""
    parser = argparse.ArgumentParser(prog="sidebyside", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few samples, under two minutes")
    parser.add_argument("--only", choices=_GROUPS, action="append", help="a group; may be repeated")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1], help="a folder")
    options = parser.parse_args()
    # Installed packages have bytecode. A checkout, or a package that was just generated, gets it at
    # the first import, unless this variable forbids it.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    begin = time.monotonic()
    measured = {
        group: list(_GROUPS[group](quick=options.quick)) for group in options.only or _GROUPS
    }
    for group, tables in measured.items():
        chart.draw(tables, options.out / "charts" / f"{group}.svg")
    every = [table for tables in measured.values() for table in tables]
    results = options.out / "RESULTS.md"
    results.write_text(document(head(), every, quick=options.quick), encoding="utf-8")
    tell(f"{time.monotonic() - begin:.0f} s; written: {results}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
