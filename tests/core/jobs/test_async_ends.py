"""How a process with an AsyncClient ends, and how one that forks goes on."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support_client import TOKEN
from support_journal import script
from support_map import Api
from support_server import FaultServer, Step, answer, says

from runcomfy_core.journal import Journal

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

CANCELLED = says({"outcome": "cancelled"}, 202)

#: What every process here begins with.
HEAD = f"""
import asyncio, atexit, os, sys, threading, time
from runcomfy import AsyncClient, errors

def client(**options):
    return AsyncClient({TOKEN!r}, base_url=sys.argv[1], **options)

def say(*words):
    print(*words, flush=True)
"""


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


def ended(process: subprocess.Popen[str], within: float = 30) -> str:
    """What a process has said when it has ended, far earlier than a request times out."""
    try:
        said, complaints = process.communicate(timeout=within)
    finally:
        process.kill()
    return said + complaints


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def hangs(server: FaultServer, first: Callable[[], object] = lambda: None) -> Step:
    """A step that does something, and then says nothing for longer than a process may take."""

    def hang() -> None:
        first()
        server.over.wait(60)

    return Step(then="close", hook=hang)


# --- the end of the program ---

WAITS = """
async def main():
    async with client() as one:
        await one.job("r-1").wait()

asyncio.run(main())
"""

WAITS_FOR = """
async def main():
    async with client() as one:
        try:
            await asyncio.wait_for(one.job("r-1").status(), 0.5)
        except TimeoutError:
            say("given up")

asyncio.run(main())
"""


def test_ctrl_c_in_a_request_that_hangs_ends_the_program(server: FaultServer) -> None:
    process: list[subprocess.Popen[str]] = []
    server.add(hangs(server, lambda: process[0].send_signal(signal.SIGINT)), CANCELLED)
    process.append(script(HEAD + WAITS, server.base_url))
    said = ended(process[0])
    assert "KeyboardInterrupt" in said
    assert server.calls() == ["GET /requests/r-1/status", "POST /requests/r-1/cancel"]


def test_a_request_that_nobody_waits_for_does_not_keep_the_program(server: FaultServer) -> None:
    server.add(hangs(server))
    assert ended(script(HEAD + WAITS_FOR, server.base_url)) == "given up\n"


SUBMITS = """
one = client(journal=sys.argv[2] + "/j" if JOURNAL else None)
atexit.register(open, sys.argv[2] + "/leaving", "w")  # before what the client has to do then
loop = asyncio.new_event_loop()
task = loop.create_task(one.submit("a/b", {}))

def interrupt():
    # As a signal does that comes while the loop waits.
    if os.path.exists(sys.argv[2] + "/there"):
        raise KeyboardInterrupt
    loop.call_later(0.01, interrupt)

interrupt()
try:
    loop.run_until_complete(task)
finally:
    if CLOSE:
        loop.close()
"""


@pytest.mark.parametrize("close", [False, True])
@pytest.mark.parametrize("journal", [False, True])
def test_ctrl_c_in_a_submission_waits_for_its_answer(
    server: FaultServer, tmp_path: Path, *, journal: bool, close: bool
) -> None:
    """The loop is interrupted, and no task hears of it."""

    def there() -> None:
        (tmp_path / "there").touch()
        until((tmp_path / "leaving").exists)

    server.add(Step(answer({"request_id": "r-1"}), hook=there), CANCELLED)
    source = HEAD + SUBMITS.replace("CLOSE", str(close)).replace("JOURNAL", str(journal))
    assert "KeyboardInterrupt" in ended(script(source, server.base_url, tmp_path))
    assert server.calls() == ["POST /models/a/b", "POST /requests/r-1/cancel"]
    if journal:
        with Journal(tmp_path / "j") as found:
            [entry] = found.jobs()
        assert (entry.state, entry.request_id) == ("cancelled", "r-1")


@pytest.mark.parametrize("close", [False, True])
def test_a_submission_that_is_not_answered_does_not_keep_the_program(
    server: FaultServer, tmp_path: Path, *, close: bool
) -> None:
    server.add(hangs(server, (tmp_path / "there").touch))
    source = HEAD + SUBMITS.replace("CLOSE", str(close)).replace("JOURNAL", "True")
    assert "KeyboardInterrupt" in ended(script(source, server.base_url, tmp_path))
    assert server.calls() == ["POST /models/a/b"]
    with Journal(tmp_path / "j") as found:
        [entry] = found.jobs()
    assert (entry.state, entry.request_id) == ("uncertain", None)


# --- forks ---

FORKS = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

#: A client with a connection and threads, which a child inherits.
USED = """
import warnings

