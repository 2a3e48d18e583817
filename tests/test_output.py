from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from runcomfy_codegen.errors import GeneratorError
from runcomfy_codegen.output import Difference, compare, write
from runcomfy_codegen.render import HEADER

MARK = HEADER.encode() + b"\n"
FILES = {"pkg/_binding.py": b"1\n", "pkg/models/a.py": b"2\n"}


def test_write_makes_exactly_the_map(tmp_path: Path) -> None:
    assert [one.kind for one in write(FILES, tmp_path)] == ["missing", "missing"]
    assert compare(FILES, tmp_path) == []
    assert (tmp_path / "pkg" / "models" / "a.py").read_bytes() == b"2\n"


def test_compare_sees_an_edited_a_missing_and_an_orphaned_file(tmp_path: Path) -> None:
    write(FILES, tmp_path)
    (tmp_path / "pkg" / "_binding.py").write_bytes(b"edited")
    (tmp_path / "pkg" / "models" / "a.py").unlink()
    (tmp_path / "pkg" / "models" / "old.py").write_bytes(MARK)
    cache = tmp_path / "pkg" / "__pycache__"
    cache.mkdir()
    (cache / "a.pyc").write_bytes(b"")
    assert compare(FILES, tmp_path) == [
        Difference("pkg/_binding.py", "changed"),
        Difference("pkg/models/a.py", "missing"),
        Difference("pkg/models/old.py", "orphan"),
    ]


def test_what_was_read_before_is_not_read_again(tmp_path: Path) -> None:
    write(FILES, tmp_path)
    (tmp_path / "pkg/models/a.py").write_bytes(b"another")
    assert compare(FILES, tmp_path, {"pkg/models/a.py"}) == []
    assert write(FILES, tmp_path, set(FILES)) == []
    assert compare(FILES, tmp_path) == [Difference("pkg/models/a.py", "changed")]


def test_write_touches_only_what_differs_and_removes_orphans(tmp_path: Path) -> None:
    write(FILES, tmp_path)
    kept = tmp_path / "pkg" / "_binding.py"
    os.utime(kept, (1, 1))
    orphan = tmp_path / "pkg" / "models" / "vendor" / "old.py"
    orphan.parent.mkdir()
    orphan.write_bytes(MARK)
    assert write(FILES, tmp_path) == [Difference("pkg/models/vendor/old.py", "orphan")]
    assert kept.stat().st_mtime == 1
    assert not orphan.parent.exists()
    assert (tmp_path / "pkg" / "models" / "a.py").exists()


def test_a_file_that_an_earlier_run_noted_goes_whatever_it_holds(tmp_path: Path) -> None:
    write(FILES, tmp_path)
    (tmp_path / "pkg" / "_old.py").write_bytes(b"")
    (tmp_path / "pkg" / "_link.py").symlink_to(tmp_path / "pkg" / "_binding.py")
    noted = {"pkg/_old.py", "pkg/_link.py"}
    assert [one.kind for one in write(FILES, tmp_path, (), lambda: noted)] == ["orphan"] * 2
    assert {one.name for one in (tmp_path / "pkg").iterdir()} == {"_binding.py", "models"}


def test_what_earlier_runs_wrote_is_asked_only_if_there_is_a_file_too_many(tmp_path: Path) -> None:
    def noted() -> list[str]:
        raise AssertionError

    write(FILES, tmp_path, (), noted)
    assert compare(FILES, tmp_path, (), noted) == []


def test_a_file_of_somebody_else_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    write(FILES, tmp_path)
    mine, notes, link = (tmp_path / "pkg" / one for one in ("mine.py", "models/a.txt", "z.py"))
    mine.write_bytes(b"mine = True\n")
    notes.write_bytes(b"")
    (tmp_path / "elsewhere.py").write_bytes(MARK)
    link.symlink_to(tmp_path / "elsewhere.py")
    changed = {**FILES, "pkg/models/a.py": b"3\n"}
    with pytest.raises(GeneratorError) as caught:
        write(changed, tmp_path)
    *refusals, last = str(caught.value).splitlines()
    assert last == "nothing was written"
    assert refusals == [
        f"{one.as_posix()}: is none of the generated files; move it out of pkg, which "
        "runcomfy-codegen writes alone"
        for one in (mine, notes, link)
    ]
    assert mine.read_bytes() == b"mine = True\n"
    assert (tmp_path / "pkg" / "models" / "a.py").read_bytes() == b"2\n"
    assert compare(changed, tmp_path) == [
        Difference("pkg/mine.py", "foreign"),
        Difference("pkg/models/a.py", "changed"),
        Difference("pkg/models/a.txt", "foreign"),
        Difference("pkg/z.py", "foreign"),
    ]


