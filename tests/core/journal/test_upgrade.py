"""Journals of format 1, which the last version before the present format wrote."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import support_format_1 as format_1
from support_async import AsyncFakeClock
from support_client import TOKEN, FakeClock
from support_journal import integrity, output, script
from support_map import MODEL, Api

from runcomfy import AsyncClient, Client, Result, errors
from runcomfy_core.journal import Journal, JournalError, digest, sessions, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STORED, BARE = "format-1.sqlite3", "format-1-bare.sqlite3"
ORIGIN = "https://h/v1"

Inputs = list[dict[str, Any]]


@pytest.fixture
def api() -> Iterator[Api]:
    with Api() as running:
        running.submitted += format_1.TAKEN
        running.cancelled.append("queues")
        running.release.set()
        yield running


@pytest.fixture
def inputs(tmp_path: Path) -> Inputs:
    picture = tmp_path / "a.png"
    picture.write_bytes(format_1.PNG)
    return format_1.inputs(picture)


def map_in_thread(api: Api, inputs: Inputs, file: Path, **options: Any) -> list[Any]:
    options = {"base_url": api.base_url, **options}
    with Client(TOKEN, clock=FakeClock(), journal=file, **options) as client:
        return list(client.map(MODEL, inputs, timeout=60))


def map_on_loop(api: Api, inputs: Inputs, file: Path, **options: Any) -> list[Any]:
    options = {"base_url": api.base_url, **options}

    async def main() -> list[Any]:
        async with AsyncClient(TOKEN, clock=AsyncFakeClock(), journal=file, **options) as client:
            return [pair async for pair in client.map(MODEL, inputs, timeout=60)]

    return asyncio.run(main())


def respelt(value: Any, number: Callable[[Any], Any]) -> Any:
    """An input with other spellings of its numbers."""
    if isinstance(value, dict):
        return {key: respelt(item, number) for key, item in value.items()}
    if isinstance(value, list):
        return [respelt(item, number) for item in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return number(value)


def as_floats(value: Any) -> Any:
    return respelt(value, lambda one: float(one) if float(one) == one else one)


def as_integers(value: Any) -> Any:
    return respelt(value, lambda one: int(one) if int(one) == one else one)


def as_numpy(value: Any) -> Any:
    """What a table makes of its columns: seeds are floats, the rest is as it was."""
    return {key: as_floats(item) if key == "seed" else item for key, item in value.items()}


WAYS: list[Any] = [lambda value: value, as_floats, as_integers, as_numpy]


@pytest.mark.parametrize("mapped", [map_in_thread, map_on_loop])
@pytest.mark.parametrize("spelt", WAYS, ids=["as it was", "floats", "integers", "columns"])
@pytest.mark.parametrize("name", [STORED, BARE])
def test_a_map_goes_on_without_paying_again(  # noqa: PLR0917 - fixtures
    api: Api,
    inputs: Inputs,
    tmp_path: Path,
    mapped: Any,
    spelt: Callable[[Any], Any],
    name: str,
) -> None:
    file = format_1.copy(name, tmp_path, api.base_url)
    pairs = mapped(api, [spelt(value) for value in inputs], file)
    # What was refused alone is sent again, and refused again.
    assert api.submitted == format_1.TAKEN
    by_prompt: dict[str, list[Any]] = {}
    for value, outcome in pairs:
        by_prompt.setdefault(value["prompt"], []).append(outcome)
    for prompt in ("dropped", "ok posting"):
        [error] = by_prompt.pop(prompt)
        assert isinstance(error, errors.SubmissionUncertain)
    kinds = {"fails": errors.JobFailed, "refused": errors.NotFound, "queues": errors.JobCancelled}
    for prompt, kind in kinds.items():
        [error] = by_prompt.pop(prompt)
        assert isinstance(error, kind)
    ids = [result.request_id for results in by_prompt.values() for result in results]
    assert all(
        isinstance(result, Result) and result.output == prompt
        for prompt, results in by_prompt.items()
        for result in results
    )
    assert len(by_prompt["ok again"]) == 4
    assert len(ids) == len(set(ids)) == len(inputs) - 5
    assert integrity(file) == "ok"
    # A second time, now that nothing is left to do.
    mapped(api, [spelt(value) for value in reversed(inputs)], file)
    assert api.submitted == format_1.TAKEN


@pytest.mark.parametrize("name", [STORED, BARE])
def test_more_of_the_same_inputs_are_jobs_of_their_own(
    api: Api, inputs: Inputs, tmp_path: Path, name: str
) -> None:
    file = format_1.copy(name, tmp_path, api.base_url)
    again = [value for value in inputs if value["prompt"] in {"ok again", "ok integer"}]
    for _ in range(2):
        pairs = map_in_thread(api, [*again, *map(as_floats, again)], file)
        assert len({outcome.request_id for _, outcome in pairs}) == 10
        assert sorted(api.submitted[len(format_1.TAKEN) :]) == [*["ok again"] * 4, "ok integer"]


@pytest.mark.parametrize(
    "spelling",
    [
        "HTTP://127.0.0.1:{}/v1",
        "http://127.0.0.1:0{}/v1",
        "http://127.0.0.1:{}/v1//",
        "http://127.0.0.1:{}/%761",
        "http://127.0.0.1:{}/x/../v1",
    ],
)
def test_another_spelling_of_the_base_url_is_the_same_server(
    api: Api, inputs: Inputs, tmp_path: Path, spelling: str
) -> None:
    other = spelling.format(api.port)
    # Written so then, and so now.
    file = format_1.copy(STORED, tmp_path, other.rstrip("/"))
    map_in_thread(api, inputs, file)
    map_in_thread(api, inputs, file, base_url=other)
    map_on_loop(api, inputs, file, base_url=other)
    with Client(TOKEN, base_url=other, clock=FakeClock(), journal=file) as client:
        assert client.base_url == api.base_url
        assert list(client.journal.resume()) == []
    assert api.submitted == format_1.TAKEN


def test_what_is_unfinished_is_resumed(api: Api, tmp_path: Path) -> None:
    file = format_1.copy(STORED, tmp_path, api.base_url.replace("http", "HTTP"))
    with Client(TOKEN, base_url=api.base_url, clock=FakeClock(), journal=file) as client:
        [(entry, result)] = client.journal.resume()
        assert isinstance(result, Result)
        assert (entry.request_id, result.output) == ("r-21", "runs")
        assert [one.state for one in client.journal.uncertain()] == ["uncertain", "uncertain"]


def test_every_entry_says_what_it_said(tmp_path: Path) -> None:
    file = format_1.copy(STORED, tmp_path, ORIGIN)
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute(
            "SELECT local_id, origin, request_id, state, error, created, updated FROM submission"
        ).fetchall()
        old = dict(connection.execute("SELECT local_id, digest FROM submission"))
    with Journal(file) as journal:
        entries = list(journal.jobs())
        said = [
            (
                *(one.local_id, one.origin, one.request_id, one.state, one.error),
                *(one.created, one.updated),
            )
            for one in entries
        ]
        # The last one's process is gone.
        assert said[:-1] == rows[:-1]
        assert all(one.digest == digest(MODEL, one.input or {}) for one in entries)
        renewed = [one for one in entries if one.digest != old[one.local_id]]
        assert 0 < len(renewed) < len(entries)
    with Journal(format_1.copy(BARE, tmp_path, ORIGIN)) as journal:
        # There is nothing to make another of.
        assert all(len(one.digest) == 64 for one in journal.jobs())


def test_it_is_done_once(tmp_path: Path) -> None:
    file = format_1.copy(STORED, tmp_path, ORIGIN)
    Journal(file).close()
    before = file.read_bytes()
    Journal(file).close()
    assert file.read_bytes() == before


def test_many_that_do_it_at_once(tmp_path: Path) -> None:
    file = format_1.copy(STORED, tmp_path, ORIGIN)
    source = """
