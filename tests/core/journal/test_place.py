from __future__ import annotations

import sys
from pathlib import Path

import pytest

from runcomfy import errors
from runcomfy_core.journal import Journal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="where other systems keep state")


def test_the_variable_of_our_own_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNCOMFY_JOURNAL", "/here/j.db")
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert Journal.default_path() == Path("/here/j.db")
    monkeypatch.setenv("RUNCOMFY_JOURNAL", "~/j.db")
    monkeypatch.setenv("HOME", "/home/me")
    assert Journal.default_path() == Path("/home/me/j.db")
    monkeypatch.setenv("RUNCOMFY_JOURNAL", "here/j.db")
    with pytest.raises(errors.ConfigurationError, match="must be an absolute path, not 'here"):
        Journal.default_path()


@pytest.mark.parametrize("path", ["", ":memory:"])
def test_a_journal_is_a_file(path: str) -> None:
    with pytest.raises(errors.ConfigurationError, match="a journal is a file, not"):
        Journal(path)


def test_a_home_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with Journal("~/j.db") as journal:
        assert journal.path == tmp_path.resolve() / "j.db"


@pytest.mark.parametrize("state", ["", "relative/state"])
def test_then_the_place_for_state(monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert Journal.default_path() == Path("/state/runcomfy/journal.sqlite3")
    monkeypatch.setenv("XDG_STATE_HOME", state)
    assert Journal.default_path() == Path.home() / ".local/state/runcomfy/journal.sqlite3"


def test_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", "/AppData/Local")
    assert Journal.default_path() == Path("/AppData/Local/runcomfy/journal.sqlite3")


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", none)
    with pytest.raises(errors.ConfigurationError, match="variable RUNCOMFY_JOURNAL to a file"):
        Journal.default_path()
