"""The command: two folders or a revision, its formats and its exit codes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from support_schemas import document, save

from runcomfy_codegen.cli import main
from runcomfy_codegen.diff.changes import MISSING, Change, Kind
from runcomfy_codegen.diff.formats import as_json, as_markdown, as_text
from runcomfy_codegen.diff.history import restore
from runcomfy_codegen.errors import GeneratorError

if TYPE_CHECKING:
    from pathlib import Path

TEXT = {"type": "string"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where ``old`` and ``new`` stand: one model is gone, one came, one changed."""
    long = {**TEXT, "maxLength": 2000, "title": "Words"}
    save(tmp_path / "old", document("acme/gone"), document("acme/paint", prompt=long))
    changed = {**long, "title": "Text"}
    paint = {**document("acme/paint", prompt=changed, seed={"type": "integer"})}
    save(tmp_path / "new", document("acme/come"), {**paint, "categories": ["a"]})
    overlay = {"input_schema": {"properties": {"prompt": {"maxLength": 1999}}}}
    (tmp_path / "new" / "acme" / "paint.overlay.json").write_text(json.dumps(overlay))
    monkeypatch.chdir(tmp_path)
    return tmp_path


SAID = """\
acme/come
  + model added
acme/gone
  ! model removed
acme/paint
  ! input prompt: maxLength narrowed from 2000 to 1999
  + input seed: optional field added
  ~ categories changed
  ~ input prompt: title changed
2 breaking, 2 compatible, 2 textual
"""


def test_two_folders(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "old", "new"]) == 0
    assert capsys.readouterr() == (SAID, "")
    assert main(["diff", "old", "new", "--fail-on", "breaking"]) == 1
    assert main(["diff", "old", "old", "--fail-on", "breaking"]) == 0
    assert capsys.readouterr().out == f"{SAID}no differences\n"


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "old", "new", "--format", "json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["shape"] == 1
    assert said["counts"] == {"breaking": 2, "compatible": 2, "textual": 2}
    assert said["changes"][2] == {
        "model_id": "acme/paint",
        "kind": "breaking",
        "place": "/input_schema/properties/prompt/maxLength",
        "field": "prompt",
        "what": "maxLength narrowed from 2000 to 1999",
        "old": 2000,
        "new": 1999,
    }
    assert said["changes"][0] == {
        "model_id": "acme/come",
        "kind": "compatible",
        "place": "",
        "field": None,
        "what": "model added",
    }


def test_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "old", "new", "--format", "markdown"]) == 0
    out = capsys.readouterr().out
    assert "### acme/paint\n\n- **Breaking:** input prompt: maxLength narrowed from 2000" in out
    assert "\n- input seed: optional field added\n" in out
    assert out.endswith("\n\n2 breaking, 2 compatible, 2 textual.\n")
    assert as_markdown(()) == "No differences."


def change(place: str, what: str, old: Any = MISSING) -> Change:
    return Change("acme/paint", place, Kind.COMPATIBLE, what, old)


def test_words_of_a_schema_act_on_nothing() -> None:
    wild = change(
        "/input_schema/properties/a*b~1c", "enum gained \x1b[2J<b>[x](http://y)\ud800 `z`\n#"
    )
    text = as_text([wild])
    assert text.splitlines()[1] == (
        r"  + input a*b/c: enum gained \x1b[2J<b>[x](http://y)\ud800 `z`\n#"
    )
    line = as_markdown([wild]).splitlines()[2]
    assert r"a\*b/c: enum gained \\x1b\[2J\<b\>\[x\](http\://y)\\ud800 \`z\`\\n\#" in line
    assert as_json([change("", "x", "é\ud800")]).isascii()


@pytest.mark.parametrize(
    ("place", "where"),
    [
        ("/input_schema/minProperties", "input: x"),
        ("/input_schema/properties/size/properties/width/maximum", "input size.width: x"),
        ("/input_schema/properties/urls/items", "input urls[]: x"),
        ("/output_schema/properties/urls/items/type", "output urls[]: x"),
        ("/input_schema/properties/a/anyOf/1/maximum", "input a in anyOf/1: x"),
        ("/input_schema/properties", "input: x"),
        ("/display_name", "x"),
    ],
)
def test_a_place_as_people_name_it(place: str, where: str) -> None:
    assert as_text([change(place, "x")]).splitlines()[1] == f"  + {where}"


