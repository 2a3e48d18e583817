"""Clients and journals that are dropped, and never closed, leave no file open and none behind."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support_async import AsyncFakeClock
from support_client import TOKEN, FakeClock
from support_journal import begin, output, script
from support_map import MODEL, Api, prompts

from runcomfy import AsyncClient, Client, errors
from runcomfy_core.journal import Journal, JournalWarning, sessions, store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs limits, and lists of files")

#: More than may be open at a time.
ROUNDS = 30


@pytest.fixture
def api() -> Iterator[Api]:
    with Api() as running:
        yield running


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "j.sqlite3"


def open_files() -> list[str]:
    """What this process has open, sockets and pipes aside."""
    found: list[str] = []
    folder = "/proc/self/fd" if Path("/proc/self/fd").exists() else "/dev/fd"
    for name in os.listdir(folder):  # noqa: PTH208 - numbers
        try:
            found.append(os.readlink(f"{folder}/{name}"))  # noqa: PTH115 - no path of a file
        except OSError:
            continue
    return [one for one in found if "j.sqlite3" in one]


@contextmanager
def few_files() -> Iterator[None]:
    """Let this process open few more files than it has open."""
    import resource  # noqa: PLC0415 - not on every system

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    spare = os.dup(0)
    os.close(spare)
    resource.setrlimit(resource.RLIMIT_NOFILE, (spare + 28, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def submit(api: Api, path: Path, number: int) -> None:
    client = Client(TOKEN, base_url=api.base_url, clock=FakeClock(), journal=path)
    client.submit(MODEL, {"prompt": f"ok {number}"})


def run_and_resume(api: Api, path: Path, number: int) -> None:
    client = Client(TOKEN, base_url=api.base_url, clock=FakeClock(), journal=path)
    client.submit(MODEL, {"prompt": f"ok {number}"}).wait()
    client.submit(MODEL, {"prompt": f"ok {number}, resumed"})
    assert len(list(client.journal.resume())) == 1


def map_with_its_journal(api: Api, path: Path, number: int) -> None:
    client = Client(TOKEN, base_url=api.base_url, clock=FakeClock())
    for _ in client.map(MODEL, prompts(f"ok {number}", f"ok {number}, too"), journal=path):
        break


def map_with_the_client_s(api: Api, path: Path, number: int) -> None:
    client = Client(TOKEN, base_url=api.base_url, clock=FakeClock(), journal=path)
    assert len(list(client.map(MODEL, prompts(f"ok {number}")))) == 1


def in_a_cycle(api: Api, path: Path, number: int) -> None:
    client: Any = Client(TOKEN, base_url=api.base_url, clock=FakeClock(), journal=path)
    client.itself = client
    client.submit(MODEL, {"prompt": f"ok {number}"})
    del client
    gc.collect()


def submit_on_loop(api: Api, path: Path, number: int) -> None:
    async def main() -> None:
        client = AsyncClient(TOKEN, base_url=api.base_url, clock=AsyncFakeClock(), journal=path)
        await client.submit(MODEL, {"prompt": f"ok {number}"})

    asyncio.run(main())


def map_on_loop(api: Api, path: Path, number: int) -> None:
    async def main() -> None:
        client = AsyncClient(TOKEN, base_url=api.base_url, clock=AsyncFakeClock())
        pairs = client.map(MODEL, prompts(f"ok {number}", f"ok {number}, too"), journal=path)
        async for _ in pairs:
            break

    asyncio.run(main())


def journal_alone(_: Api, path: Path, number: int) -> None:
    journal = Journal(path)
    begin(journal, str(number))


def not_made(api: Api, path: Path, number: int) -> None:
    class Unlucky(Client):
        def _connect(self, *_: Any) -> Any:
            raise RuntimeError(f"no threads {number}")

    with pytest.raises(RuntimeError, match="no threads"):
        Unlucky(TOKEN, base_url=api.base_url, journal=path)


def refused(api: Api, path: Path, _: int) -> None:
    with pytest.raises(errors.ConfigurationError):
        Client(TOKEN, base_url=api.base_url, journal=path, read_timeout=-1)


WAYS: list[Callable[[Api, Path, int], None]] = [
    submit,
    run_and_resume,
    map_with_its_journal,
    map_with_the_client_s,
    in_a_cycle,
    submit_on_loop,
    map_on_loop,
    journal_alone,
    not_made,
    refused,
]


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of the client's own, for AsyncClient
@pytest.mark.parametrize("way", WAYS)
def test_forgotten_ones_leave_nothing(
    api: Api, path: Path, way: Callable[[Api, Path, int], None]
) -> None:
    gc.collect()
    with few_files():
        for number in range(ROUNDS):
            way(api, path, number)
            if number % 10 == 9:
                gc.collect()  # an event loop and its tasks are cycles
    # A thread of an event loop's may still be on its way out of the last call.
    end = time.monotonic() + 10
    while gc.collect() >= 0 and open_files() and time.monotonic() < end:
        time.sleep(0.01)
    assert open_files() == []
    left = [one.name for one in path.parent.iterdir()]
    assert left in ([], ["j.sqlite3"])


def test_one_whose_job_is_still_there_is_not_forgotten(api: Api, path: Path) -> None:
    job = Client(TOKEN, base_url=api.base_url, clock=FakeClock(), journal=path).submit(
        MODEL, {"prompt": "ok"}
    )
    gc.collect()
    job.wait()
    with Journal(path) as journal:
        assert [entry.state for entry in journal.jobs()] == ["completed"]


def test_entries_that_are_read_keep_it_open(path: Path) -> None:
    with Journal(path) as journal:
        for number in range(3):
            begin(journal, str(number))
    gc.collect()
    assert [entry.key for entry in Journal(path).jobs()] == ["0", "1", "2"]
    gc.collect()
    assert open_files() == []


def test_what_is_closed_is_let_go_of_once(path: Path) -> None:
    journal = Journal(path)
    begin(journal)
    session = journal._store._session
    assert session is not None
    number = session._file
    journal.close()
    # It gets the number of the file that was closed.
    others = [os.dup(0) for _ in range(10)]
    assert number in others
    del journal, session
    gc.collect()
    for one in others:
        os.close(one)


def test_what_a_forgotten_one_kept_in_memory_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise OSError("gone")

    journal = Journal(path)
    local_id = begin(journal)
    monkeypatch.setattr(store, "_execute", fail)
    with pytest.warns(JournalWarning):
        journal.mark_submitted(local_id, "r-1")
    caplog.clear()
    del journal
    gc.collect()
    [said] = caplog.messages
    assert said == (
        f"the journal {path}: it was forgotten, and not closed; not recorded: submission "
        f"{local_id} is request r-1"
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_that_forgets_it_leaves_its_parent_s_alone(path: Path) -> None:
    source = """
import gc, os, sys
from runcomfy_core.journal import Journal
journal = Journal(sys.argv[1])
local_id = journal.begin("a/b", {}, origin="o")
pid = os.fork()
if pid == 0:
    journal.begin("a/b", {}, origin="o", key="child")
    del journal
    gc.collect()
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
with Journal(sys.argv[1]) as other:
    print([(entry.key, entry.state) for entry in other.jobs()])
"""
    assert output(script(source, path)) == "[(None, 'posting'), ('child', 'uncertain')]\n"


def test_at_the_end_of_the_process_nothing_is_said(path: Path) -> None:
    source = """
import sys
from runcomfy_core.journal import Journal
journal = Journal(sys.argv[1])
journal.begin("a/b", {}, origin="o")
"""
    assert output(script(source, path)) == ""
    # The system has let go of the session; whoever opens the journal next removes its file.
    assert not sessions.any_alive(path)
    with Journal(path) as journal:
        assert [entry.state for entry in journal.jobs()] == ["uncertain"]
        assert not list(path.parent.glob("*-session-*"))
