from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from support_files import state
from support_kill import kill_at_every_step
from support_sandbox import SCHEMAS, open_stage
from support_schemas import SEED, document, save

from runcomfy_codegen import catalog, swap
from runcomfy_codegen.checksums import with_checksum
from runcomfy_codegen.cli import main
from runcomfy_codegen.render import HEADER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support_sandbox import Stage


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
    save(folder / "schemas", document("b/two"))
    main(["generate"])
    (folder / "schemas" / "b" / "two.json").unlink()
    capsys.readouterr()
    assert main(["generate"]) == 0
    package, module, said = capsys.readouterr().out.splitlines()
    models = "generated/runcomfy/models"
    assert package == f"removed {models}/b/__init__.py, which no schema gives"
    assert module == f"removed {models}/b/two.py, which no schema gives"
    assert said.startswith("generated: 3 files written, ")
    assert said.endswith(" unchanged, 2 removed")


def test_check_sees_an_edited_a_missing_and_an_orphaned_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["generate"])
    assert main(["check"]) == 0
    assert "all as the schemas say" in capsys.readouterr().out
    client = folder / "generated" / "runcomfy"
    (client / "errors.py").write_bytes(with_checksum("errors.py", HEADER.encode() + b"\n"))
    (client / "models" / "acme" / "paint.py").unlink()
    old = with_checksum("models/acme/old.py", HEADER.encode() + b"\n")
    (client / "models" / "acme" / "old.py").write_bytes(old)
    before = sorted(client.rglob("*"))
    assert main(["check"]) == 1
    assert capsys.readouterr().err.splitlines()[1:] == [
        "generated/runcomfy/errors.py: changed",
        "generated/runcomfy/models/acme/old.py: orphan",
        "generated/runcomfy/models/acme/paint.py: missing",
        "run 'runcomfy-codegen generate' (make generate) and commit",
    ]
    assert sorted(client.rglob("*")) == before


def test_a_file_of_the_users_own_is_left_alone_and_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["generate"])
    mine = folder / "generated" / "runcomfy" / "mine.py"
    mine.write_bytes(b"")
    changed = with_checksum("errors.py", HEADER.encode() + b"\n")
    (folder / "generated" / "runcomfy" / "errors.py").write_bytes(changed)
    capsys.readouterr()
    words = (
        "generated/runcomfy/mine.py: is none of the generated files, or was edited; move it out of "
        "runcomfy, which runcomfy-codegen writes alone"
    )
    assert main(["generate"]) == 1
    assert capsys.readouterr().err.splitlines()[1:] == [words, "nothing was written"]
    assert main(["check"]) == 1
    assert capsys.readouterr().err.splitlines()[1:] == [
        "generated/runcomfy/errors.py: changed",
        words,
        "run 'runcomfy-codegen generate' (make generate) and commit",
    ]
    mine.rename(folder / "mine.py")
    assert main(["generate"]) == 0
    mine.write_bytes(b"")
    capsys.readouterr()
    assert main(["check"]) == 1
    assert capsys.readouterr().err.splitlines()[1:] == [words]


