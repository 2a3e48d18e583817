from __future__ import annotations

import os
import sqlite3
import stat
import sys
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from support_journal import NOBODY, ORIGIN, begin, integrity, output, script, unprivileged

from runcomfy import errors
from runcomfy_core.journal import Journal, JournalError, database, schema

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "j.sqlite3"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def pragma(path: Path, name: str) -> object:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"PRAGMA {name}").fetchone()[0]


def refusal(path: Path) -> str:
    with pytest.raises(JournalError) as caught:
        Journal(path)
    assert isinstance(caught.value, errors.RunComfyError)
    assert caught.value.path == path
    assert str(caught.value) == f"the journal {path}: {caught.value.reason}"
    return caught.value.reason


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX modes")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_its_files_are_the_user_s_alone(
    path: Path, umask: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    connect = sqlite3.connect

    def spy(name: str, **options: object) -> sqlite3.Connection:
        seen.append(mode(path))
        return connect(name, **options)  # type: ignore[call-overload,no-any-return]  # as it came

    monkeypatch.setattr(sqlite3, "connect", spy)
    before = os.umask(umask)
    try:
        with Journal(path) as journal:
            begin(journal)
            files = {one.name[len(path.name) :][:5]: mode(one) for one in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert seen == [0o600]
    assert files == {"": 0o600, "-wal": 0o600, "-shm": 0o600, "-sess": 0o600}


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX modes")
def test_folders_are_made_for_the_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "j.sqlite3"
    Journal(path).close()
    assert mode(tmp_path / "a") == mode(tmp_path / "a" / "b") == 0o700
    there = tmp_path / "there"
    there.mkdir(mode=0o755)
    Journal(there / "j.sqlite3").close()
    assert mode(there) == 0o755


def test_what_it_is_made_of(path: Path) -> None:
    Journal(path).close()
    assert pragma(path, "application_id") == int.from_bytes(b"RCJN", "big")
    assert pragma(path, "user_version") == 2
    assert pragma(path, "journal_mode") == "wal"
    assert [one.name for one in path.parent.iterdir()] == ["j.sqlite3"]


def test_an_empty_file_becomes_one(path: Path) -> None:
    path.touch()
    with Journal(path) as journal:
        begin(journal)
    assert pragma(path, "user_version") == 2


@pytest.mark.parametrize("journal_mode", ["delete", "wal"])
@pytest.mark.parametrize(
    "statement",
    ["CREATE TABLE submission (a)", "PRAGMA user_version = 1", "PRAGMA application_id = 7"],
)
def test_another_application_s_database_is_left_as_it_is(
    path: Path, journal_mode: str, statement: str
) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal_mode}")
        connection.execute(statement)
        connection.commit()
    path.chmod(0o644)
    before = path.read_bytes()
    assert refusal(path) == (
        "it is another application's database; it was left as it is: pass another path"
    )
    assert path.read_bytes() == before
    assert mode(path) == 0o644
    assert [one.name for one in path.parent.iterdir()] == ["j.sqlite3"]


def test_a_later_version_s_journal_is_refused(path: Path) -> None:
    Journal(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 3")
    assert refusal(path) == (
        "it has format 3, made by a later version of this package, and this one knows 2: "
        "update the package, or pass another path"
    )


def test_a_file_that_is_no_database(path: Path) -> None:
    path.write_bytes(b"\x89PNG" * 1000)
    assert refusal(path).startswith(
        "it is no SQLite database, or a damaged one (file is not a database): move it away, with"
    )
    assert path.read_bytes() == b"\x89PNG" * 1000


def test_a_file_that_is_cut_off(path: Path) -> None:
    Journal(path).close()
    path.write_bytes(path.read_bytes()[:4096])
    assert "a damaged one (database disk image is malformed)" in refusal(path)


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (lambda folder: folder, "it can't be opened: it must be a file, and it and its folder"),
        (lambda folder: folder / "file" / "j", "File exists: mend this, or keep the journal else"),
        (lambda folder: folder / ("x" * 300), "File name too long: mend this"),
        (lambda folder: folder / "a\0b", "ValueError: embedded null byte"),
    ],
)
def test_a_place_where_no_file_can_be(
    tmp_path: Path, place: Callable[[Path], Path], reason: str
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JournalError) as caught:
        Journal(place(tmp_path))
    assert reason in str(caught.value)


def test_a_folder_that_can_t_be_written_to() -> None:
    with unprivileged() as folder:
        assert refusal(folder / "j.sqlite3") == (
            f"{folder}/j.sqlite3: Permission denied: mend this, or keep the journal elsewhere"
        )
        assert list(folder.iterdir()) == []


def test_a_file_that_can_t_be_written_to() -> None:
    def prepare(folder: Path) -> None:
        Journal(folder / "j.sqlite3").close()
        (folder / "j.sqlite3").chmod(0o400)
        os.chown(folder / "j.sqlite3", NOBODY, NOBODY)

    with unprivileged(prepare) as folder:
        assert refusal(folder / "j.sqlite3") == (
            "it can't be written: make it and its folder writable for this user, or keep the "
            "journal elsewhere"
        )


