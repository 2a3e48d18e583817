from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runcomfy_codegen.checksums import with_checksum
from runcomfy_codegen.digests import digest
from runcomfy_codegen.errors import GeneratorError
from runcomfy_codegen.output import Difference, compare, write
from runcomfy_codegen.render import HEADER

if TYPE_CHECKING:
    from collections.abc import Callable


def made(path: str, content: str) -> bytes:
    """What a run writes to *path*."""
    return with_checksum(path.partition("/")[2], f"{HEADER}\n{content}\n".encode())


def rendered(**contents: str) -> dict[str, bytes]:
    """A package of two modules; one that is named gets another content."""
    modules = {"models/a.py": "a = 1", "models/b.py": "b = 1"}
    modules |= {f"models/{name}.py": content for name, content in contents.items()}
    return {f"pkg/{path}": made(f"pkg/{path}", content) for path, content in modules.items()}


FILES = {"pkg/errors.py": made("pkg/errors.py", "x = 1"), **rendered()}


def test_write_makes_exactly_the_map(tmp_path: Path) -> None:
    assert [one.kind for one in write(FILES, tmp_path)] == ["missing"] * 3
    assert compare(FILES, tmp_path) == []
    assert (tmp_path / "pkg" / "models" / "a.py").read_bytes() == FILES["pkg/models/a.py"]


def test_compare_tells_what_is_ours_from_what_is_not(tmp_path: Path) -> None:
    write(FILES, tmp_path)
    models = tmp_path / "pkg" / "models"
    models.joinpath("a.py").unlink()
    models.joinpath("b.py").write_bytes(FILES["pkg/models/b.py"] + b"mine = 1\n")
    models.joinpath("c.py").write_bytes(made("pkg/models/c.py", "c = 1"))
    models.joinpath("d.py").write_bytes(made("pkg/models/c.py", "c = 1"))
    cache = tmp_path / "pkg" / "__pycache__"
    cache.mkdir()
    (cache / "a.pyc").write_bytes(b"")
    files = {**FILES, "pkg/errors.py": made("pkg/errors.py", "x = 2")}
    assert compare(files, tmp_path) == [
        Difference("pkg/errors.py", "changed"),
        Difference("pkg/models/a.py", "missing"),
        Difference("pkg/models/b.py", "edited"),
        Difference("pkg/models/c.py", "orphan"),
        Difference("pkg/models/d.py", "foreign"),
    ]


def test_what_was_read_before_is_not_read_again(tmp_path: Path) -> None:
    write(FILES, tmp_path)
    (tmp_path / "pkg/models/a.py").write_bytes(made("pkg/models/a.py", "a = 2"))
    assert compare(FILES, tmp_path, {"pkg/models/a.py"}) == []
    assert write(FILES, tmp_path, set(FILES)) == []
    assert compare(FILES, tmp_path) == [Difference("pkg/models/a.py", "changed")]


def test_write_touches_only_what_differs_and_removes_orphans(tmp_path: Path) -> None:
    write({**FILES, "pkg/models/vendor/old.py": made("pkg/models/vendor/old.py", "")}, tmp_path)
    kept = tmp_path / "pkg" / "errors.py"
    os.utime(kept, (1, 1))
    assert write(FILES, tmp_path) == [Difference("pkg/models/vendor/old.py", "orphan")]
    assert kept.stat().st_mtime == 1
    assert not (tmp_path / "pkg" / "models" / "vendor").exists()
    assert (tmp_path / "pkg" / "models" / "a.py").exists()


def test_what_an_earlier_generator_wrote_is_overwritten_with_no_manifest(tmp_path: Path) -> None:
    """It is a developer's everyday case: git brings a template, and a clone has no manifest."""
    write(FILES, tmp_path)
    changed = {"pkg/errors.py": made("pkg/errors.py", "x = 2"), **rendered(a="a = 2")}
    assert [one.kind for one in write(changed, tmp_path)] == ["changed"] * 2
    assert compare(changed, tmp_path) == []


