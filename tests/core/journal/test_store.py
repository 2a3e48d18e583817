from __future__ import annotations

import os
import resource
import sqlite3
import sys
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from support_journal import ORIGIN, begin, integrity, output, script
from support_threads import is_held

from runcomfy_core.journal import (
    Journal,
    JournalError,
    JournalWarning,
    database,
    forks,
    store,
    table,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FULL = "its disk is full: make room, or keep the journal elsewhere"
KEPT = "; it is kept in memory, and written before the next record"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "j.sqlite3") as journal:
        yield journal


def connection(journal: Journal) -> sqlite3.Connection:
    found = journal._store._connection
    assert found is not None
    return found


def pages(journal: Journal, most: int | None = None) -> None:
    """Let the file have no more pages than it has, or as many as that."""
    has = connection(journal).execute("PRAGMA page_count").fetchone()[0]
    connection(journal).execute(f"PRAGMA max_page_count = {most or has}")


def fill(journal: Journal) -> str:
    """Begin submissions until the disk is full; the last one that went in."""
    pages(journal)
    begun: list[str] = []
    with pytest.raises(JournalError) as caught:
        begun.extend(begin(journal, prompt="x" * 200) for _ in range(1000))
    assert str(caught.value) == f"the journal {journal.path}: {FULL}; nothing was sent"
    return begun[-1]


def warned(records: pytest.WarningsRecorder) -> list[str]:
    return [str(one.message) for one in records.list]


def test_a_full_disk_is_an_error_before_a_post(journal: Journal) -> None:
    last = fill(journal)
    assert [one.local_id for one in journal.jobs()][-1] == last
    pages(journal, 1000)
    begin(journal)


def test_a_full_disk_is_a_warning_after_it(
    journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    last = fill(journal)
    long = "x" * 10_000
    with pytest.warns(JournalWarning) as records:
        journal.mark_uncertain(last, long)
    with pytest.warns(JournalWarning) as more:
        journal.mark_submitted(last, "r-1")
    with pytest.warns(JournalWarning) as most:
        journal.mark_finished("r-1", "completed", {"a": 1}, origin=ORIGIN)
    notes = [
        f"submission {last} may have been taken",
        f"submission {last} is request r-1",
        "request r-1 is completed",
    ]
    words = [f"the journal {journal.path}: {FULL}; not recorded: {note}{KEPT}" for note in notes]
    assert warned(records) + warned(more) + warned(most) == words
    assert caplog.messages == words
    # Nothing new passes the notes that wait.
    with pytest.raises(JournalError, match="its disk is full"):
        begin(journal)
    entry = journal.get(last)
    assert entry is not None
    assert entry.state == "posting"
    pages(journal, 1000)
    later = begin(journal)
    entry = journal.get(last)
    assert entry is not None
    assert (entry.state, entry.request_id, entry.result) == ("completed", "r-1", {"a": 1})
    assert journal.get(later) is not None


def test_what_is_still_kept_is_written_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite3"
    with Journal(path) as journal:
        last = fill(journal)
        with pytest.warns(JournalWarning):
            journal.mark_uncertain(last, "x" * 10_000)
        pages(journal, 1000)
    with Journal(path) as journal:
        entry = journal.get(last)
        assert entry is not None
        assert entry.error == "x" * 10_000


def test_what_can_t_be_written_at_the_end_is_told(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite3"
    journal = Journal(path)
    last = fill(journal)
    with pytest.warns(JournalWarning):
        journal.mark_uncertain(last, "x" * 10_000)
    with pytest.warns(JournalWarning) as records:
        journal.close()
    note = f"submission {last} may have been taken"
    assert warned(records) == [f"the journal {path}: it was closed; not recorded: {note}"]
    journal.close()


def test_a_long_result_on_a_full_disk_holds_up_nothing(journal: Journal) -> None:
    first, second = begin(journal), begin(journal)
    journal.mark_submitted(first, "r-1")
    pages(journal)
    result = {"a": "x" * store.MOST_KEPT}
    with pytest.warns(JournalWarning) as records:
        journal.mark_finished("r-1", "completed", result, origin=ORIGIN)
    (message,) = warned(records)
    assert message.endswith(
        "request r-1 is completed; it is too long to be kept in memory; the API gives it again"
    )
    # It is still to be had, as any job that is not known to be over.
    assert [one.request_id for one in journal.unfinished()] == ["r-1"]
    journal.mark_submitted(second, "r-2")
    assert [one.request_id for one in journal.unfinished()] == ["r-1", "r-2"]


def test_a_value_that_can_t_be_stored_holds_up_nothing(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    local_id = begin(journal)
    monkeypatch.setattr("runcomfy_core.journal.journal.plain", lambda text, _: text)
    with pytest.warns(JournalWarning, match="surrogates not allowed; not recorded"):
        journal.mark_uncertain(local_id, "\ud800")
    connection(journal).setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 2000)
    with pytest.warns(JournalWarning, match="too big"):
        journal.mark_uncertain(local_id, "x" * 3000)
    journal.mark_submitted(local_id, "r-1")
    assert [one.request_id for one in journal.unfinished()] == ["r-1"]


def test_no_note_passes_one_that_waits(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    local_id = begin(journal)
    monkeypatch.setattr(store, "_HOPELESS", ())
    before = connection(journal).setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 2000)
    with pytest.warns(JournalWarning, match="too big"):
        journal.mark_uncertain(local_id, "x" * 3000)
    with pytest.warns(JournalWarning, match="too big"):
        journal.mark_submitted(local_id, "r-1")
    connection(journal).setlimit(sqlite3.SQLITE_LIMIT_LENGTH, before)
    journal.mark_status("r-1", "in_queue", origin=ORIGIN)
    assert [(one.state, one.status) for one in journal.jobs()] == [("submitted", "in_queue")]


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits")
def test_a_disk_that_fails(journal: Journal) -> None:
    """A file may not grow: the write-ahead log can't be written."""
    local_id = begin(journal)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, before[1]))
    try:
        with pytest.raises(JournalError, match=r"its disk fails \(SQLITE_IOERR_WRITE\): look at"):
            begin(journal)
        with pytest.warns(JournalWarning, match=f"submission {local_id} is request r-1; it is kep"):
            journal.mark_submitted(local_id, "r-1")
        assert [one.local_id for one in journal.jobs()] == [local_id]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    begin(journal)
    assert [one.request_id for one in journal.unfinished()] == ["r-1"]