def test_a_path_by_way_of_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = tmp_path / "real 100%?#&;é"
    real.mkdir()
    link = tmp_path / "link"
    link.symlink_to(real, target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    with Journal("link/j.sqlite3") as journal:
        monkeypatch.chdir("/")
        local_id = begin(journal)
    assert journal.path == real / "j.sqlite3"
    with Journal(link / "j.sqlite3") as journal:
        assert [one.local_id for one in journal.jobs()] == [local_id]


def test_a_disk_without_shared_memory(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    connect = sqlite3.connect

    def dotfile(name: str, **options: object) -> sqlite3.Connection:
        # SQLite's own stand-in for a disk without locks, which has no write-ahead log.
        return connect(f"{name}&vfs=unix-dotfile", **options)  # type: ignore[call-overload,no-any-return]  # as it came

    monkeypatch.setattr(sqlite3, "connect", dotfile)
    with Journal(path) as journal:
        words = (
            f"the journal {path}: its disk, perhaps a network's, can't be used with SQLite's "
            "write-ahead log; it is used with a rollback journal, which is slower"
        )
        assert caplog.messages == [words]
        local_id = begin(journal)
        journal.mark_submitted(local_id, "r-1")
        journal.mark_finished("r-1", "completed", {"a": 1}, origin=ORIGIN)
        connection = journal._store._connection
        assert connection is not None
        assert connection.execute("PRAGMA synchronous").fetchone() == (3,)  # EXTRA
        (entry,) = journal.jobs()
        assert (entry.state, entry.result) == ("completed", {"a": 1})


def test_a_journal_that_stays_locked(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY", 0.1)
    path.touch()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert refusal(path) == "another process keeps it locked: see what else has it open"


def test_a_new_one_that_another_process_is_looking_at(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    connect = sqlite3.connect

    def impatient(name: str, **options: object) -> sqlite3.Connection:
        # Of two that turn a new file to WAL, SQLite refuses one at once.
        return connect(name, **{**options, "timeout": 0.0})  # type: ignore[call-overload,no-any-return]  # as it came

    path.touch()
    other = sqlite3.connect(path, isolation_level=None)
    make = database._make_tables

    def then_looked_at(connection: sqlite3.Connection) -> None:
        make(connection)
        other.execute("BEGIN")
        other.execute("SELECT * FROM submission")

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        other.close()

    monkeypatch.setattr(sqlite3, "connect", impatient)
    monkeypatch.setattr(database, "_make_tables", then_looked_at)
    monkeypatch.setattr("runcomfy_core.journal.database.time.sleep", pause)
    with Journal(path) as journal:
        begin(journal)
    assert pauses
    assert pragma(path, "journal_mode") == "wal"


def test_a_new_one_that_another_process_does_not_let_go_of(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY", 0.1)
    with Journal(path):
        pass
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN")
        other.execute("SELECT * FROM submission").fetchall()
        assert refusal(path) == "another process keeps it locked: see what else has it open"


def test_a_process_that_is_killed_while_it_makes_the_tables(path: Path) -> None:
    source = """
import os, signal, sys
from runcomfy_core.journal import Journal, database, schema
schema._PARTS["x"] = ("table", "kill")
connect = database.sqlite3.connect
class Connection(database.sqlite3.Connection):
    def execute(self, sql, *rest):
        if sql == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        return super().execute(sql, *rest)
database.sqlite3.connect = lambda *a, **k: connect(*a, factory=Connection, **k)
Journal(sys.argv[1])
"""
    with script(source, path) as child:
        child.wait(timeout=60)
    assert path.exists()
    with Journal(path) as journal:
        begin(journal)
    assert integrity(path) == "ok"


def test_tables_that_can_t_be_made_leave_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(schema._PARTS, "x", ("table", "no SQL"))
    assert "syntax error" in refusal(path)
    monkeypatch.undo()
    Journal(path).close()
    assert pragma(path, "user_version") == 2


def test_one_that_another_process_makes_meanwhile(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = database._make_tables

    def second(connection: sqlite3.Connection) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            make(other)
        make(connection)

    monkeypatch.setattr(database, "_make_tables", second)
    with Journal(path) as journal:
        begin(journal)


def test_many_that_make_it_at_once(path: Path) -> None:
    source = """
import sys
from runcomfy_core.journal import Journal
sys.stdin.read(1)
with Journal(sys.argv[1]) as journal:
    print(journal.begin("a/b", {}, origin="o"))
"""
    children = [script(source, path) for _ in range(4)]
    said: list[str] = []
    threads = [
        threading.Thread(target=lambda one=one: said.append(output(one).strip()))
        for one in children
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Journal(path) as journal:
        assert sorted(one.local_id for one in journal.jobs()) == sorted(said)
    assert integrity(path) == "ok"
