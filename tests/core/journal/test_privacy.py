"""A journal that is not this user's alone is refused, and left as it is."""

from __future__ import annotations

import os
import sqlite3
import stat
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support_client import TOKEN
from support_journal import NOBODY, begin, output, script
from support_map import MODEL, Api, prompts

from runcomfy import AsyncClient, Client
from runcomfy_core.journal import Journal, JournalError, sessions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX modes")
superuser = pytest.mark.skipif(
    sys.platform != "win32" and os.geteuid() != 0, reason="only the superuser gives files away"
)


@pytest.fixture
def path() -> Iterator[Path]:
    """In a folder that anybody may write to, as /tmp is; pytest's own is its user's alone."""
    with tempfile.TemporaryDirectory(prefix="runcomfy-tests-") as name:
        folder = Path(name)
        folder.chmod(0o1777)
        yield folder / "j.sqlite3"


def made(path: Path) -> Path:
    with Journal(path) as journal:
        begin(journal)
    return path


def beside(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


def refusal(path: Path) -> str:
    before = sorted((one.name, one.lstat()) for one in path.parent.iterdir())
    with pytest.raises(JournalError) as caught:
        Journal(path)
    after = sorted((one.name, one.lstat()) for one in path.parent.iterdir())
    kept = [(name, found.st_mode, found.st_uid, found.st_size) for name, found in after]
    assert kept == [(name, found.st_mode, found.st_uid, found.st_size) for name, found in before]
    return caught.value.reason


MODE = (
    "is not this user's alone, since others may {may} it (its mode is {mode}): if you trust what "
    "is in it, run: chmod 600 {file}; if its disk keeps no modes, keep the journal elsewhere"
)


@pytest.mark.parametrize(
    ("mode", "may"),
    [
        (0o666, "write"),
        (0o660, "write"),
        (0o602, "write"),
        (0o622, "write"),
        (0o777, "write"),
    ],
)
def test_a_file_that_others_may_write(path: Path, mode: int, may: str) -> None:
    made(path).chmod(mode)
    assert refusal(path) == f"it {MODE.format(may=may, mode=f'{mode:04o}', file=path)}"
    # As it says.
    path.chmod(0o600)
    Journal(path).close()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o610, 0o755])
