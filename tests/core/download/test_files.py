from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support_files import state

from runcomfy_core.download import files as _download_files
from runcomfy_core.download.files import PartFile, check_free
from runcomfy_core.web.faults import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator


def names(directory: Path) -> list[str]:
    return sorted(one.name for one in directory.iterdir())


def put(target: Path, content: bytes = b"content") -> None:
    with PartFile(target.parent) as part:
        part.write(content)
        part.place(target)


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


def no_links(*_: object) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


def test_a_file_grows_under_another_name(tmp_path: Path) -> None:
    directory = tmp_path / "a" / "b"
    with PartFile(directory) as part:
        [name] = names(directory)
        assert name.startswith(".runcomfy-")
        assert name.endswith(".part")
        part.write(b"some")
        part.write(b"thing")
        assert part.size == 9
        assert (directory / name).read_bytes() == b"something"
        part.place(directory / "x.bin")
        assert (directory / "x.bin").read_bytes() == b"something"
    assert names(directory) == ["x.bin"]


def test_it_starts_over(tmp_path: Path) -> None:
    with PartFile(tmp_path) as part:
        part.write(b"a long beginning")
        part.restart()
        assert part.size == 0
        part.write(b"short")
        part.place(tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == b"short"


@pytest.mark.skipif(os.name == "nt", reason="there is no umask")
@pytest.mark.usefixtures("umask")
def test_the_mode_is_the_umask_s(tmp_path: Path) -> None:
    put(tmp_path / "x")
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o640


def test_it_is_on_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[bool, bool]] = []
    sync = os.fsync

    def noted(file: int) -> None:
        synced.append((stat.S_ISDIR(os.fstat(file).st_mode), (tmp_path / "x").exists()))
        sync(file)

    monkeypatch.setattr(os, "fsync", noted)
    put(tmp_path / "x")
    assert synced == [(False, False), (True, True)]


def test_a_directory_that_can_t_be_synced_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = os.fsync

    def picky(file: int) -> None:
        if stat.S_ISDIR(os.fstat(file).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        sync(file)

    monkeypatch.setattr(os, "fsync", picky)
    put(tmp_path / "x")
    assert names(tmp_path) == ["x"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_whatever_happens_nothing_is_left(tmp_path: Path, error: type[BaseException]) -> None:
    def fail() -> None:
        with PartFile(tmp_path) as part:
            part.write(b"x")
            raise error

    with pytest.raises(error):
        fail()
    assert names(tmp_path) == []


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("kind", ["file", "longer", "directory", "link", "dangling"])
def test_another_file_is_never_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, *, links: bool
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    target, other = tmp_path / "x", tmp_path / "other"
    other.write_bytes(b"content")
    if kind == "file":
        target.write_bytes(b"CONTENT")
    elif kind == "longer":
        target.write_bytes(b"content and more")
    elif kind == "directory":
        target.mkdir()
    else:
        target.symlink_to(other if kind == "link" else tmp_path / "nowhere")
    before = state(target)
    with pytest.raises(Refused) as caught:
        put(target)
    assert str(caught.value) == (
        f"{target} exists already as something else, which is never replaced: choose another name"
    )
    assert state(target) == before
    assert names(tmp_path) == ["other", "x"]


@pytest.mark.parametrize("links", [True, False])
def test_an_equal_file_counts_as_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, links: bool
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    put(tmp_path / "x")
    before = (tmp_path / "x").stat()
    put(tmp_path / "x")
    assert (tmp_path / "x").stat().st_ino == before.st_ino
    assert names(tmp_path) == ["x"]


def test_without_hard_links_the_name_is_reserved_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", no_links)
    put(tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == b"content"
    assert names(tmp_path) == ["x"]


@pytest.mark.parametrize("error", [OSError(errno.EIO, "I/O error"), KeyboardInterrupt()])
def test_a_name_that_was_reserved_in_vain_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(os, "link", no_links)
    monkeypatch.setattr(os, "replace", fails)
    monkeypatch.setattr(Path, "replace", fails)
    expected = Refused if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected):
        put(tmp_path / "x")
    assert names(tmp_path) == []


def test_where_a_rename_refuses_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_download_files, "_WINDOWS", True)
    monkeypatch.setattr(os, "link", None)
    put(tmp_path / "x")
    assert names(tmp_path) == ["x"]


def test_a_directory_that_can_t_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Refused) as caught, PartFile(tmp_path / "file" / "sub"):
        pass
    assert str(caught.value) == (
        f"the directory {tmp_path / 'file' / 'sub'} can't be made (Not a directory)"
    )


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a directory that takes no file")
def test_a_directory_that_takes_no_file() -> None:
    with pytest.raises(Refused, match=r"no file can be made in /proc \("), PartFile(Path("/proc")):
        pass