import sys
from runcomfy_core.journal import Journal
sys.stdin.read(1)
with Journal(sys.argv[1]) as journal:
    print(len(list(journal.jobs())))
"""
    children = [script(source, file) for _ in range(4)]
    said: list[str] = []
    threads = [
        threading.Thread(target=lambda one=one: said.append(output(one))) for one in children
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == ["25\n"] * 4
    assert integrity(file) == "ok"


def test_not_while_a_process_of_an_earlier_version_submits(tmp_path: Path) -> None:
    file = format_1.copy(STORED, tmp_path, ORIGIN)
    before = file.read_bytes()
    session = sessions.Session(file)
    for _ in range(2):
        with pytest.raises(JournalError) as caught:
            Journal(file)
        assert str(caught.value) == (
            f"the journal {file}: it has format 1, and a process with an earlier version of this "
            "package is using it: wait for that process to end, or end it, and open the journal "
            "again"
        )
    assert file.read_bytes() == before
    session.end()
    Journal(file).close()


def test_a_process_of_an_earlier_version_is_told_before_it_submits(tmp_path: Path) -> None:
    """Its statements, as format 1 had them."""
    file = format_1.copy(STORED, tmp_path, ORIGIN)
    told = "a later version of this package has turned the journal into format 2: start this"
    columns = (
        "local_id, session, model_id, origin, digest, key, request_id, state, status, created, "
        "updated, error, input, result"
    )
    with closing(sqlite3.connect(file, isolation_level=None)) as old:
        old.execute("SELECT 1 FROM submission").fetchone()
        with Journal(file) as journal:
            values = ("x" * 32, "s", MODEL, ORIGIN, "d", "1", None, "posting", None, 1.0, 1.0)
            with pytest.raises(sqlite3.IntegrityError, match=told):
                old.execute(
                    f"INSERT INTO submission ({columns}) SELECT {', '.join('?' * 14)} "  # noqa: S608 - our names
                    "WHERE NOT EXISTS (SELECT 1 FROM submission WHERE digest = 'd')",
                    (*values, None, None, None),
                )
            with pytest.raises(sqlite3.IntegrityError, match=told):
                old.execute(
                    "UPDATE submission SET state = 'completed', result = NULL, error = NULL, "
                    "updated = 1.0 WHERE request_id = 'r-21'"
                )
            # It reads on.
            found = old.execute(f"SELECT id, {columns} FROM submission WHERE id = 23")  # noqa: S608 - the column names are our own
            assert found.fetchone()[7] == "r-21"
            assert [one.request_id for one in journal.unfinished()] == ["r-21"]
            assert len(list(journal.jobs())) == 25


def test_one_that_is_killed_meanwhile_leaves_it_as_it_was(tmp_path: Path) -> None:
    file = format_1.copy(STORED, tmp_path, ORIGIN)
    source = """
