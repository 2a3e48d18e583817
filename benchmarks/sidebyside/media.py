"""A media check of a 10 MB picture behind a URL, compared with reading all of it."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Final

from .clients import TOKEN
from .machine import version
from .measure import in_turns, tell
from .picture import HEIGHT, WIDTH, png
from .server import Server
from .table import Column, Goal, Row, Sample, Table
from .worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_BYTES: Final = Column("bytes sent", "bytes", drawn=True)
_TIME: Final = Column("time", "ms")
_CPU: Final = Column("CPU", "ms")
_WHOLE: Final = "urllib3, all of it"
_SERVERS: Final = {"ours": "check", _WHOLE: "read"}


def tables(*, quick: bool) -> Iterator[Table]:
    """Measure."""
    title = "Media check of a picture of 10 MB"
    tell(title)
    with contextlib.ExitStack() as stack:
        samplers = {}
        for name, function in _SERVERS.items():
            server = stack.enter_context(Server())
            worker = stack.enter_context(Worker("media", function, server.origin))
            samplers[name] = _counting(server, worker)
        in_turns(samplers, 2)  # to warm up
        found = in_turns(samplers, 5 if quick else 25)
    notes = {
        "ours": f"{version('runcomfy-models')}. `check_media`: type, size, width and height.",
        _WHOLE: f"{version('urllib3')}. One GET, nothing looked at.",
    }
    rows = tuple(
        Row(
            name,
            {
                column.title: Sample(one[place] for one in taken)
                for place, column in enumerate((_BYTES, _TIME, _CPU))
            },
            note=notes[name],
            own=name == "ours",
        )
        for name, taken in found.items()
    )
    goal = Goal("at most 0.01 of the bytes", _BYTES.title, "ours", _WHOLE, 0.01)
    yield Table(title, (_BYTES, _TIME, _CPU), rows, "ours", (goal,), note="Counted by the server.")


def _counting(server: Server, worker: Worker) -> Callable[[], tuple[float, float, float]]:
    def sample() -> tuple[float, float, float]:
        before = server.counts()["picture_bytes"]
        wall, cpu = worker.sample()
        return server.counts()["picture_bytes"] - before, wall * 1e3, cpu * 1e3

    return sample


def check(origin: str) -> Callable[[], tuple[float, float]]:
    """Ours, in a process of its own."""
    from runcomfy import Client  # noqa: PLC0415 - for this contender alone
    from runcomfy.models.wan_ai import wan_2_6_image_to_image as model  # noqa: PLC0415 - for this contender alone

    client = Client(TOKEN, base_url=f"{origin}/v1", allow_private_media=True)

    def call() -> None:
        (item,) = model.check_media({"image_urls": [f"{origin}/picture.png"]}, client).items
        if (item.width, item.height, item.size) != (WIDTH, HEIGHT, len(png())):
            raise RuntimeError(f"the picture was measured wrong: {item}")

    return _timed(call)


def read(origin: str) -> Callable[[], tuple[float, float]]:
    """Reading it whole, in a process of its own."""
    import urllib3  # noqa: PLC0415 - for this contender alone

    pool = urllib3.PoolManager()

    def call() -> None:
        if len(pool.request("GET", f"{origin}/picture.png").data) != len(png()):
            raise RuntimeError("the picture did not come whole")

    return _timed(call)


def _timed(call: Callable[[], None]) -> Callable[[], tuple[float, float]]:
    def sample() -> tuple[float, float]:
        begin, before = time.perf_counter(), time.process_time()
        call()
        return time.perf_counter() - begin, time.process_time() - before

    return sample