def test_a_model_that_is_refused_is_a_located_error(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(folder / "old", document("acme/bad", x={"type": "nope"}))
    save(folder / "new", document("acme/worse", x={"nope": 1}))
    assert main(["diff", "old", "new"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "new/acme/worse.json#/input_schema/properties/x/nope: unknown keyword" in err
    assert "old/acme/bad.json#/input_schema/properties/x/type: is 'nope', not one of" in err
    assert main(["diff", "old", "nowhere"]) == 1
    assert capsys.readouterr().err.startswith("nowhere: no such folder")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["old"],
        ["old", "new", "third"],
        ["old", "new", "--git", "HEAD"],
        ["old", "--git", "HEAD"],
        ["old", "new", "--schemas", "new"],
        ["--schemas", "new"],
        ["old", "new", "--format", "yaml"],
        ["old", "new", "--fail-on", "textual"],
    ],
)
def test_wrong_usage(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["diff", *arguments])
    assert caught.value.code == 2


def git(*arguments: str) -> None:
    name = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *name, *arguments], check=True, capture_output=True)  # noqa: S607 - the tests' git


@pytest.fixture
def repository(folder: Path) -> Path:
    """A repository whose first commit, tagged ``v1``, has ``old`` as its schemas."""
    (folder / ".gitattributes").write_text("*.json export-ignore\n")
    shutil.move(folder / "old", folder / "work" / "schemas")
    (folder / "work" / "schemas" / "link.json").symlink_to("nowhere")
    (folder / "work" / "schemas" / "README").write_text("no schema")
    git("init")
    git("add", ".gitattributes", "work")
    git("commit", "-m", "one")
    git("tag", "-a", "v1", "-m", "one")
    shutil.rmtree(folder / "work" / "schemas")
    shutil.move(folder / "new", folder / "work" / "schemas")
    return folder


def test_a_revision(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["diff", "--git", "v1", "--schemas", "work/schemas"]) == 0
    assert capsys.readouterr() == (SAID, "")
    monkeypatch.chdir(repository / "work")
    assert main(["diff", "--git", "HEAD", "--fail-on", "breaking"]) == 1
    assert capsys.readouterr() == (SAID, "")


def test_an_error_of_a_revision_names_it(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schemas = repository / "work" / "schemas"
    save(schemas, document("acme/bad", x={"type": "nope"}))
    git("add", "work")
    git("commit", "-m", "two")
    (schemas / "acme" / "bad.json").unlink()
    assert main(["diff", "--git", "HEAD", "--schemas", "work/schemas"]) == 1
    place = "HEAD:work/schemas/acme/bad.json#/input_schema/properties/x/type: is 'nope'"
    assert capsys.readouterr().err.startswith(place)


@pytest.mark.parametrize("arguments", [["old", "nowhere"], ["nowhere", "new"]])
def test_a_folder_that_was_named_and_is_not_there(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", *arguments]) == 1
    assert capsys.readouterr() == ("", "nowhere: no such folder\n")


@pytest.mark.usefixtures("repository")
def test_what_git_can_t_give(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(repository / "work" / "schemas", repository / "fresh")
    for revision, schemas in (
        ("nope", "work/schemas"),
        ("--output=x", "work/schemas"),
        ("HEAD:work", "work/schemas"),
        ("v1", "fresh"),
        ("v1", "nowhere"),
    ):
        assert main(["diff", f"--git={revision}", "--schemas", schemas]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "git knows no revision 'nope'",
        "git knows no revision '--output=x'",
        "git knows no revision 'HEAD:work'",
        "fresh at v1: holds no model document (<model_id>.json)",
        "nowhere: no such folder; name one with --schemas",
    ]
    objects = repository / ".git" / "objects"
    shutil.move(objects, repository / "objects")
    objects.mkdir()
    assert main(["diff", "--git=v1", "--schemas=work/schemas"]) == 1
    shutil.rmtree(repository / ".git")
    assert main(["diff", "--git=v1", "--schemas=work/schemas"]) == 1
    monkeypatch.setenv("PATH", str(repository / "nothing"))
    assert main(["diff", "--git=v1", "--schemas=work/schemas"]) == 1
    broken, none, missing = capsys.readouterr().err.splitlines()
    assert broken.startswith("git knows no revision 'v1'")
    assert none.startswith("work/schemas: is in no git repository: fatal: not a git repository")
    assert missing == "git is not installed; compare two folders instead"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(GeneratorError, match="no such folder"):
        restore(tmp_path / "nowhere", "v1", tmp_path)


def test_a_tree_whose_objects_are_gone(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # The commit can be found, what it holds can't be read.
    listed = subprocess.run(
        ["git", "rev-parse", "HEAD^{tree}"],  # noqa: S607 - the tests' git
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    (repository / ".git" / "objects" / listed[:2] / listed[2:].strip()).unlink()
    assert main(["diff", "--git=v1", "--schemas=work/schemas"]) == 1
    assert capsys.readouterr().err.startswith("git can't read revision 'v1': ")


def test_what_takes_long_to_import_is_not_imported() -> None:
    program = (
        "import sys\n"
        "from runcomfy_codegen.cli import main\n"
        "assert main(['diff', 'old', 'new']) == 0\n"
        "print(sorted({'datamodel_code_generator', 'jinja2', 'pydantic'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stdout == f"{SAID}[]\n"