def test_a_file_without_a_checksum_goes_if_it_is_as_it_was_noted(tmp_path: Path) -> None:
    write({**FILES, "pkg/_old.py": b"1\n", "pkg/_older.py": b"1\n"}, tmp_path)
    (tmp_path / "pkg" / "_older.py").write_bytes(b"mine\n")
    noted = {"pkg/_old.py": digest(b"1\n"), "pkg/_older.py": digest(b"1\n")}
    assert compare(FILES, tmp_path, (), lambda: noted) == [
        Difference("pkg/_old.py", "orphan"),
        Difference("pkg/_older.py", "foreign"),
    ]
    (tmp_path / "pkg" / "_older.py").unlink()
    assert [one.kind for one in write(FILES, tmp_path, (), lambda: noted)] == ["orphan"]
    assert not (tmp_path / "pkg" / "_old.py").exists()


def test_what_earlier_runs_wrote_is_asked_only_of_files_without_a_checksum(tmp_path: Path) -> None:
    def noted() -> dict[str, str]:
        raise AssertionError

    write(FILES, tmp_path, (), noted)
    assert compare(FILES, tmp_path, (), noted) == []
    changed = {**FILES, **rendered(a="a = 2")}
    assert [one.kind for one in write(changed, tmp_path, (), noted)] == ["changed"]


def test_a_file_of_somebody_else_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    write(FILES, tmp_path)
    mine, notes, link = (tmp_path / "pkg" / one for one in ("mine.py", "models/a.txt", "z.py"))
    mine.write_bytes(b"mine = True\n")
    notes.write_bytes(b"")
    (tmp_path / "elsewhere.py").write_bytes(made("pkg/z.py", ""))
    link.symlink_to(tmp_path / "elsewhere.py")
    changed = {**FILES, **rendered(a="a = 2")}
    with pytest.raises(GeneratorError) as caught:
        write(changed, tmp_path)
    *refusals, last = str(caught.value).splitlines()
    assert last == "nothing was written"
    assert refusals == [
        f"{one.as_posix()}: is none of the generated files, or was edited; move it out of pkg, "
        "which runcomfy-codegen writes alone"
        for one in (mine, notes, link)
    ]
    assert mine.read_bytes() == b"mine = True\n"
    assert (tmp_path / "pkg" / "models" / "a.py").read_bytes() == FILES["pkg/models/a.py"]


def rewritten(file: Path) -> None:
    file.write_bytes(file.read_bytes().replace(b"a = 1", b"a = 9"))


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def linked(file: Path) -> None:
    target = file.parents[2] / "elsewhere.py"
    target.write_bytes(made("pkg/models/a.py", "a = 0"))
    file.unlink()
    file.symlink_to(target)


def a_dangling_link(file: Path) -> None:
    file.unlink()
    file.symlink_to("nowhere")


def a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def a_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def copied(file: Path) -> None:
    file.write_bytes(made("pkg/models/b.py", "b = 1"))


@pytest.mark.parametrize(
    "edit", [rewritten, emptied, linked, a_dangling_link, a_folder, a_pipe, copied]
)
def test_a_generated_file_that_was_edited_is_refused_and_nothing_is_written(
    tmp_path: Path, edit: Callable[[Path], None]
) -> None:
    write(FILES, tmp_path)
    file = tmp_path / "pkg" / "models" / "a.py"
    edit(file)
    before = file.lstat()
    changed = {"pkg/errors.py": made("pkg/errors.py", "x = 2"), **rendered(a="a = 2", b="b = 2")}
    with pytest.raises(GeneratorError) as caught:
        write(changed, tmp_path)
    assert str(caught.value).splitlines() == [
        (
            f"{file.as_posix()}: is not as runcomfy-codegen wrote it; save elsewhere what you need "
            "of it, delete it, and generate again"
        ),
        "nothing was written",
    ]
    assert file.lstat() == before
    assert (tmp_path / "pkg" / "errors.py").read_bytes() == FILES["pkg/errors.py"]
    assert (tmp_path / "pkg" / "models" / "b.py").read_bytes() == FILES["pkg/models/b.py"]
    file.rmdir() if file.is_dir() else file.unlink()
    write(changed, tmp_path)
    assert compare(changed, tmp_path) == []


def test_a_hand_written_package_is_refused_whatever_its_files_are_called(tmp_path: Path) -> None:
    package = tmp_path / "pkg"
    (package / "models").mkdir(parents=True)
    for name in ("errors.py", "models/a.py", "thesis.txt", "views.py"):
        (package / name).write_bytes(b"mine\n")
    with pytest.raises(GeneratorError) as caught:
        write(FILES, tmp_path)
    assert str(caught.value).splitlines() == [
        (
            f"{package.as_posix()}: holds errors.py, models/a.py, thesis.txt and 1 more, and "
            "nothing as runcomfy-codegen writes it; name another folder with --out, or remove it"
        ),
        "nothing was written",
    ]
    assert {one.read_bytes() for one in package.rglob("*") if one.is_file()} == {b"mine\n"}
    assert not (package / "models" / "b.py").exists()