@pytest.mark.parametrize("step", ["write", "fsync", "lseek", "ftruncate"])
def test_a_fault_of_the_disk_says_so_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    def fill() -> None:
        with PartFile(tmp_path) as part:
            part.write(b"x")
            part.restart()
            part.place(tmp_path / "x")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(Refused) as caught:
        fill()
    assert str(caught.value) == f"it can't be written to {tmp_path} (No space left on device)"
    assert names(tmp_path) == []


def test_the_name_is_too_long(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"it can't be given its name 'x+' in .*\(File name too long"):
        put(tmp_path / ("x" * 300))
    assert names(tmp_path) == []


def test_a_write_that_takes_only_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:3]))
    put(tmp_path / "x", b"0123456789")
    monkeypatch.undo()
    assert (tmp_path / "x").read_bytes() == b"0123456789"


_FULL = """
import resource, sys
from pathlib import Path
from runcomfy_core.download.files import PartFile
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
with PartFile(Path(sys.argv[1])) as part:
    part.write(bytes(4000))
    try:
        part.write(bytes(4000))
    except Exception as fault:
        print(part.size, fault)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FULL, tmp_path],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(_download_files.__file__).parent.parent,
    )
    assert done.stdout == f"5000 it can't be written to {tmp_path} (File too large)\n"
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("size", "free"), [(None, True), (4, True), (3, False), (5, False), (0, False)]
)
def test_whether_a_name_is_free(tmp_path: Path, size: int | None, *, free: bool) -> None:
    check_free(tmp_path / "nothing", size)
    (tmp_path / "x").write_bytes(b"1234")
    if free:
        check_free(tmp_path / "x", size)
        return
    with pytest.raises(Refused, match="exists already"):
        check_free(tmp_path / "x", size)


@pytest.mark.parametrize("size", [None, 4])
def test_a_link_is_a_file_too(tmp_path: Path, size: int | None) -> None:
    (tmp_path / "x").symlink_to(tmp_path / "nowhere")
    (tmp_path / "d").mkdir()
    for name in ("x", "d"):
        with pytest.raises(Refused, match="exists already"):
            check_free(tmp_path / name, size)


def test_a_name_that_can_t_be_looked_at(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match=r"can't be looked at \(Not a directory\)"):
        check_free(tmp_path / "file" / "x", None)


@pytest.mark.parametrize("links", [True, False])
def test_a_file_of_no_bytes_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, links: bool
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    (tmp_path / "x").touch()
    check_free(tmp_path / "x", 7)
    put(tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == b"content"
    assert names(tmp_path) == ["x"]


@pytest.mark.parametrize("links", [True, False])
def test_one_that_gets_some_meanwhile_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, links: bool
) -> None:
    """It is looked at again when nobody can reach it by its name any more."""
    target = tmp_path / "x"
    target.touch()
    rename = Path.rename

    def late(path: Path, to: Path) -> Path:
        target.write_bytes(b"mine")
        return rename(path, to)

    if not links:
        monkeypatch.setattr(os, "link", no_links)
    monkeypatch.setattr(Path, "rename", late)
    with pytest.raises(Refused, match="exists already as something else"):
        put(target)
    assert target.read_bytes() == b"mine"
    assert names(tmp_path) == ["x"]


def test_one_of_which_another_has_made_a_file_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "x"
    target.touch()
    rename = Path.rename

    def late(path: Path, to: Path) -> Path:
        moved = rename(path, to)
        target.write_bytes(b"content")
        return moved

    monkeypatch.setattr(Path, "rename", late)
    put(target)  # an equal file counts as this one
    assert names(tmp_path) == ["x"]
