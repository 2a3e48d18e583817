from __future__ import annotations

import ctypes
import errno
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest
from support_kill import kill_at_every_step

from runcomfy_codegen import swap
from runcomfy_codegen.errors import GeneratorError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree with files to keep, to change and to remove."""
    root = tmp_path / "fresh" / "schemas"
    for path in ("a/changed.json", "a/kept.json", "b/c/gone.json", "b/c/gone.txt", "README"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(f"old {path}", encoding="utf-8")
    (root / "a" / "changed.json").chmod(0o640)
    (root / "a").chmod(0o750)
    (root / "link").symlink_to("../outside")
    (root / "empty").mkdir()
    return root


WRITES = {"a/changed.json": b"new", "d/e/added.json": b"added"}
REMOVALS = ("b/c/gone.json", "b/c/gone.txt")
NEW = {
    "README": "old README",
    "a/changed.json": "new",
    "a/kept.json": "old a/kept.json",
    "d/e/added.json": "added",
}


def replace(root: Path) -> None:
    with swap.claim(root) as claimed:
        swap.replace(claimed, WRITES, REMOVALS)


def files(root: Path) -> dict[str, str]:
    return {
        one.relative_to(root).as_posix(): one.read_text(encoding="utf-8")
        for one in sorted(root.rglob("*"))
        if one.is_file()
    }


def test_a_tree_is_replaced(root: Path) -> None:
    kept = (root / "a" / "kept.json").stat()
    replace(root)
    assert files(root) == NEW
    assert (root / "a" / "changed.json").stat().st_mode & 0o777 == 0o640
    assert (root / "a").stat().st_mode & 0o777 == 0o750
    assert (root / "link").readlink().as_posix() == "../outside"
    assert (root / "empty").is_dir()
    assert not (root / "b").exists()
    after = (root / "a" / "kept.json").stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_nlink) == (kept.st_ino, kept.st_mtime_ns, 1)
    assert [one.name for one in root.parent.iterdir()] == ["schemas"]


def test_a_tree_is_made_where_none_is(tmp_path: Path) -> None:
    with swap.claim(tmp_path / "schemas") as root:
        swap.replace(root, {"a/b.json": b"x"}, ())
    assert files(tmp_path / "schemas") == {"a/b.json": "x"}
    assert [one.name for one in tmp_path.iterdir()] == ["schemas"]


def test_two_renames_do_where_there_is_no_exchange(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(swap, "_exchange", lambda *_: False)
    replace(root)
    assert files(root) == NEW
    assert [one.name for one in root.parent.iterdir()] == ["schemas"]


def test_copies_do_where_there_are_no_links(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", link)
    kept = (root / "a" / "kept.json").stat()
    replace(root)
    assert files(root) == NEW
    after = (root / "a" / "kept.json").stat()
    assert (after.st_mode, after.st_mtime_ns) == (kept.st_mode, kept.st_mtime_ns)
    assert (root / "link").readlink().as_posix() == "../outside"


def _raise(error: BaseException) -> Callable[..., Any]:
    def call(*_: object, **__: object) -> Any:
        raise error

    return call


@pytest.mark.parametrize("name", ["_write", "_exchange", "_liken"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "no space", "x"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_tree(
    root: Path, monkeypatch: pytest.MonkeyPatch, name: str, error: BaseException
) -> None:
    before = files(root)
    monkeypatch.setattr(swap, name, _raise(error))
    with pytest.raises((GeneratorError, KeyboardInterrupt)) as caught:
        replace(root)
    assert str(caught.value) in {"x: no space", ""}
    assert files(root) == before
    assert [one.name for one in root.parent.iterdir()] == ["schemas"]


def test_a_second_rename_that_fails_puts_the_first_one_back(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exchange(staged: Path, _: Path) -> bool:
        swap._remove(staged)
        return False

    before = files(root)
    monkeypatch.setattr(swap, "_exchange", exchange)
    with pytest.raises(GeneratorError, match="No such file or directory"):
        replace(root)
    assert files(root) == before


@pytest.mark.parametrize("suffix", ["pull-new", "pull-old"])
def test_what_a_killed_run_left_is_cleared_away(root: Path, suffix: str) -> None:
    stale = root.with_name(f".schemas.{suffix}")
    (stale / "read-only").mkdir(parents=True)
    (stale / "read-only" / "x.json").write_bytes(b"")
    (stale / "read-only").chmod(0o500)
    before = files(root)
    with swap.claim(root):
        assert not stale.exists()
        assert files(root) == before


def test_a_tree_between_two_renames_is_put_back(root: Path) -> None:
    before = files(root)
    root.rename(root.with_name(".schemas.pull-old"))
    with swap.claim(root):
        assert files(root) == before


def test_one_run_at_a_time(root: Path) -> None:
    message = "fresh: another pull is at work here"
    with swap.claim(root), pytest.raises(GeneratorError, match=message), swap.claim(root):
        pass


def test_a_system_without_locks_goes_without(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl  # noqa: PLC0415 - it is patched here

    monkeypatch.setattr(fcntl, "flock", _raise(OSError(errno.EBADF, "no locks here")))
    replace(root)
    assert files(root) == NEW
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with swap.claim(root):
        pass


def test_a_linked_folder_is_followed_by_its_own_name_only(root: Path, tmp_path: Path) -> None:
    (tmp_path / "schemas").symlink_to(root)
    replace(tmp_path / "schemas")
    assert (tmp_path / "schemas").is_symlink()
    assert files(root) == NEW


def test_nothing_is_written_through_a_link(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (root / "out").symlink_to(outside)
    before = files(root)
    message = r"^out/x\.json: leads through a symbolic link; nothing is written there$"
    with pytest.raises(GeneratorError, match=message), swap.claim(root) as claimed:
        swap.replace(claimed, {"out/x.json": b""}, ())
    assert files(root) == before
    assert list(outside.iterdir()) == []


def test_what_can_not_be_replaced_is_named(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    with (
        pytest.raises(GeneratorError, match="file: is not a folder"),
        swap.claim(tmp_path / "file"),
    ):
        pass
    lost = tmp_path / "no" / "schemas"
    with pytest.raises(GeneratorError, match="no: No such file or directory"), swap.claim(lost):
        pass
    with pytest.raises(GeneratorError, match="file: odd"), swap.claim(tmp_path / "file2"):
        raise OSError(f"{tmp_path / 'file'}: odd")
    monkeypatch.chdir(root / "a")
    with pytest.raises(GeneratorError, match="is replaced as a whole; run from outside of it"):
        replace(root)


class Libc:
    """A C library whose exchange fails."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def __getattr__(self, name: str) -> Callable[..., int]:
        if name not in self._names:
            raise AttributeError(name)
        return lambda *_: -1


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.EINVAL])
def test_an_exchange_that_is_not_to_be_had(
    root: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr(ctypes, "get_errno", lambda: code)
    for platform, names in (("aix", ()), ("linux", ()), ("linux", ["renameat2"])):
        monkeypatch.setattr(sys, "platform", platform)
        monkeypatch.setattr(ctypes, "CDLL", lambda *_, names=names, **__: Libc(*names))
        assert not swap._exchange(root / "a", root / "b")


def test_an_exchange_that_fails(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: Libc("renamex_np"))
    monkeypatch.setattr(ctypes, "get_errno", lambda: errno.EBUSY)
    with pytest.raises(OSError, match="busy") as caught:
        swap._exchange(root / "a", root / "b")
    assert caught.value.filename == str(root / "b")


SETUP = f"""
from runcomfy_codegen import swap

def run():
    with swap.claim(root) as claimed:
        swap.replace(claimed, {WRITES!r}, {REMOVALS!r})

def recover():
    with swap.claim(root):
        pass
"""


@pytest.mark.usefixtures("root")
def test_a_run_killed_at_any_step_leaves_the_old_tree_or_the_new(tmp_path: Path) -> None:
    seen = kill_at_every_step(tmp_path, SETUP)
    assert seen["missing"] == 0
    assert min(seen["old"], seen["new"]) > 10


@pytest.mark.usefixtures("root")
def test_killed_between_two_renames_the_next_run_has_the_tree(tmp_path: Path) -> None:
    seen = kill_at_every_step(tmp_path, f"{SETUP}\nswap._exchange = lambda *_: False\n")
    assert seen["missing"] == 1
    assert min(seen["old"], seen["new"]) > 10