def test_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite3"
    with Journal(path) as journal:
        ids = [begin(journal, prompt="x" * 2000) for _ in range(50)]
    content = path.read_bytes()
    with Journal(path) as journal:
        # Into the file that is open, and not a new one.
        with path.open("r+b") as file:
            file.write(content[:4096] + b"\xff" * (len(content) - 4096))
        with pytest.raises(
            JournalError, match=r"a damaged one \(.*malformed\): .*nothing was sent"
        ):
            begin(journal)
        with pytest.warns(JournalWarning, match="a damaged one .* is request r-1; it is kept"):
            journal.mark_submitted(ids[0], "r-1")
        with pytest.raises(JournalError, match="a damaged one"):
            list(journal.jobs())
        with pytest.warns(JournalWarning, match="closed; not recorded: submission"):
            journal.close()


def test_a_journal_that_another_process_keeps_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY", 0.05)
    locked = "another process keeps it locked: see what else has it open"
    with Journal(tmp_path / "j.sqlite3") as journal:
        local_id = begin(journal)
        with closing(sqlite3.connect(journal.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(JournalError, match=f"{locked}; nothing was sent"):
                begin(journal)
            with pytest.warns(JournalWarning, match=locked):
                journal.mark_submitted(local_id, "r-1")
            assert [one.state for one in journal.jobs()] == ["posting"]
        journal.mark_status("r-1", "in_queue", origin=ORIGIN)
        assert [(one.state, one.status) for one in journal.jobs()] == [("submitted", "in_queue")]


@pytest.mark.parametrize("end", ["", "-wal", "-shm"])
@pytest.mark.parametrize("act", ["delete", "replace"])
def test_a_file_that_goes_while_it_is_in_use(journal: Journal, end: str, act: str) -> None:
    local_id = begin(journal)
    path = journal.path.with_name(journal.path.name + end)
    aside = path.with_name("aside")
    path.rename(aside)
    if act == "replace":
        path.touch()
    gone = (
        "it, or its -wal or -shm file, was deleted or replaced while in use: put it back, or make"
    )
    with pytest.raises(JournalError, match=f"{gone} .*; nothing was sent"):
        begin(journal)
    with pytest.warns(JournalWarning, match=gone):
        journal.mark_submitted(local_id, "r-1")
    aside.replace(path)
    last = begin(journal)
    assert [one.local_id for one in journal.jobs()] == [local_id, last]
    assert [one.request_id for one in journal.unfinished()] == ["r-1"]
    assert integrity(journal.path) == "ok"


def test_a_file_that_goes_while_a_write_is_under_way(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def execute(*arguments: Any) -> Any:
        journal.path.unlink()
        return original(*arguments)

    original = store._execute
    monkeypatch.setattr(store, "_execute", execute)
    with pytest.raises(JournalError, match="deleted or replaced while in use"):
        begin(journal)


def test_many_threads_share_a_wait_for_the_disk(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one commits, the others queue; then one commits for all."""
    commits: list[int] = []
    under_way, go_on = threading.Event(), threading.Event()
    original = store._execute

    def execute(conn: sqlite3.Connection, writes: list[Any]) -> list[Any]:
        commits.append(len(writes))
        under_way.set()
        assert go_on.wait(10)
        return original(conn, writes)

    journal._store.session()
    monkeypatch.setattr(store, "_execute", execute)
    threads = [threading.Thread(target=begin, args=(journal,)) for _ in range(9)]
    threads[0].start()
    assert under_way.wait(10)
    # Their session's name takes the lock, too; what is begun with it at hand only queues.
    name = journal._store._session
    assert name is not None
    monkeypatch.setattr(journal._store, "session", lambda: name.name)
    for thread in threads[1:]:
        thread.start()
    end = time.monotonic() + 10
    while len(journal._store._queue) < 8:
        assert time.monotonic() < end
        time.sleep(0.001)
    go_on.set()
    for thread in threads:
        thread.join()
    assert commits == [1, 8]
    assert len(list(journal.jobs())) == 9


def test_a_wait_that_is_interrupted(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    local_id = begin(journal)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(store, "_execute", interrupt)
        with pytest.raises(KeyboardInterrupt):
            begin(journal)
        with pytest.raises(KeyboardInterrupt):
            journal.mark_submitted(local_id, "r-1")
    journal.mark_status("r-1", "in_queue", origin=ORIGIN)
    # What was not begun is not; what is known of a job that was paid for, is.
    assert [(one.request_id, one.status) for one in journal.jobs()] == [("r-1", "in_queue")]


def test_what_failed_comes_before_what_was_asked_for_meanwhile(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, meanwhile = (store.Write(table.latest, about) for about in ("1", "2", "3"))

    def fail(*_: object) -> None:
        journal._store._queue.append(meanwhile)
        raise OSError("gone")

    monkeypatch.setattr(store, "_execute", fail)
    journal._store._queue.append(first)
    with pytest.raises(OSError, match="gone"):
        journal._store.write(second)
    assert list(journal._store._queue) == [first, second, meanwhile]
    journal._store._queue.clear()


def test_a_transaction_that_sqlite_gives_up(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def give_up(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE OR ROLLBACK submission SET state = NULL")

    begin(journal)
    write = store.Write(give_up, "")
    with pytest.raises(sqlite3.IntegrityError):
        journal._store.write(write)
    assert write.state == "dropped"
    begin(journal)
    monkeypatch.setattr(store, "_HOPELESS", ())
    write = store.Write(give_up, "")
    with pytest.raises(sqlite3.IntegrityError):
        journal._store.write(write)
    assert write.state == "pending"
    journal._store._queue.clear()


def test_durable_writes_wait_for_the_disk(journal: Journal) -> None:
    said: list[str] = []
    connection(journal).set_trace_callback(said.append)

    def waits(act: Callable[[], object]) -> bool:
        said.clear()
        act()
        connection(journal).set_trace_callback(None)
        (level,) = connection(journal).execute("PRAGMA synchronous").fetchone()
        connection(journal).set_trace_callback(said.append)
        assert said[-1] == "COMMIT"
        return bool(level == 2)

    local_id = ""

    def start() -> None:
        nonlocal local_id
        local_id = begin(journal)

    assert waits(start)
    assert waits(lambda: journal.mark_submitted(local_id, "r-1"))
    assert not waits(lambda: journal.mark_status("r-1", "in_queue", origin=ORIGIN))
    assert not waits(lambda: journal.mark_finished("r-1", "failed", {}, origin=ORIGIN))
    assert waits(lambda: journal.mark_uncertain(local_id, "x"))
    assert waits(lambda: journal.mark_refused(local_id, "x"))


def test_after_the_end(journal: Journal) -> None:
    local_id = begin(journal)
    journal.close()
    closed = "it is closed: make a new client, or a new journal"
    with pytest.raises(JournalError, match=f"{closed}; nothing was sent"):
        begin(journal)
    with pytest.raises(JournalError, match=f"{closed}$"):
        journal.jobs()
    # The request id of a job that was paid for is recorded all the same.
    journal.mark_submitted(local_id, "r-1")
    with Journal(journal.path) as other:
        entry = other.get(local_id)
        assert entry is not None
        assert (entry.state, entry.request_id) == ("submitted", "r-1")


def test_after_the_end_of_a_journal_that_is_gone(journal: Journal) -> None:
    local_id = begin(journal)
    journal.close()
    journal.path.unlink()
    with pytest.warns(JournalWarning, match=f"not recorded: submission {local_id} is") as told:
        journal.mark_submitted(local_id, "r-1")
    assert "kept in memory" not in str(told[0].message)
    assert not journal.path.exists()


def test_a_disk_that_fails_after_the_end(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    local_id = begin(journal)
    journal.close()

    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("no disk")

    monkeypatch.setattr(database, "connect", fail)
    with pytest.warns(JournalWarning, match=f"not recorded: submission {local_id} is") as told:
        journal.mark_submitted(local_id, "r-1")
    assert "kept in memory" not in str(told[0].message)


def test_two_in_one_process(tmp_path: Path) -> None:
    """Opening and closing one does not drop the locks of the other."""
    with Journal(tmp_path / "j.sqlite3") as one:
        begin(one)
        with Journal(tmp_path / "j.sqlite3") as two:
            begin(two)
        begin(one)
        source = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=0)
try:
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("DELETE FROM submission")
except sqlite3.OperationalError as error:
    print(error)
connection.close()
"""
        connection(one).execute("BEGIN IMMEDIATE")
        Journal(tmp_path / "j.sqlite3").close()
        assert output(script(source, one.path)) == "database is locked\n"
        connection(one).execute("ROLLBACK")
        assert len(list(one.jobs())) == 3


_WRITER = """
import sys, threading
from runcomfy_core.journal import Journal
path, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
with Journal(path) as journal:
    def work(thread):
        for number in range(count):
            key = f"{name}-{thread}-{number}"
            journal.mark_submitted(journal.begin("a/b", {}, origin="o", key=key), f"r-{key}")
            journal.mark_finished(f"r-{key}", "completed", {}, origin="o")
    threads = [threading.Thread(target=work, args=(one,)) for one in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def test_two_processes_of_eight_threads(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite3"
    for child in [script(_WRITER, path, name, 25) for name in "ab"]:
        assert output(child) == ""
    with Journal(path) as journal:
        entries = list(journal.jobs("completed"))
    expected = {f"{name}-{thread}-{n}" for name in "ab" for thread in range(8) for n in range(25)}
    assert {one.key for one in entries} == expected
    assert len(entries) == len(expected)
    assert all(one.request_id == f"r-{one.key}" for one in entries)
    assert integrity(path) == "ok"


# A parent with threads that write forks children that write, while an old connection is open.
_FORKING = """
import os, sys, threading, warnings
from runcomfy_core.journal import Journal
warnings.simplefilter("ignore", DeprecationWarning)  # a fork beside threads: that is the point
journal = Journal(sys.argv[1])
other = Journal(sys.argv[1])
before = journal.begin("a/b", {}, origin="o", key="before")
stop = threading.Event()
written = []
def work():
    while not stop.is_set():
        written.append(journal.begin("a/b", {}, origin="o", key="parent"))
threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads:
    thread.start()
children = []
for number in range(6):
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            mine = [journal.begin("a/b", {}, origin="o", key=f"child-{number}") for _ in range(5)]
            other.mark_submitted(mine[0], f"r-{number}")
            assert journal.get(before).state == "posting", "a child took its parent for dead"
            assert journal.get(mine[1]).state == "posting"
            journal.close()
            assert other.get(mine[1]).state == "uncertain", "closed"
            assert other.get(before).state == "posting", "a child ended its parent's session"
            code = 0
        finally:
            os._exit(code)
    children.append(pid)
assert all(os.waitpid(pid, 0)[1] == 0 for pid in children)
stop.set()
for thread in threads:
    thread.join()
print(len(written), flush=True)
os._exit(0)  # as if killed: nothing is closed
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forks(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite3"
    written = int(output(script(_FORKING, path)))
    with Journal(path) as journal:
        keys = [one.key for one in journal.jobs()]
        assert keys.count("parent") == written
        assert [keys.count(f"child-{number}") for number in range(6)] == [5] * 6
        assert sorted(str(one.request_id) for one in journal.unfinished()) == [
            f"r-{number}" for number in range(6)
        ]
        assert all(one.state == "uncertain" for one in journal.jobs() if one.key == "parent")
    assert integrity(path) == "ok"


# SQLite's locks are a process's: a connection that a child had inherited would hold none, and its
# parent, taking itself for the last to close, would remove the log that the child writes.
_LEFT_BEHIND = """
import os, sys
from runcomfy_core.journal import Journal
journal = Journal(sys.argv[1])
journal.begin("a/b", {}, origin="o", key="parent")
ready, go_on = os.pipe(), os.pipe()
pid = os.fork()
if pid == 0:
    code = 1
    try:
        journal.begin("a/b", {}, origin="o", key="while its parent has it open")
        os.write(ready[1], b".")
        os.read(go_on[0], 1)
        journal.begin("a/b", {}, origin="o", key="after its parent has closed it")
        code = 0
    finally:
        os._exit(code)
os.read(ready[0], 1)
journal.close()
os.write(go_on[1], b".")
assert os.waitpid(pid, 0)[1] == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_that_goes_on_when_its_parent_has_closed(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite3"
    assert output(script(_LEFT_BEHIND, path)) == ""
    with Journal(path) as journal:
        assert [one.key for one in journal.jobs("uncertain")] == [
            "parent",
            "while its parent has it open",
            "after its parent has closed it",
        ]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_s_child_leaves_to_its_parent_what_waits(tmp_path: Path) -> None:
    source = """
import os, sys, warnings
from runcomfy_core.journal import Journal, JournalWarning, store
warnings.simplefilter("ignore", JournalWarning)
journal = Journal(sys.argv[1])
local_id = journal.begin("a/b", {}, origin="o")
execute, store._execute = store._execute, None
journal.mark_submitted(local_id, "r-1")
store._execute = execute
pid = os.fork()
if pid == 0:
    try:
        journal.begin("a/b", {}, origin="o")
        print(journal.get(local_id).state, flush=True)
    finally:
        os._exit(0)
os.waitpid(pid, 0)
journal.close()
print(Journal(sys.argv[1]).get(local_id).state)
"""
    assert output(script(source, tmp_path / "j.sqlite3")) == "posting\nsubmitted\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_file_that_goes_before_a_fork(tmp_path: Path) -> None:
    source = """
import os, sys
from runcomfy_core.journal import Journal, JournalError
journal = Journal(sys.argv[1])
os.unlink(sys.argv[1])
pid = os.fork()
if pid:
    os._exit(os.waitpid(pid, 0)[1] >> 8)
try:
    journal.begin("a/b", {}, origin="o")
except JournalError as error:
    print(error.reason, os.path.exists(sys.argv[1]), flush=True)
os._exit(0)
"""
    said = output(script(source, tmp_path / "j.sqlite3"))
    assert said.startswith("it, or its -wal or -shm file, was deleted or replaced while in use")
    assert said.endswith("; nothing was sent False\n")


def test_around_a_fork(journal: Journal) -> None:
    """What happens in the process that forks, without another thread or process in the way."""
    begin(journal)
    forks._before()
    seen = (journal._store._connection, is_held(journal._store._lock), is_held(forks.guard))
    forks._after(child=False)
    assert seen == (None, True, True)
    begin(journal)
    assert not is_held(forks.guard)
    assert [one.state for one in journal.jobs()] == ["posting", "posting"]


def test_in_the_child_of_a_fork(journal: Journal) -> None:
    local_id = begin(journal)
    parent = journal._store.session()
    journal._store._queue.append(store.Write(table.latest, "the parent's"))
    forks._before()
    forks._after(child=True)
    assert not journal._store._queue
    begin(journal)
    assert journal._store.session() != parent
    # Here the parent is gone with its lock; the child's own is alive.
    assert [one.state for one in journal.jobs()] == ["uncertain", "posting"]
    assert [one.local_id for one in journal.uncertain()] == [local_id]
