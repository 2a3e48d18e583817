from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from support_schemas import ROOT, document, save

from runcomfy_codegen import manifest, parse, pipeline, render
from runcomfy_codegen.cli import main
from runcomfy_codegen.digests import digest
from runcomfy_codegen.errors import Finding, GeneratorError
from runcomfy_codegen.manifest import (
    Entry,
    Manifest,
    generator_digest,
    manifest_file,
    noted_digests,
)
from runcomfy_codegen.output import write
from runcomfy_codegen.pipeline import build

if TYPE_CHECKING:
    from pathlib import Path

WARNED = {"type": "integer", "default": "x"}


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    return save(tmp_path / "schemas", document("a/one", x=dict(WARNED)), document("b/two"))


def run(schemas: Path, out: Path) -> pipeline.Build:
    made = build(schemas, "client", out)
    write(made.files, out, made.kept)
    made.manifest.write(manifest_file(out, "client"))
    return made


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the models that were made anew."""
    ids: list[str] = []

    def note(standard: Any, diagnostics: Any) -> Any:
        ids.append(standard.document.model_id)
        return original(standard, diagnostics)

    original = parse.parse
    monkeypatch.setattr(parse, "parse", note)
    return ids


def test_what_has_not_changed_is_not_made_again(
    schemas: Path, tmp_path: Path, parsed: list[str]
) -> None:
    out = tmp_path / "out"
    first = run(schemas, out)
    assert parsed == ["a/one", "b/two"]
    again = run(schemas, out)
    assert parsed == ["a/one", "b/two"]
    assert again == first._replace(kept=frozenset(first.files))
    assert [one.pointer for one in again.warnings] == ["/input_schema/properties/x/default"]


def test_a_changed_schema_makes_its_own_module(
    schemas: Path, tmp_path: Path, parsed: list[str]
) -> None:
    out = tmp_path / "out"
    run(schemas, out)
    parsed.clear()
    save(schemas, document("b/two", y={"type": "string"}))
    made = run(schemas, out)
    assert parsed == ["b/two"]
    assert made.files == build(schemas, "client").files


def test_an_overlay_counts_as_its_schema(schemas: Path, tmp_path: Path, parsed: list[str]) -> None:
    out = tmp_path / "out"
    run(schemas, out)
    parsed.clear()
    overlay = {"input_schema": {"properties": {"x": {"default": 5}}}}
    (schemas / "a" / "one.overlay.json").write_text(json.dumps(overlay), encoding="utf-8")
    assert run(schemas, out).warnings == ()
    assert parsed == ["a/one"]


@pytest.mark.parametrize("path", ["client/models/a/one.py", "client/errors.py"])
def test_a_file_that_is_gone_is_made_again(schemas: Path, tmp_path: Path, path: str) -> None:
    out = tmp_path / "out"
    first = run(schemas, out)
    (out / path).unlink()
    made = run(schemas, out)
    assert made._replace(kept=first.kept) == first
    assert path not in made.kept
    assert (out / path).read_bytes() == first.files[path]


def test_without_what_was_told_of_the_models_all_are_made_again(
    schemas: Path, tmp_path: Path, parsed: list[str]
) -> None:
    out = tmp_path / "out"
    first = run(schemas, out)
    told = out / "client" / "models" / "_schemas.py"
    told.unlink()
    parsed.clear()
    assert run(schemas, out).files == first.files
    assert parsed == ["a/one", "b/two"]
    # One that was edited is no source of anything, and nothing writes over it.
    told.write_bytes(first.files["client/models/_schemas.py"].replace(b"Acme", b"Amce"))
    with pytest.raises(GeneratorError, match=r"_schemas\.py"):
        run(schemas, out)


def test_models_that_come_and_go(schemas: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(schemas, out)
    save(schemas, document("c/three"))
    (schemas / "b" / "two.json").unlink()
    made = run(schemas, out)
    assert made.files == build(schemas, "client").files
    assert not (out / "client" / "models" / "b").exists()


def test_another_generator_makes_all_again(
    schemas: Path, tmp_path: Path, parsed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(schemas, tmp_path / "out")
    parsed.clear()
    monkeypatch.setattr(pipeline, "generator_digest", lambda _: "another")
    run(schemas, tmp_path / "out")
    assert parsed == ["a/one", "b/two"]


def test_a_template_and_a_version_are_part_of_the_generator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.py.jinja").write_text("x", encoding="utf-8")
    before = generator_digest(tmp_path)
    assert generator_digest(tmp_path) == before
    (tmp_path / "model.py.jinja").write_text("y", encoding="utf-8")
    assert (changed := generator_digest(tmp_path)) != before
    monkeypatch.setattr(manifest, "_versions", lambda: [b"ruff-9.9"])
    assert generator_digest(tmp_path) != changed


@pytest.mark.parametrize(
    "noted",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b"null",
        b"{}",
        b'{"generator": "g"}',
        b'{"generator": "g", "entries": [], "shared": {}}',
        b'{"generator": "g", "entries": {"a": 1}, "shared": {}}',
        b'{"generator": "g", "entries": {"a": {"source": 1}}, "shared": {}}',
        b'{"generator": "g", "entries": {}, "shared": []}',
        b"[" * 100_000,
    ],
)
def test_a_corrupt_manifest_means_a_full_run(tmp_path: Path, noted: bytes) -> None:
    file = tmp_path / "manifest.json"
    file.write_bytes(noted)
    assert Manifest.read(file, "g") == Manifest("g", {}, {})


@pytest.mark.parametrize("path", ["../x.py", "client/../../x.py", "/etc/passwd"])
def test_a_manifest_can_not_lead_out_of_the_folder(tmp_path: Path, path: str) -> None:
    file = tmp_path / "manifest.json"
    for one in (
        Manifest("g", {}, {path: "digest"}),
        Manifest("g", {"a/b": Entry("source", path, "output")}, {}),
    ):
        one.write(file)
        assert Manifest.read(file, "g") == Manifest("g", {}, {})


def test_a_manifest_comes_back_as_it_was_written(tmp_path: Path) -> None:
    entry = Entry("s", "client/models/a.py", "o", (Finding("f", "/p", "m"),))
    one = Manifest("g", {"a": entry}, {"client/x.py": "d"})
    file = tmp_path / "manifest.json"
    one.write(file)
    assert Manifest.read(file, "g") == one
    os.utime(file, (1, 1))
    one.write(file)
    assert file.stat().st_mtime == 1
    assert Manifest.read(file, "another") == Manifest("another", {}, {})


def test_what_an_earlier_run_wrote_is_known_whichever_generator_that_was(tmp_path: Path) -> None:
    file = tmp_path / "manifest.json"
    Manifest("old", {"a": Entry("s", "client/models/a.py", "o")}, {"client/x.py": "d"}).write(file)
    assert noted_digests(file) == {"client/models/a.py": "o", "client/x.py": "d"}
    file.write_bytes(b'{"entries": {"a": 1}, "shared": {}}')
    assert noted_digests(file) == {}
    assert noted_digests(tmp_path / "nowhere") == {}


def test_a_manifest_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GeneratorError, match=r"manifest\.json: can't be written: No such file"):
        Manifest("g", {}, {}).write(tmp_path / "nowhere" / "manifest.json")


def test_the_borders_of_what_is_digested_count() -> None:
    assert digest(b"ab", b"c") != digest(b"a", b"bc")


def test_a_run_that_was_killed_is_completed_by_the_next(
    schemas: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kill the writer before each file in turn: each is old or new, and the next run ends it."""
    out = tmp_path / "out"
    run(schemas, out)
    old = build(schemas, "client").files
    save(schemas, document("a/one", y={"type": "string"}), document("c/three"))
    new = build(schemas, "client").files
    killer = (
        "import itertools, os, signal, sys\n"
        "from runcomfy_codegen import output\n"
        "from runcomfy_codegen.cli import main\n"
        "left = itertools.count(int(sys.argv[1]), -1)\n"
        "original = output.replace_file\n"
        "def replace_file(*arguments):\n"
        "    if not next(left):\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    original(*arguments)\n"
        "output.replace_file = replace_file\n"
        "main(['generate', '--schemas', 'schemas', '--out', 'out', '--package', 'client'])\n"
    )
    monkeypatch.chdir(tmp_path)
    for number in range(3):
        command = [sys.executable, "-c", killer, str(number)]
        assert subprocess.run(command, capture_output=True, check=False).returncode == -9
        for path, data in new.items():
            file = out / path
            assert not file.exists() or file.read_bytes() in {old.get(path), data}
    arguments = ["--schemas", "schemas", "--out", "out", "--package", "client"]
    assert main(["generate", *arguments]) == 0
    assert {path: (out / path).read_bytes() for path in new} == new
    assert main(["check", *arguments]) == 0


def test_nothing_to_do_loads_neither_the_parser_nor_the_templates(
    schemas: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    program = (
        "import sys\n"
        "from runcomfy_codegen.cli import main\n"
        f"main(['generate', '--schemas', {str(schemas)!r}, '--out', {str(out)!r}])\n"
        f"code = main(['check', '--schemas', {str(schemas)!r}, '--out', {str(out)!r}])\n"
        "heavy = {'attr', 'datamodel_code_generator', 'jinja2', 'pydantic', 'tempfile'}\n"
        "print(code, len(heavy & set(sys.modules)))\n"
    )
    for loaded in (5, 0):
        command = [sys.executable, "-c", program]
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        assert said.splitlines()[-1] == f"0 {loaded}"


def test_only_what_is_stale_is_rendered(
    schemas: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    run(schemas, out)
    save(schemas, document("b/two", y={"type": "string"}))
    monkeypatch.setattr(render, "render_shared", None)  # not called: the models are the same
    assert run(schemas, out).files["client/models/b/two.py"]