def test_a_folder_that_is_empty_but_for_caches_is_taken(tmp_path: Path) -> None:
    (tmp_path / "pkg" / "models" / "__pycache__").mkdir(parents=True)
    (tmp_path / "pkg" / "models" / "__pycache__" / "a.pyc").write_bytes(b"")
    write(FILES, tmp_path)
    assert compare(FILES, tmp_path) == []


def test_a_file_where_a_folder_must_be_is_refused(tmp_path: Path) -> None:
    write({"pkg/a.py": made("pkg/a.py", "")}, tmp_path)
    (tmp_path / "pkg" / ".hidden").write_bytes(b"")
    with pytest.raises(GeneratorError, match=r"pkg/\.hidden: is a file, where a folder must be"):
        write({"pkg/.hidden/b.py": b"", "pkg/a.py": made("pkg/a.py", "")}, tmp_path)
    out = tmp_path / "out"
    out.write_bytes(b"mine")
    with pytest.raises(GeneratorError, match="out: is a file, where a folder must be"):
        write(FILES, out)
    assert out.read_bytes() == b"mine"


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
    changed = {**FILES, **rendered(a="a = 2")}
    with monkeypatch.context() as killed:
        killed.setattr(Path, "replace", die)
        killed.setattr(Path, "unlink", die)
        with pytest.raises(KilledError):
            write(changed, tmp_path)
    assert len(list((tmp_path / "pkg" / "models").iterdir())) == 3
    assert [one.kind for one in write(changed, tmp_path)] == ["orphan", "changed"]
    assert {one.name for one in (tmp_path / "pkg" / "models").iterdir()} == {"a.py", "b.py"}


def test_files_beside_the_package_are_not_ours(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_bytes(b"")
    write(FILES, tmp_path)
    assert compare(FILES, tmp_path) == []
    assert (tmp_path / "mine.txt").exists()


def test_a_failure_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(FILES, tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "pkg/errors.py")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(GeneratorError, match=r"errors\.py: can't be written: No space left"):
        write({**FILES, "pkg/errors.py": b"new\n"}, tmp_path)
    assert (tmp_path / "pkg" / "errors.py").read_bytes() == FILES["pkg/errors.py"]
    assert {one.name for one in (tmp_path / "pkg").iterdir()} == {"errors.py", "models"}


def test_nothing_is_written_or_removed_through_a_link(tmp_path: Path) -> None:
    out, outside = tmp_path / "out", tmp_path / "outside"
    write(FILES, out)
    shutil.move(out / "pkg" / "models", outside)
    (out / "pkg" / "models").symlink_to(outside)
    changed = {**FILES, **rendered(a="a = 2")}
    with pytest.raises(GeneratorError, match=r"pkg/models: is a symbolic link, and nothing is"):
        write(changed, out)
    assert (outside / "a.py").read_bytes() == FILES["pkg/models/a.py"]
    (out / "pkg" / "models").unlink()
    outside.rename(out / "pkg" / "models")
    package = tmp_path / "package"
    (out / "pkg").rename(package)
    (out / "pkg").symlink_to(package)
    with pytest.raises(GeneratorError, match=r"pkg: is a symbolic link"):
        write(changed, out)
    assert (package / "models" / "a.py").read_bytes() == FILES["pkg/models/a.py"]


def test_a_link_to_what_is_as_it_should_be_stays(tmp_path: Path) -> None:
    write(FILES, tmp_path)
    file, target = tmp_path / "pkg" / "models" / "a.py", tmp_path / "elsewhere.py"
    file.rename(target)
    file.symlink_to(target)
    assert write({**FILES, **rendered(b="b = 2")}, tmp_path) == [
        Difference("pkg/models/b.py", "changed")
    ]
    assert file.is_symlink()


def test_the_output_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "real")
    write(FILES, tmp_path / "out")
    assert (tmp_path / "real" / "pkg" / "errors.py").read_bytes() == FILES["pkg/errors.py"]
