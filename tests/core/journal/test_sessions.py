from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import runcomfy
from runcomfy_core.journal import Journal, sessions
from runcomfy_core.journal.sessions import Session, is_alive

if TYPE_CHECKING:
    from collections.abc import Iterator

# Starts a session, says its name, and lives until its input ends.
_CHILD = """
import sys
from pathlib import Path
from runcomfy_core.journal.sessions import Session
print(Session(Path(sys.argv[1])).name, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "j.sqlite3"


@pytest.fixture
def child(path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", _CHILD, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(runcomfy.__file__).parent.parent,
    ) as process:
        yield process
        process.kill()


def said(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def test_one_s_own(path: Path) -> None:
    session = Session(path)
    other = Session(path)
    assert session.name != other.name
    assert is_alive(path, session.name)
    session.end()
    assert not is_alive(path, session.name)
    assert is_alive(path, other.name)
    other.end()
    assert list(path.parent.iterdir()) == []


def test_its_file_is_the_user_s_alone(path: Path) -> None:
    session = Session(path)
    (file,) = path.parent.iterdir()
    assert file.name == f"j.sqlite3-session-{session.name}"
    assert file.stat().st_mode & 0o777 == 0o600
    session.end()


def test_one_of_another_process(path: Path, child: subprocess.Popen[str]) -> None:
    name = said(child)
    assert is_alive(path, name)
    assert is_alive(path, name)  # looking changes nothing
    child.kill()
    child.wait()
    assert not is_alive(path, name)


def test_the_next_one_clears_away_what_a_killed_process_left(
    path: Path, child: subprocess.Popen[str]
) -> None:
    mine = Session(path)
    name = said(child)
    child.kill()
    child.wait()
    assert path.with_name(f"j.sqlite3-session-{name}").exists()
    with Journal(path):  # it writes nothing, and so has no session
        left = [file.name for file in path.parent.iterdir() if "session" in file.name]
        assert left == [f"j.sqlite3-session-{mine.name}"]
        assert is_alive(path, mine.name)
    mine.end()


def test_a_folder_that_cannot_be_listed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(_: object) -> list[Path]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(sessions, "_all", closed)
    with Journal(path) as journal:
        journal.begin("a/b", {}, origin="o")


def test_one_that_a_sweep_took_for_dead_starts_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = sessions._hold
    files: list[Path] = []

    def swept(file: int) -> None:
        if not files:
            files.extend(path.parent.iterdir())
            sessions.sweep(path)
        hold(file)

    monkeypatch.setattr(sessions, "_hold", swept)
    session = Session(path)
    assert not files[0].exists()
    assert is_alive(path, session.name)
    session.end()


def test_a_disk_without_locks(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(sessions, "_hold", none)
    with pytest.raises(OSError, match="No locks available"):
        Session(path)
    assert list(path.parent.iterdir()) == []


def test_one_that_can_t_be_told_counts_as_dead(path: Path) -> None:
    path.with_name("j.sqlite3-session-x").mkdir()
    assert not is_alive(path, "x")
    assert not is_alive(path, "never-was")


@pytest.mark.skipif(sys.platform == "win32", reason="has no shared locks")
def test_those_who_look_don_t_take_each_other_for_the_owner(path: Path) -> None:
    session = Session(path)
    session.abandon()
    with sessions._opened(session._path) as file:
        assert sessions._is_free(file)
        assert not is_alive(path, session.name)


def test_a_process_that_ran_a_program_does_not_share_its_lock(path: Path) -> None:
    session = Session(path)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        # Let go of, not ended: a program that had inherited the file would still hold the lock.
        session.abandon()
        assert not is_alive(path, session.name)
        process.kill()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_the_lock_of_a_parent_stays_when_a_child_lets_go(path: Path) -> None:
    session = Session(path)
    duplicate = os.dup(session._file)  # as a fork makes it
    os.close(duplicate)
    assert is_alive(path, session.name)
    session.end()