import os, signal, sys
from runcomfy_core.journal import Journal, table
insert, count = table.insert, 0
def deadly(*arguments):
    global count
    count += 1
    if count == 10:
        os.kill(os.getpid(), signal.SIGKILL)
    insert(*arguments)
table.insert = deadly
Journal(sys.argv[1])
"""
    with script(source, file) as child:
        child.wait(timeout=60)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert connection.execute("SELECT COUNT(*) FROM submission").fetchone() == (25,)
    with Journal(file) as journal:
        assert len(list(journal.jobs())) == 25


def test_one_that_is_interrupted_leaves_it_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = format_1.copy(STORED, tmp_path, ORIGIN)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(table, "insert", interrupt)
        with pytest.raises(KeyboardInterrupt):
            Journal(file)
    with Journal(file) as journal:
        assert len(list(journal.jobs())) == 25


def test_one_that_is_damaged_is_left_as_it_is(tmp_path: Path) -> None:
    file = format_1.copy(STORED, tmp_path, ORIGIN)
    content = file.read_bytes()
    with closing(sqlite3.connect(file)) as connection:
        [(name,)] = connection.execute("SELECT digest FROM submission WHERE id = 2")
    # One letter of it, in the index or in the table.
    for place in (content.find(name.encode()), content.rfind(name.encode())):
        damaged = bytearray(content)
        damaged[place] ^= 1
        file.write_bytes(damaged)
        with pytest.raises(JournalError, match="it is damaged: SQLite says: row 2 missing from in"):
            Journal(file)
        assert file.read_bytes() == damaged
