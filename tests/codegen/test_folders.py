from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runcomfy_codegen.folders import files_below, names_in, read

if TYPE_CHECKING:
    from pathlib import Path


def test_all_files_below_a_folder_are_found(tmp_path: Path) -> None:
    for path in ("b.py", "a/z.py", "a/b/c.txt", "a-b.py", "__pycache__/x.pyc", "a/__pycache__/y"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    assert files_below(str(tmp_path)) == ["a-b.py", "a/b/c.txt", "a/z.py", "b.py"]
    assert sorted(names_in(str(tmp_path))) == ["__pycache__", "a", "a-b.py", "b.py", "empty"]


def test_a_link_to_a_folder_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "up").symlink_to(tmp_path)
    (folder / "broken").symlink_to("nowhere")
    (tmp_path / "file").write_text("", encoding="utf-8")
    (folder / "link").symlink_to(tmp_path / "file")
    assert files_below(str(folder)) == ["broken", "link"]


def test_what_is_no_folder_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    for path in (tmp_path / "file", tmp_path / "missing"):
        assert files_below(str(path)) == []
        assert names_in(str(path)) == []


def test_a_file_is_read_whole_or_not_at_all(tmp_path: Path) -> None:
    data = bytes(range(256)) * 4096
    (tmp_path / "file").write_bytes(data)
    assert read(f"{tmp_path}/file") == data
    with pytest.raises(FileNotFoundError):
        read(f"{tmp_path}/missing")
