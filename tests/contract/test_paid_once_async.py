"""A submission on an event loop is interrupted at each of its instructions: none is hidden.

The API, the journal, and what the exception and the log say must agree afterwards, whether the loop
goes on, or is closed with what is under way on it. A sample of the places in each run; all that are
distinct with INJECT_EVERYWHERE=1.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
import opcode
import random
import time
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from support_async import AsyncFakeClock
from support_client import TOKEN
from support_injection import EVERYWHERE, OWN, Tracer
from support_till import Account, Till, notes

from runcomfy import AsyncClient
from runcomfy.models.wan_ai import wan_2_6_image_to_image as wan
from runcomfy_core.wire.steps import is_over

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path
    from types import FrameType

    from support_injection import Place

MODEL = "a/b"


async def submits(client: AsyncClient, prompt: str) -> object:
    return await client.submit(MODEL, {"prompt": prompt})


async def runs(client: AsyncClient, prompt: str) -> object:
    urls = ["https://example.com/a.png"]
    return await wan.run(client, prompt=prompt, image_urls=urls, media="skip")


async def maps(client: AsyncClient, prompt: str) -> object:
    return [outcome async for _, outcome in client.map(MODEL, [{"prompt": prompt}])]


def goes_on(coroutine: Coroutine[Any, Any, object]) -> object:
    """Run it on a loop that cancels what is left."""
    return asyncio.run(coroutine)


def is_closed(coroutine: Coroutine[Any, Any, object]) -> object:
    """Run it on a loop that is closed with whatever is left on it."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.close()


CALLS = [submits, runs, maps]
LOOPS = [goes_on, is_closed]
KINDS = [KeyboardInterrupt, SystemExit, MemoryError, asyncio.CancelledError]


#: Instructions that no exception comes at: there Python looks for no signal, and makes no object.
SILENT = {
    opcode.opmap[name] for name in ("NOP", "JUMP_BACKWARD_NO_INTERRUPT") if name in opcode.opmap
}


class LoopTracer(Tracer):
    """Spares what a loop calls, where it would take an exception for that call's own affair.

    No task hears of such a one, and what the call was for is never done.
    """

    def _step(self, frame: FrameType | None, event: str, of: object) -> Any:
        if frame is not None and frame.f_code.co_code[frame.f_lasti] in SILENT:
            return self._step
        return super()._step(frame, event, of)

    def _enter(self, frame: FrameType, event: str, of: object) -> Any:
        outermost: FrameType = frame
        while outermost.f_back is not None and outermost.f_back.f_code.co_filename.startswith(OWN):
            outermost = outermost.f_back
        caller = outermost.f_back
        is_callback = (
            caller is not None
            and caller.f_code.co_qualname == "Handle._run"
            and not outermost.f_code.co_flags & inspect.CO_COROUTINE
        )
        if is_callback and issubclass(self.kind, (MemoryError, asyncio.CancelledError)):
            return None
        return super()._enter(frame, event, of)


class Log(logging.Handler):
    """What the client says to whoever is left."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@pytest.fixture
def log() -> Iterator[Log]:
    logger, handler = logging.getLogger("runcomfy"), Log()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logging.getLogger("asyncio").disabled = True  # it tells of tasks that were left pending
    yield handler
    logging.getLogger("asyncio").disabled = False
    logger.setLevel(level)
    logger.removeHandler(handler)


def settled(client: AsyncClient) -> None:
    """Return when nothing is left to be done, by tasks that are garbage either."""
    driver = client._driver
    end = time.monotonic() + 20
    while driver._pending() or not all(is_over(steps) for steps in list(driver._performed)):
        assert time.monotonic() < end, (driver._pending(), driver._performed)
        gc.collect()
        time.sleep(0.001)


def interrupted(
    api: Till,
    log: Log,
    call: Callable[[AsyncClient, str], Coroutine[Any, Any, object]],
    loop: Callable[[Coroutine[Any, Any, object]], object],
    *,
    tracer: Tracer,
    journal: Path | None,
) -> list[str]:
    """Interrupt a call, and return what is wrong then."""
    log.said.clear()
    prompt = f"number {tracer.at} {tracer.kind.__name__}"
    client = AsyncClient(TOKEN, base_url=api.base_url, clock=AsyncFakeClock(), journal=journal)
    found: list[str] = []
    said: list[str] = []
    try:
        tracer.perform(lambda: loop(call(client, prompt)))
    except BaseException as error:  # noqa: BLE001 - what was raised in there
        # A map takes a cancellation of one of its own tasks for the end of its client.
        if error is not tracer.error and tracer.kind is not asyncio.CancelledError:
            found.append(f"{error!r} came out")
        said = notes(error)
    settled(client)
    entries = None
    if journal is not None:
        every = client.journal.jobs()
        entries = [one for one in every if one.input and one.input["prompt"] == prompt]
    client.close()
    api.settle()
    if tracer.place is None:
        return []
    found += Account(api.taken(prompt), said + log.said, entries).faults()
    return [f"{tracer.at}: {tracer.place}: {fault}" for fault in found]


def places(executed: list[Place], most: int) -> list[int]:
    """Return numbers of instructions, from 1: each that is distinct, the first time and the last.

    Or *most* of them, the same ones each time.
    """
    first = {one: number for number, one in reversed(list(enumerate(executed, 1)))}
    last = {one: number for number, one in enumerate(executed, 1)}
    numbers = sorted({*first.values(), *last.values()})
    if EVERYWHERE or len(numbers) <= most:
        return numbers
    # Nothing secret: the same places in every run.
    return sorted(random.Random(most).sample(numbers, most))  # noqa: S311


@pytest.mark.parametrize("journalled", [False, True])
@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("call", CALLS)
def test_what_was_paid_for_is_never_hidden(
    call: Callable[[AsyncClient, str], Coroutine[Any, Any, object]],
    loop: Callable[[Coroutine[Any, Any, object]], object],
    tmp_path: Path,
    log: Log,
    *,
    journalled: bool,
) -> None:
    journal = tmp_path / "j" if journalled else None
    with Till() as api, warnings.catch_warnings():
        # A coroutine that was made when Ctrl-C came, and is not awaited.
        warnings.simplefilter("ignore", RuntimeWarning)
        for _ in range(2):  # the first call imports
            counting = LoopTracer()
            assert not interrupted(api, log, call, loop, tracer=counting, journal=journal)
        found: list[str] = []
        numbers = places(counting.places, 25)
        assert len(numbers) >= 25
        for turn, at in enumerate(numbers):
            kind = KeyboardInterrupt if EVERYWHERE else KINDS[turn % len(KINDS)]
            tracer = LoopTracer(at, kind)
            found += interrupted(api, log, call, loop, tracer=tracer, journal=journal)
    assert found == []