warnings.simplefilter("ignore")  # to fork beside other threads is what is tried

async def work(one, *words):
    found = [await one.submit("a/b", {"prompt": "ok first"})]
    await found[0].wait()
    async for _, outcome in one.map("a/b", [{"prompt": word} for word in words]):
        found.append(outcome.output)
    return found[1:]

def joined(child):
    # A child that hangs is killed, and so found out.
    end = time.monotonic() + 20
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > end:
            os.kill(child, 9)
        time.sleep(0.01)

one = client(journal=sys.argv[2])
say(*asyncio.run(work(one, "ok parent")))
"""

FORKED = """
child = os.fork()
if not child:
    say(*asyncio.run(work(one, "ok child")))
    asyncio.run(one.aclose())
    sys.exit(0)
joined(child)
say(*asyncio.run(work(one, "ok again")))
"""

POOLED = """
import multiprocessing

def task(word):
    return asyncio.run(work(one, word))

with multiprocessing.get_context("fork").Pool(2) as pool:
    for words in pool.map_async(task, ["ok child"]).get(20):
        say(*words)
say(*asyncio.run(work(one, "ok again")))
"""

#: The child's copies of its parent's tasks are cancelled.
WITHIN = """
async def file(name):
    while not os.path.exists(sys.argv[2] + name):
        await asyncio.sleep(0.01)

async def main():
    mapped = one.map("a/b", [{"prompt": "runs"}])
    first = asyncio.ensure_future(anext(mapped))
    await file(".runs")
    waits = asyncio.create_task(one.job("r-2").wait())
    held = asyncio.create_task(one.submit("a/b", {"prompt": "held"}))
    await file(".held")
    others = asyncio.all_tasks() - {asyncio.current_task()}
    child = os.fork()
    if not child:
        # By hand: to close its copy of the loop would take from the parent what wakes the parent's.
        for task in others:
            try:
                task.get_coro().throw(asyncio.CancelledError())
            except BaseException as error:
                say(type(error).__name__)
        atexit._run_exitfuncs()
        os._exit(0)
    await asyncio.to_thread(joined, child)
    open(sys.argv[2] + ".joined", "w")
    await waits
    say("again", (await held).request_id, (await first)[1].output)

asyncio.run(main())
"""


@FORKS
@pytest.mark.parametrize("how", [FORKED, POOLED])
def test_a_child_uses_the_client_of_its_parent(how: str, tmp_path: Path) -> None:
    with Api(polls=0) as api:
        said = ended(script(HEAD + USED + how, api.base_url, tmp_path / "j"))
    assert said == "ok parent\nok child\nok again\n"
    assert sorted(api.submitted) == ["ok again", "ok child", *["ok first"] * 3, "ok parent"]
    with Journal(tmp_path / "j") as found:
        assert {entry.state for entry in found.jobs()} == {"completed"}


@FORKS
def test_a_child_finishes_nothing_that_its_parent_has_begun(tmp_path: Path) -> None:
    journal = tmp_path / "j"
    with Api(polls=0) as api:

        def there(prompt: str) -> None:
            Path(f"{journal}.{prompt}").touch()
            if prompt == "held":
                until(Path(f"{journal}.joined").exists)
                api.release.set()

        api.on_submit = there
        said = ended(script(HEAD + USED + WITHIN, api.base_url, journal))
    # A submission, a wait, a map and its one job.
    assert said == "ok parent\n" + "CancelledError\n" * 4 + "again r-3 runs\n"
    assert api.cancelled == []
    assert sorted(api.submitted) == ["held", "ok first", "ok parent", "runs"]
    with Journal(journal) as found:
        states = {entry.input["prompt"]: entry.state for entry in found.jobs() if entry.input}
    assert states == {
        "held": "submitted",
        "ok first": "completed",
        "ok parent": "completed",
        "runs": "completed",
    }