def test_a_file_that_others_may_read_is_taken_from_them(
    path: Path, mode: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    made(path).chmod(mode)
    with Journal(path) as journal:
        begin(journal)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    [said] = caplog.messages
    assert said == f"the journal {path}: others could read it; its mode is 0600 now"


def test_a_file_beside_it_that_others_may_read_is_taken_from_them(path: Path) -> None:
    with Journal(path) as journal:
        begin(journal)
        for end in ("-wal", "-shm"):
            beside(path, end).chmod(0o644)
        Journal(path).close()
        for end in ("-wal", "-shm"):
            assert stat.S_IMODE(beside(path, end).stat().st_mode) == 0o600


def test_an_empty_file_that_others_may_write(path: Path) -> None:
    path.touch()
    path.chmod(0o666)
    assert refusal(path).startswith("it is not this user's alone, since others may write it")


def test_an_empty_file_that_others_may_read_is_taken_from_them(path: Path) -> None:
    path.touch()
    path.chmod(0o644)
    made(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_one_whose_mode_can_t_be_changed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, _: int) -> None:
        raise PermissionError(1, "Operation not permitted", str(self))

    made(path).chmod(0o644)
    monkeypatch.setattr(Path, "chmod", refuse)
    assert refusal(path) == (
        f"{path}: Operation not permitted: mend this, or keep the journal elsewhere"
    )


def test_a_disk_that_keeps_no_modes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(path).chmod(0o644)
    monkeypatch.setattr(Path, "chmod", lambda *_: None)
    assert refusal(path) == f"it {MODE.format(may='read', mode='0644', file=path)}"


@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal"])
def test_a_file_beside_it(path: Path, end: str) -> None:
    one = beside(made(path), end)
    one.touch()
    one.chmod(0o666)
    words = MODE.format(may="write", mode="0666", file=one)
    assert refusal(path) == f"its file {one} {words}"
    one.unlink()
    one.symlink_to(path.with_name("elsewhere"))
    assert refusal(path) == f"its file {one} is no file: remove it"
    one.unlink()
    one.mkdir()
    assert refusal(path) == f"its file {one} is no file: remove it"


def test_a_file_beside_it_that_becomes_another_s_while_it_is_opened(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect
    made(path)

    def planted(*arguments: Any, **options: Any) -> sqlite3.Connection:
        # SQLite itself takes an empty one from others.
        beside(path, "-wal").write_bytes(b"x")
        beside(path, "-wal").chmod(0o666)
        return connect(*arguments, **options)

    monkeypatch.setattr(sqlite3, "connect", planted)
    with pytest.raises(JournalError, match="-wal is not this user's alone, since others may write"):
        Journal(path)


@superuser
@pytest.mark.parametrize("mode", [0o600, 0o666])
def test_another_user_s_file(path: Path, mode: int) -> None:
    os.chown(made(path), NOBODY, NOBODY)
    path.chmod(mode)
    assert refusal(path) == (
        f"it belongs to user {NOBODY}, and this process runs as user 0: run it as that user, pass "
        f"another path or, if you trust what is in it, run: chown 0 {path}"
    )


@superuser
@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal"])
def test_another_user_s_file_beside_it(path: Path, end: str) -> None:
    one = beside(made(path), end)
    one.touch(0o600)
    os.chown(one, NOBODY, NOBODY)
    assert refusal(path).startswith(f"its file {one} belongs to user {NOBODY}, and this process")


@superuser
def test_a_user_in_a_shared_folder(path: Path) -> None:
    """Somebody waits there with a file that anybody may use."""
    source = """
import os, sys
from runcomfy_core.journal import Journal, JournalError
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
try:
    Journal(sys.argv[1])
except JournalError as error:
    print(error.reason)
with Journal(sys.argv[1] + "-mine") as journal:
    journal.begin("a/b", {}, origin="o")
    print(*sorted({oct(os.stat(one.path).st_mode & 0o777) for one in os.scandir(sys.argv[2])
                   if "-mine" in one.name}))
"""
    made(path).chmod(0o666)
    child = script(source, path, path.parent)
    assert output(child) == (
        f"it belongs to user 0, and this process runs as user {NOBODY}: run it as that user, pass "
        f"another path or, if you trust what is in it, run: chown {NOBODY} {path}\n0o600\n"
    )


@superuser
def test_a_link_that_another_user_made(path: Path) -> None:
    made(path)
    link = path.with_name("link")
    link.symlink_to(path)
    Journal(link).close()
    os.chown(link, NOBODY, NOBODY, follow_symlinks=False)
    assert refusal(link) == (
        f"it is a link that user {NOBODY} made, and this process runs as user 0: pass the path of "
        "the file itself, or another"
    )
    # It would be made where that user says.
    link.unlink()
    link.symlink_to(path.with_name("not-there"))
    os.chown(link, NOBODY, NOBODY, follow_symlinks=False)
    assert refusal(link).startswith("it is a link that user")


def test_what_is_no_file(path: Path) -> None:
    os.mkfifo(path, 0o600)
    assert refusal(path).startswith("it can't be opened: it must be a file, and it and its folder")


def test_another_application_s_file_is_called_that(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE a (b)")
    path.chmod(0o644)
    assert refusal(path).startswith("it is another application's database; it was left as it is")


def test_a_folder_in_which_anybody_may_remove_it(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Journal(path).close()
    assert caplog.messages == []
    path.parent.chmod(0o777)
    Journal(path).close()
    [said] = caplog.messages
    assert said == (
        f"the journal {path}: anybody may remove files from its folder, and without the journal "
        f"what it knows is paid for again; keep it elsewhere, or run: chmod o-w {path.parent}"
    )


def test_what_others_leave_beside_it_is_no_session(path: Path) -> None:
    with Journal(path) as journal:
        os.mkfifo(beside(path, "-session-fifo"))
        beside(path, "-session-link").symlink_to(path)
        assert not sessions.is_alive(path, "fifo")
        assert not sessions.is_alive(path, "link")
        begin(journal)
        Journal(path).close()
    assert beside(path, "-session-link").is_symlink()


@superuser
def test_another_user_s_session_is_none(path: Path) -> None:
    session = sessions.Session(path)
    assert sessions.is_alive(path, session.name)
    os.chown(beside(path, f"-session-{session.name}"), NOBODY, NOBODY)
    assert not sessions.is_alive(path, session.name)
    assert not sessions.any_alive(path)
    session.end()


@pytest.mark.parametrize("way", ["client", "async client", "map"])
def test_nothing_is_sent(path: Path, way: str) -> None:
    made(path).chmod(0o666)
    with Api() as api:
        if way == "map":
            with Client(TOKEN, base_url=api.base_url) as client, pytest.raises(JournalError):
                list(client.map(MODEL, prompts("ok"), journal=path))
        else:
            kind: Any = Client if way == "client" else AsyncClient
            with pytest.raises(JournalError, match="chmod 600"):
                kind(TOKEN, base_url=api.base_url, journal=path)
        assert api.requests == 0