def test_leftovers_of_editors_and_the_like_stay(tmp_path: Path) -> None:
    write(FILES, tmp_path)
    left = [".DS_Store", "models/.a.py.swp", "models/a.py~", "a.pyc", ".idea/x.xml", "a.py.orig"]
    for name in left:
        (tmp_path / "pkg" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "pkg" / name).write_bytes(b"")
    assert write(FILES, tmp_path) == []
    assert all((tmp_path / "pkg" / name).exists() for name in left)


def test_what_a_killed_run_left_half_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class KilledError(Exception):
        pass

    def die(*_: object, **__: object) -> None:
        raise KilledError

    write(FILES, tmp_path)
    changed = {**FILES, "pkg/models/a.py": b"3\n"}
    with monkeypatch.context() as killed:
        killed.setattr(Path, "replace", die)
        killed.setattr(Path, "unlink", die)
        with pytest.raises(KilledError):
            write(changed, tmp_path)
    assert len(list((tmp_path / "pkg" / "models").iterdir())) == 2
    assert [one.kind for one in write(changed, tmp_path)] == ["orphan", "changed"]
    assert [one.name for one in (tmp_path / "pkg" / "models").iterdir()] == ["a.py"]


def test_files_beside_the_package_are_not_ours(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_bytes(b"")
    write(FILES, tmp_path)
    assert compare(FILES, tmp_path) == []
    assert (tmp_path / "mine.txt").exists()


def test_a_folder_that_somebody_else_wrote_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "thesis.txt").write_bytes(b"years of work")
    with pytest.raises(GeneratorError, match="was not written by runcomfy-codegen; name another"):
        write(FILES, tmp_path)
    assert (tmp_path / "pkg" / "thesis.txt").read_bytes() == b"years of work"
    assert not (tmp_path / "pkg" / "_binding.py").exists()


def test_a_failure_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(FILES, tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "pkg/_binding.py")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(GeneratorError, match=r"_binding\.py: can't be written: No space left"):
        write({**FILES, "pkg/_binding.py": b"new\n"}, tmp_path)
    assert (tmp_path / "pkg" / "_binding.py").read_bytes() == b"1\n"
    assert {one.name for one in (tmp_path / "pkg").iterdir()} == {"_binding.py", "models"}


def test_nothing_is_written_or_removed_through_a_link(tmp_path: Path) -> None:
    out, outside = tmp_path / "out", tmp_path / "outside"
    (outside / "acme").mkdir(parents=True)
    (outside / "acme" / "own.py").write_bytes(b"mine")
    write({"client/_binding.py": b"", "client/models/acme/paint.py": b"1"}, out)
    shutil.rmtree(out / "client" / "models")
    (out / "client" / "models").symlink_to(outside)
    with pytest.raises(GeneratorError, match=r"client/models: is a symbolic link, and nothing is"):
        write({"client/_binding.py": b"", "client/models/acme/paint.py": b"2"}, out)
    assert [one.name for one in (outside / "acme").iterdir()] == ["own.py"]
    (out / "client" / "models").unlink()
    package = tmp_path / "package"
    (out / "client").rename(package)
    (out / "client").symlink_to(package)
    with pytest.raises(GeneratorError, match=r"client: is a symbolic link"):
        write({"client/_binding.py": b"changed"}, out)
    assert (package / "_binding.py").read_bytes() == b""


def test_a_file_that_is_a_link_is_replaced_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    out, outside = tmp_path / "out", tmp_path / "outside.py"
    outside.write_bytes(b"mine")
    write({"client/_binding.py": b"", "client/a.py": b"1"}, out)
    (out / "client" / "a.py").unlink()
    (out / "client" / "a.py").symlink_to(outside)
    (out / "client" / "orphan.py").symlink_to(outside)
    noted = ["client/orphan.py"]
    write({"client/_binding.py": b"", "client/a.py": b"2"}, out, (), lambda: noted)
    assert outside.read_bytes() == b"mine"
    assert (out / "client" / "a.py").read_bytes() == b"2"
    assert not (out / "client" / "a.py").is_symlink()
    assert not (out / "client" / "orphan.py").is_symlink()


def test_the_output_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "real")
    write({"client/_binding.py": b"x"}, tmp_path / "out")
    assert (tmp_path / "real" / "client" / "_binding.py").read_bytes() == b"x"
