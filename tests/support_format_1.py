"""The source of the journals of format 1 under ``journals/``.

The last version that wrote this format made them, and later versions can't make them again.
"""

from __future__ import annotations

import base64
import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support_client import TOKEN, FakeClock
from support_map import MODEL, Api

from runcomfy import Client
from runcomfy_core.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent / "journals"

#: The origin in the files. A test replaces it by the origin of its own server.
ORIGIN = "http://127.0.0.1:8000/v1"

#: A PNG of one pixel.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)


def inputs(picture: Path) -> list[dict[str, Any]]:
    """The inputs of the map, each with its own kind of value; *picture* is a file that has PNG."""
    return [
        {"prompt": "ok integer", "seed": 1},
        {"prompt": "ok float", "seed": 1.0},
        {"prompt": "ok zero", "strength": 0.0},
        {"prompt": "ok minus zero", "strength": -0.0},
        {"prompt": "ok exponent", "steps": 1e3},
        {"prompt": "ok beyond 2**53", "seed": 2**53 + 1},
        {"prompt": "ok huge", "scale": 1e22},
        {"prompt": "ok fraction", "guidance": 7.5, "seed": 7},
        {"prompt": "ok both", "guidance": 7.0, "seed": 7},
        {"prompt": "ok true", "flag": True, "other": None},
        {
            "prompt": "ok nested",
            "size": {"width": 1024, "height": 1024.0},
            "loras": [{"weight": 1.0, "name": "a"}, {"name": "b", "weight": 0.5, "on": True}],
        },
        {"prompt": "ok 두 고양이, é, 😀", "é": "e\u0301"},
        {"prompt": "ok bytes", "image": PNG},
        {"prompt": "ok path", "image": picture},
        {"prompt": "ok data", "image": "data:image/png;base64," + base64.b64encode(PNG).decode()},
        # Equal inputs, each of which is a separate job.
        {"prompt": "ok again", "seed": 3},
        {"prompt": "ok again", "seed": 3.0},
        {"prompt": "ok again", "seed": 3},
        {"prompt": "ok again", "seed": 3.0},
        {"prompt": "fails", "seed": 2.0},
        {"prompt": "refused", "seed": 2.0},
        {"prompt": "dropped", "seed": 4.0},
        {"prompt": "runs", "seed": 5.0},
        {"prompt": "queues", "seed": 6.0},
        # The process ended when it was about to submit this one.
        {"prompt": "ok posting", "seed": 8.0},
    ]


#: The prompts of the jobs that the server took; a job's request id is ``r-`` and its place here.
TAKEN = [
    *("ok integer", "ok float", "ok zero", "ok minus zero", "ok exponent", "ok beyond 2**53"),
    *("ok huge", "ok fraction", "ok both", "ok true", "ok nested", "ok 두 고양이, é, 😀"),
    *("ok bytes", "ok path", "ok data", *["ok again"] * 4, "fails", "dropped", "runs", "queues"),
]


def rows(path: Path) -> Iterator[tuple[str, str]]:
    """The state and origin of each row of a file of format 1, as they are stored."""
    with closing(sqlite3.connect(path)) as connection:
        yield from connection.execute("SELECT state, origin FROM submission ORDER BY id")


def copy(name: str, folder: Path, origin: str) -> Path:
    """A copy of one of the files, as if its jobs had been submitted at *origin*."""
    path = folder / name
    shutil.copyfile(FOLDER / name, path)
    path.chmod(0o600)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE submission SET origin = ?", (origin,))
        connection.commit()
    return path


def _make(path: Path, *, bare: bool) -> None:
    picture = path.with_name("a.png")
    picture.write_bytes(PNG)
    *mapped, last = inputs(picture)
    with Api() as api:
        with Client(
            TOKEN,
            base_url=api.base_url,
            clock=FakeClock(),
            journal=path,
            store_inputs=not bare,
        ) as client:
            for _ in client.map(MODEL, mapped, max_in_flight=1, timeout=60):
                pass
            client.job("r-22").cancel()
            if bare:
                client.journal.prune(older_than=0)
        assert api.submitted == TAKEN
        with Journal(path, store_inputs=not bare) as journal:
            journal.claim(MODEL, last, origin=api.base_url, key="1")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE submission SET origin = ?", (ORIGIN,))
        connection.commit()
        connection.execute("VACUUM")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        for file, bare in (("format-1.sqlite3", False), ("format-1-bare.sqlite3", True)):
            _make(Path(name) / file, bare=bare)
            shutil.copyfile(Path(name) / file, Path(sys.argv[1]) / file)
