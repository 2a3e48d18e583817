from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from runcomfy_codegen.cli import main
from support_schemas import document, save

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    save(tmp_path / "schemas", document(x={"type": "integer", "default": "x"}))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_generate_says_what_it_did(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("generated: ")
    assert "files written, 0 unchanged\n" in out
    assert err.startswith("warning: schemas/acme/paint.json#/input_schema/properties/x/default: ")
    (folder / "generated" / "runcomfy" / "old.py").write_bytes(b"")
    assert main(["generate"]) == 0
    assert "generated: 0 files written" in (said := capsys.readouterr().out)
    assert ", 1 removed" in said


def test_check_sees_an_edited_a_missing_and_an_orphaned_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["generate"])
    assert main(["check"]) == 0
    assert "all as the schemas say" in capsys.readouterr().out
    client = folder / "generated" / "runcomfy"
    (client / "errors.py").write_bytes(b"edited")
    (client / "models" / "acme" / "paint.py").unlink()
    (client / "models" / "acme" / "old.py").write_bytes(b"")
    before = sorted(client.rglob("*"))
    assert main(["check"]) == 1
    assert capsys.readouterr().err.splitlines()[1:] == [
        "generated/runcomfy/errors.py: changed",
        "generated/runcomfy/models/acme/old.py: orphan",
        "generated/runcomfy/models/acme/paint.py: missing",
        "run 'runcomfy-codegen generate' (make generate) and commit",
    ]
    assert sorted(client.rglob("*")) == before


def test_nothing_is_written_when_anything_is_wrong(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(folder / "schemas", document("acme/bad", x={"type": "nope"}))
    assert main(["generate"]) == 1
    assert not (folder / "generated").exists()
    err = capsys.readouterr().err
    assert "schemas/acme/bad.json#/input_schema/properties/x/type: is 'nope'" in err
    assert err.endswith("1 error; nothing was written\n")


@pytest.mark.usefixtures("folder")
def test_strict(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--strict"]) == 1
    assert "default 'x' is not of type integer" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_wrong_usage_says_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "--schemas", "nowhere"]) == 1
    assert capsys.readouterr().err == "nowhere: no such folder; name one with --schemas\n"
    for arguments in (
        [],
        ["paint"],
        ["generate", "--package", "a-b"],
        ["check", "--package", "if"],
    ):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2
    assert "'if' is not a Python name" in capsys.readouterr().err