@pytest.mark.parametrize("manifest", ["kept", "lost", "damaged"])
def test_what_a_user_edited_is_left_alone_and_named(
    folder: Path, capsys: pytest.CaptureFixture[str], manifest: str
) -> None:
    main(["generate"])
    noted = folder / "generated" / ".runcomfy.manifest.json"
    if manifest == "lost":
        noted.unlink()
    elif manifest == "damaged":
        noted.write_bytes(noted.read_bytes()[:-9])
    models = folder / "generated" / "runcomfy" / "models"
    paint, copy = models / "acme" / "paint.py", models / "acme" / "my_paint.py"
    copy.write_bytes(paint.read_bytes().replace(b"Acme", b"My"))
    with paint.open("ab") as file:
        file.write(b"# a note of mine\n")
    save(folder / "schemas", document("acme/new"))
    before = tree(folder)
    capsys.readouterr()
    words = [
        (
            "generated/runcomfy/models/acme/my_paint.py: is none of the generated files, or was "
            "edited; move it out of runcomfy, which runcomfy-codegen writes alone"
        ),
        (
            "generated/runcomfy/models/acme/paint.py: is not as runcomfy-codegen wrote it; save "
            "elsewhere what you need of it, delete it, and generate again"
        ),
    ]
    assert main(["generate"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[1:] == [*words, "nothing was written"]
    assert main(["check"]) == 1
    assert [line for line in capsys.readouterr().err.splitlines() if line in words] == words
    assert tree(folder) == before
    copy.unlink()
    paint.unlink()
    assert main(["generate"]) == 0
    assert main(["check"]) == 0


def test_what_other_schemas_gave_is_brought_up_to_date_in_a_clone(folder: Path) -> None:
    main(["generate"])
    (folder / "generated" / ".runcomfy.manifest.json").unlink()
    (folder / "schemas" / "acme" / "paint.json").unlink()
    save(folder / "schemas", document("acme/other"))
    assert main(["generate"]) == 0
    assert main(["check"]) == 0
    models = folder / "generated" / "runcomfy" / "models" / "acme"
    assert {one.name for one in models.iterdir()} == {"__init__.py", "other.py"}


def test_a_package_that_was_written_by_hand_is_left_alone(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = folder / "src" / "acme"
    package.mkdir(parents=True)
    for name in ("_binding.py", "__init__.py", "errors.py"):
        (package / name).write_bytes(b"mine = True\n")
    assert main(["generate", "--out", "src", "--package", "acme"]) == 1
    assert capsys.readouterr().err.splitlines()[1:] == [
        (
            "src/acme: holds __init__.py, _binding.py, errors.py, and nothing as runcomfy-codegen "
            "writes it; name another folder with --out, or remove it"
        ),
        "nothing was written",
    ]
    assert tree(folder / "src") == {
        f"acme/{name}": b"mine = True\n" for name in ("__init__.py", "_binding.py", "errors.py")
    }


def test_a_hint_names_the_command_that_works(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "schemas").rename(folder / "my schemas")
    options = ["--schemas", "my schemas", "--out", "gen", "--package", "acme"]
    main(["generate", *options])
    (folder / "gen" / "acme" / "errors.py").unlink()
    capsys.readouterr()
    assert main(["check", *options]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "run 'runcomfy-codegen generate --schemas 'my schemas' --out gen --package acme' and commit"
    )


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
        ["generate", "--package", "../x"],
        ["generate", "--package", "a.b"],
        ["generate", "--package", ""],
        ["generate", "--package", "__main__"],
        ["generate", "--package", "\ufb01le"],
        ["generate", "--package", "a" * 201],
        ["generate", "--package", "Aux"],
    ):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2
    assert "'if' is not a Python name" in capsys.readouterr().err


@pytest.fixture(name="api")
def an_api(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """It has an added, a changed, an unchanged, a refused and an unusable model, and a workflow."""
    words = {"type": "string", "description": "words"}
    save(
        tmp_path / "api",
        document("acme/added", prompt=words),
        document("acme/paint", x={"type": "integer", "default": 1}),
        document("acme/kept", prompt=words),
        document("acme/refused", x={"type": "string", "format": "a\x1b[2J"}),
        {**document("acme/flow"), "kind": "workflow"},
    )
    save(
        folder / "schemas",
        document("acme/kept", prompt={"type": "string"}),
        document("acme/gone"),
    )
    (folder / "schemas" / "acme" / "gone.overlay.json").write_bytes(b"{}")
    (folder / "schemas" / "README").write_bytes(b"ours")
    with open_stage(tmp_path / "api") as stage:
        monkeypatch.setenv("RUNCOMFY_MODEL_API_BASE", stage.sandbox.base_url)
        monkeypatch.setenv("RUNCOMFY_API_TOKEN", "a-token")
        yield stage


def tree(root: Path) -> dict[str, bytes]:
    return {
        one.relative_to(root).as_posix(): one.read_bytes()
        for one in sorted(root.rglob("*"))
        if one.is_file()
    }


@pytest.mark.usefixtures("api")
def test_pull_says_what_it_did(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = tree(folder / "schemas")
    assert main(["pull"]) == 1
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "added: acme/added",
        "changed: acme/paint",
        "gone: acme/gone (stays until --prune)",
        "schemas: 1 added, 1 changed, 1 gone, 1 unchanged, 1 refused, 1 not of kind model",
        "run 'runcomfy-codegen generate'",
    ]
    assert err.startswith("schemas/acme/refused.json#/input_schema/properties/x/format: ")
    assert len(err.splitlines()) == 1
    assert "\x1b" not in err
    after = tree(folder / "schemas")
    assert {path for path in after if before.get(path) != after[path]} == {
        "acme/added.json",
        "acme/paint.json",
    }
    assert b"words" not in after["acme/added.json"]
    assert main(["generate"]) == 0


@pytest.mark.usefixtures("api")
def test_a_second_pull_touches_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["pull", "--prune", "--with-descriptions"])
    out = capsys.readouterr().out
    assert "removed: schemas/acme/gone.json\nremoved: schemas/acme/gone.overlay.json\n" in out
    assert "gone: acme/gone\n" in out
    after = tree(folder / "schemas")
    assert after.keys() == {"README", "acme/added.json", "acme/kept.json", "acme/paint.json"}
    assert b"words" in after["acme/kept.json"]
    before = [state(one) for one in (folder / "schemas").rglob("*")]
    assert main(["pull"]) == 1
    assert [state(one) for one in (folder / "schemas").rglob("*")] == before
    assert capsys.readouterr().out == (
        "schemas: 0 added, 0 changed, 0 gone, 3 unchanged, 1 refused, 1 not of kind model\n"
    )


def test_the_projects_own_schemas_are_what_they_serve(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_stage() as stage:
        monkeypatch.setenv("RUNCOMFY_MODEL_API_BASE", stage.sandbox.base_url)
        monkeypatch.setenv("RUNCOMFY_API_TOKEN", "a-token")
        shutil.copytree(SCHEMAS, folder / "own")
        assert main(["pull", "--schemas", "own"]) == 0
        assert "own: 0 added, 0 changed, 0 gone, " in capsys.readouterr().out
        # Those that are unsound without their overlay are refused here.
        main(["pull", "--schemas", "fresh"])
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "fresh: a new folder, without overlays"
    assert said[-1] == "run 'runcomfy-codegen generate --schemas fresh'"
    assert b'"description":' not in (folder / "fresh" / f"{SEED}.json").read_bytes()


@pytest.mark.usefixtures("api")
def test_progress_is_shown_on_a_terminal_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(catalog, "PAGE", 3)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    main(["pull"])
    line = "\r\x1b[K"
    err = capsys.readouterr().err
    assert err.startswith(
        f"{line}page 1 of 2, 3 of 5 models{line}page 2 of 2, 5 of 5 models{line}schemas/acme/"
    )


def test_a_pull_that_fails_writes_nothing(
    api: Stage, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(folder)
    api.sandbox.arm("catalog", "html")
    assert main(["pull"]) == 1
    with swap.claim(folder / "schemas"):
        assert main(["pull"]) == 1
    with monkeypatch.context() as without:
        without.delattr("runcomfy_codegen.catalog")
        without.setitem(sys.modules, "runcomfy_codegen.catalog", None)
        assert main(["pull"]) == 1
    monkeypatch.delenv("RUNCOMFY_API_TOKEN")
    assert main(["pull"]) == 1
    html, held, missing, token = capsys.readouterr().err.splitlines()
    assert html.startswith(f"{api.sandbox.base_url}/models: HTTP 200: the answer is not a JSON")
    assert held == f"{folder.as_posix()}: another pull is at work here"
    assert missing == (
        "the extra 'codegen' is not installed (runcomfy_codegen.catalog is missing): "
        "pip install 'runcomfy-models[codegen]', or '.[codegen]' in a clone"
    )
    assert token == (
        "no RunComfy token found. Set the environment variable RUNCOMFY_API_TOKEN; tokens are made "
        "on the profile page of a RunComfy account"
    )
    assert tree(folder) == before


def test_ctrl_c(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fetch(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(catalog, "fetch", fetch)
    assert main(["pull"]) == 130
    assert capsys.readouterr().err == "interrupted\n"


PULL = """
import tempfile
from runcomfy_codegen import catalog, refresh, swap
from runcomfy_codegen.cli import main

# Where a killed run leaves the files that it checked.
tempfile.tempdir = sys.argv[1]

def run():
    os.chdir(work)
    sys.stderr = sys.stdout
    # Two entries are left out or refused, which is exit code 1.
    assert main(["pull", "--prune"]) == 1

def recover():
    pass
"""


@pytest.mark.usefixtures("api")
def test_a_pull_killed_at_any_step_leaves_the_old_tree_or_the_new(folder: Path) -> None:
    (folder / "fresh").mkdir()
    (folder / "schemas").rename(folder / "fresh" / "schemas")
    seen = kill_at_every_step(folder, PULL, every=4)
    assert seen["missing"] == 0
    assert min(seen["old"], seen["new"]) > 2
