from __future__ import annotations

import os
from pathlib import Path

import pytest
from runcomfy_codegen.errors import GeneratorError
from runcomfy_codegen.output import Difference, compare, write

FILES = {"pkg/_binding.py": b"1\n", "pkg/models/a.py": b"2\n"}


def test_write_makes_exactly_the_map(tmp_path: Path) -> None:
    assert [one.kind for one in write(FILES, tmp_path)] == ["missing", "missing"]
    assert compare(FILES, tmp_path) == []
    assert (tmp_path / "pkg" / "models" / "a.py").read_bytes() == b"2\n"


def test_compare_sees_an_edited_a_missing_and_an_orphaned_file(tmp_path: Path) -> None:
    write(FILES, tmp_path)
    (tmp_path / "pkg" / "_binding.py").write_bytes(b"edited")
    (tmp_path / "pkg" / "models" / "a.py").unlink()
    (tmp_path / "pkg" / "models" / "old.py").write_bytes(b"")
    cache = tmp_path / "pkg" / "__pycache__"
    cache.mkdir()
    (cache / "a.pyc").write_bytes(b"")
    assert compare(FILES, tmp_path) == [
        Difference("pkg/_binding.py", "changed"),
        Difference("pkg/models/a.py", "missing"),
        Difference("pkg/models/old.py", "orphan"),
    ]


def test_write_touches_only_what_differs_and_removes_orphans(tmp_path: Path) -> None:
    write(FILES, tmp_path)
    kept = tmp_path / "pkg" / "_binding.py"
    os.utime(kept, (1, 1))
    orphan = tmp_path / "pkg" / "models" / "vendor" / "old.py"
    orphan.parent.mkdir()
    orphan.write_bytes(b"")
    assert write(FILES, tmp_path) == [Difference("pkg/models/vendor/old.py", "orphan")]
    assert kept.stat().st_mtime == 1
    assert not orphan.parent.exists()
    assert (tmp_path / "pkg" / "models" / "a.py").exists()


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
