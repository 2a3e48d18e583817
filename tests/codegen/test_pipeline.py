from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support_schemas import ROOT, document, save

from runcomfy_codegen.errors import SchemaError
from runcomfy_codegen.pipeline import build

if TYPE_CHECKING:
    from pathlib import Path

SHARED = ROOT.parent / "shared" / "seed"


def test_errors_of_all_passes_are_reported_together(tmp_path: Path) -> None:
    save(tmp_path, document("a/b", x={"type": "nope"}), document("a-b"), document("a_b"))
    (tmp_path / "half.json").write_bytes(b"{")
    with pytest.raises(SchemaError) as caught:
        build(tmp_path, "client")
    found = "\n".join(str(finding) for finding in caught.value.findings)
    assert "is not JSON" in found
    assert "is 'nope', not one of" in found
    assert "a_b and a-b would both be models.a_b" in found


def test_a_vendor_and_a_lone_model_of_its_name_are_an_error(tmp_path: Path) -> None:
    save(tmp_path, document("a-b/c"), document("a_b"))
    with pytest.raises(SchemaError, match=r"a_b and a-b/c would both be models\.a_b in Python"):
        build(tmp_path, "client")


def test_strict_makes_warnings_errors(tmp_path: Path) -> None:
    save(tmp_path, document(x={"type": "integer", "default": "x"}))
    assert len(build(tmp_path, "client").warnings) == 1
    with pytest.raises(SchemaError, match="default 'x' is not of type integer"):
        build(tmp_path, "client", strict=True)


def test_a_change_to_one_schema_changes_one_module(tmp_path: Path) -> None:
    save(tmp_path, document("a/one"), document("a/two"))
    before = build(tmp_path, "client").files
    save(tmp_path, document("a/two", x={"type": "string"}))
    after = build(tmp_path, "client").files
    assert before.keys() == after.keys()
    changed = [path for path in before if before[path] != after[path]]
    # The module, and what is told of all models.
    assert changed == ["client/models/_schemas.py", "client/models/a/two.py"]


def test_adding_a_model_renames_nothing(tmp_path: Path) -> None:
    save(tmp_path, document("b/two"))
    before = build(tmp_path, "client").files
    save(tmp_path, document("a/one"), document("b/two/more"))
    after = build(tmp_path, "client").files
    changed = {path for path in before if before[path] != after[path]}
    # What lists them: all models, all vendors, and the models of each vendor.
    lists = (
        *("models/_index.py", "models/_schemas.py", "models/__init__.py"),
        "models/b/__init__.py",
    )
    assert changed == {f"client/{path}" for path in lists}


def test_the_output_is_a_function_of_the_input(tmp_path: Path) -> None:
    """Same bytes in any folder, under any hash seed and any locale."""
    trees: list[dict[str, bytes]] = []
    for number, locale in enumerate(["C", "C.UTF-8", "POSIX"]):
        folder = tmp_path / f"käse {number}"
        shutil.copytree(ROOT / "schemas", folder / "schemas")
        environment = {
            **os.environ,
            "PYTHONHASHSEED": str(number),
            "LC_ALL": locale,
            "LANG": locale,
            "TZ": ["UTC", "Asia/Seoul", "America/New_York"][number],
        }
        command = [sys.executable, "-m", "runcomfy_codegen", "generate"]
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
        out = folder / "generated"
        trees.append(
            {
                file.relative_to(out).as_posix(): file.read_bytes()
                for file in sorted((out / "runcomfy").rglob("*"))
                if file.is_file()
            }
        )
    assert trees[0] == trees[1] == trees[2] == dict(build(ROOT / "schemas", "runcomfy").files)


def test_regenerating_from_nothing_leaves_git_clean(tmp_path: Path) -> None:
    """The committed client is exactly what the committed schemas and templates give."""
    tracked = subprocess.run(
        ["git", "ls-files", "generated"],  # noqa: S607 - git is on every developer's path
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    if not tracked:
        pytest.skip("not a checkout: there is no git index to compare with")
    for folder in ("schemas", "templates", "generator"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    command = [sys.executable, "-m", "runcomfy_codegen", "generate"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    made = {
        file.relative_to(tmp_path).as_posix(): file.read_bytes()
        for file in (tmp_path / "generated" / "runcomfy").rglob("*")
        if file.is_file()
    }
    assert sorted(made) == sorted(tracked)
    assert made == {path: (ROOT / path).read_bytes() for path in tracked}


def test_the_seed_is_kept_whole() -> None:
    if not SHARED.is_dir():
        pytest.skip("the seed's page is not beside this checkout")
    import json  # noqa: PLC0415 - used here only

    kept = json.loads((ROOT / "schemas/wan-ai/wan-2-6/image-to-image.json").read_bytes())
    for key in ("input_schema", "output_schema"):
        assert kept[key] == json.loads((SHARED / f"{key}.json").read_bytes())
