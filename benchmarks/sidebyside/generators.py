"""Generate clients of 1, 100, 1,000 and 4,000 models: from nothing, unchanged, with one change.

Each run is a separate process, timed from outside. The commands are in ``corpus.py``.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from . import corpus
from .machine import version
from .measure import child, in_turns, tell
from .table import Column, Goal, Row, Sample, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .measure import Cost

_WALL: Final = Column("time", "s", drawn=True)
_CPU: Final = Column("CPU", "s")
_COLD, _NOTHING, _ONE = "ours, cold", "ours, nothing changed", "ours, one changed"
_MODELS: Final = "datamodel-codegen, models only"
_CLIENT: Final = "datamodel-codegen, client"
_OPENAPI: Final = "openapi-python-client"
_BIG: Final = 1000

#: By number of models: our runs and the peers' runs, which take minutes from 1,000 models on.
_QUICK: Final = {1: (3, 1), 30: (1, 1)}
_FULL: Final = {1: (7, 5), 100: (5, 3), _BIG: (3, 1), 4 * _BIG: (1, 1)}


def tables(*, quick: bool) -> Iterator[Table]:
    """Measure."""
    colds: dict[int, Sample] = {}
    for count, (runs, peers) in (_QUICK if quick else _FULL).items():
        tell(f"Generate {count:,}")
        with tempfile.TemporaryDirectory(prefix="sidebyside-") as folder:
            table = _table(Path(folder), count, runs, peers)
        cold = table.sample(_COLD, _CPU.title)
        if cold is not None:
            colds[count] = cold
        yield table
    yield _linear(colds)


def _table(folder: Path, count: int, runs: int, peer_runs: int) -> Table:
    corpus.write(folder, count)
    ours, peers = _ours(folder), _peers(folder)
    found: dict[str, list[Cost]] = {}
    for turn in range(runs):
        # The peers run only as often as time allows.
        contenders = {**ours, **peers} if turn < peer_runs else ours
        for who, (cost,) in in_turns(contenders, 1).items():
            found.setdefault(who, []).append(cost)
    rows = tuple(
        Row(
            who,
            {
                _WALL.title: Sample(one.wall for one in costs),
                _CPU.title: Sample(one.cpu for one in costs),
            },
            _note(who),
            own=who in ours,
        )
        for who, costs in found.items()
    )
    goals = (
        Goal(f"cold: at most 1.0 of {_MODELS}", _WALL.title, _COLD, _MODELS, 1.0),
        Goal(f"cold: at most 0.6 of {_CLIENT}", _WALL.title, _COLD, _CLIENT, 0.6),
        Goal("nothing changed: at most 0.1 of cold", _WALL.title, _NOTHING, _COLD, 0.1),
    )
    note = f"{runs} runs of ours, {peer_runs} of each peer."
    return Table(f"Generate {count:,}", (_WALL, _CPU), rows, _COLD, goals, note)


def _ours(folder: Path) -> dict[str, Callable[[], Cost]]:
    command = corpus.our_command()

    def cold() -> Cost:
        shutil.rmtree(folder / "generated", ignore_errors=True)
        return child(command, folder)

    def one_changed() -> Cost:
        file = next((folder / "schemas").rglob("*-0.json"))
        raw = json.loads(file.read_bytes())
        raw["display_name"] = f"{raw['display_name']} {os.urandom(4).hex()}"
        file.write_text(json.dumps(raw), encoding="utf-8")
        return child(command, folder)

    return {_COLD: cold, _NOTHING: lambda: child(command, folder), _ONE: one_changed}


def _peers(folder: Path) -> dict[str, Callable[[], Cost]]:
    def fresh(command: list[str], *outputs: str) -> Callable[[], Cost]:
        def sample() -> Cost:
            for one in outputs:
                shutil.rmtree(folder / one, ignore_errors=True)
            return child(command, folder)

        return sample

    return {
        _MODELS: fresh(corpus.models_command(), "flat_out"),
        _CLIENT: fresh(corpus.client_command(), "client_out"),
        _OPENAPI: fresh(corpus.openapi_command(), "openapi_out"),
    }


def _note(who: str) -> str:
    return {
        _COLD: "Models, validators, bindings and the runtime.",
        _MODELS: f"{version('datamodel-code-generator')}. Dataclasses without checks, one folder "
        "of JSON Schema files; it is not the client's equal, but the least that it can do.",
        _CLIENT: "The same models as one OpenAPI document; pydantic models and an httpx2 client.",
        _OPENAPI: f"{version('openapi-python-client')}. The same document; attrs models and an "
        "httpx client, formatted by ruff as it ships.",
    }.get(who, "")


def _linear(colds: dict[int, Sample]) -> Table:
    """Compare the CPU time of each model after the first, which excludes the process's start."""
    column = Column("CPU of a model, cold", "ms")
    few = colds[min(colds)].median
    rows = tuple(
        Row(
            f"{count:,} models",
            {column.title: Sample((one - few) / (count - 1) * 1e3 for one in cold.values)},
        )
        for count, cold in colds.items()
        if count > 1
    )
    goals = tuple(
        Goal(
            f"{row.name}: at most 1.1 of {rows[0].name}", column.title, row.name, rows[0].name, 1.1
        )
        for row in rows[1:]
    )
    note = "Beyond what one model takes."
    return Table("Generate: is it linear?", (column,), rows, rows[0].name, goals, note)
