"""Hostile texts in every slot of a schema: nothing runs, nothing is written elsewhere.

Every payload is put into every slot (:mod:`support_payloads`). What the generator takes is
generated, read back, and imported in a process that notes what it does; what it refuses, it
refuses with a place.
"""

from __future__ import annotations

import ast
import collections
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import attrs
import pytest
import support_jail
from support_payloads import MARK, OVERLAID, PAYLOADS, SLOTS, base, filled, written

from runcomfy_codegen import names, pytypes
from runcomfy_codegen.dialect import standardise
from runcomfy_codegen.errors import Diagnostics
from runcomfy_codegen.ir import Text
from runcomfy_codegen.load import load
from runcomfy_codegen.output import write
from runcomfy_codegen.parse import parse
from runcomfy_codegen.pipeline import build

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from runcomfy_codegen.errors import Finding
    from runcomfy_codegen.ir import Model

#: (payload, slot) → what is wrong with it; nothing if it is taken.
Verdicts = dict[tuple[str, str], list["Finding"]]

#: Slots that take none of the payloads, since what stands there is not text or is a fixed word.
CLOSED = {
    *("model_id", "key of the document", "type", "format", "minimum", "unknown keyword"),
    *("customTypePath", "customBasePath", "x-python-import", "x-python-type", "required name"),
    *("validation_rule", "validation_value", "reference"),
}
#: Payloads that no slot takes: half a pair is no text.
NO_TEXT = {"half a pair", "the other half"}
#: Slots where a text is more than text: it must be short, or a pattern that can be had.
PICKY = {
    *("field name", "output field", "inner field", "inner field's name as a class"),
    *("pattern", "pattern of names"),
}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Verdicts:
    """What the reading passes say of each payload in each slot."""
    schemas = tmp_path_factory.mktemp("pairs")
    places: dict[str, tuple[str, str]] = {}
    for i, (payload, text) in enumerate(PAYLOADS.items()):
        for j, slot in enumerate(SLOTS):
            raw = {**base(), "model_id": f"p{i}/s{j}"}
            SLOTS[slot](raw, text)
            file = schemas / f"p{i}" / f"s{j}.json"
            written(file, raw)
            places[file.as_posix()] = payload, slot
    diagnostics = Diagnostics()
    for document in load(schemas, diagnostics):
        standard = standardise(document, diagnostics)
        if standard is not None and places[document.file][1] in PICKY:
            parse(standard, diagnostics)  # where names are made
    found: Verdicts = {pair: [] for pair in places.values()}
    for error in diagnostics.errors:
        found[places[error.file]].append(error)
    return found


@pytest.fixture(scope="module")
def documents(verdicts: Verdicts) -> dict[str, dict[str, Any]]:
    """For each payload a document with it in every slot that takes it, by the model id."""
    made: dict[str, dict[str, Any]] = {}
    for i, (payload, text) in enumerate(PAYLOADS.items()):
        taken = [slot for slot in SLOTS if not verdicts[payload, slot]]
        raw = {**filled(text, *taken), "model_id": f"acme/payload-{i}"}
        made[raw["model_id"]] = raw
    return made


@pytest.fixture(scope="module")
def models(
    documents: Mapping[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> list[Model]:
    """The IR of all of them."""
    schemas = tmp_path_factory.mktemp("models")
    for model_id, raw in documents.items():
        written(schemas / f"{model_id}.json", raw)
    diagnostics = Diagnostics()
    standards = [standardise(one, diagnostics) for one in load(schemas, diagnostics)]
    made = [parse(one, diagnostics) for one in standards if one is not None]
    diagnostics.finish()
    return made


def test_the_corpus_is_as_large_as_it_should_be() -> None:
    assert len(PAYLOADS) >= 60
    assert len(SLOTS) >= 25
    assert support_jail.MARK == MARK


def test_what_is_refused_is_refused_with_its_place(verdicts: Verdicts) -> None:
    for (payload, slot), findings in verdicts.items():
        for one in findings:
            line = str(one)
            assert line.isprintable(), (payload, slot)
            # Half a pair in a key is found in the object that has the key, here the document.
            whole = slot == "key of the document" and payload in NO_TEXT
            assert one.pointer.startswith("/") or whole, (payload, slot, line)


def test_what_is_taken_and_what_is_refused(verdicts: Verdicts) -> None:
    taken: dict[str, set[str]] = collections.defaultdict(set)
    for (payload, slot), findings in verdicts.items():
        if not findings:
            taken[slot].add(payload)
    assert {slot for slot in SLOTS if not taken[slot]} == CLOSED
    for slot in set(SLOTS) - CLOSED - PICKY:
        assert PAYLOADS.keys() - taken[slot] == NO_TEXT, slot


def test_nothing_is_injected_and_nothing_is_written_elsewhere(
    documents: Mapping[str, dict[str, Any]], tmp_path: Path
) -> None:
    schemas, out, here = tmp_path / "schemas", tmp_path / "out", tmp_path / "here"
    here.mkdir()
    for model_id, raw in documents.items():
        written(schemas / f"{model_id}.json", raw)
    before = tree(tmp_path)
    write(build(schemas, "client", out).files, out)
    new = tree(tmp_path) - before
    assert all(path.startswith("out/client/") for path in new - {"out", "out/client"})
    modules = sorted((out / "client" / "models" / "acme").glob("payload_*.py"))
    assert len(modules) == len(PAYLOADS)
    for module in modules:
        compile(ast.parse(module.read_bytes()), str(module), "exec")
    said = jailed(out, here)
    assert said == {"models": len(PAYLOADS), "noted": [], "failed": {}, "changed": []}
    assert tree(tmp_path) - before == new
    assert list(here.iterdir()) == []


def jailed(out: Path, here: Path) -> Any:
    """Import the client of *out* in a process of its own, which runs in the folder *here*."""
    command = [sys.executable, "-I", "-B", support_jail.__file__, str(out), "client"]
    run = subprocess.run(
        command, cwd=here, capture_output=True, text=True, check=False, timeout=150, env={}
    )
    assert run.returncode == 0, run.stderr[-2_000:]
    return json.loads(run.stdout)


def tree(folder: Path) -> set[str]:
    return {one.relative_to(folder).as_posix() for one in folder.rglob("*")}


@pytest.mark.parametrize(
    "injected",
    [
        "import builtins; builtins.HOSTILE = 1",
        "open('HOSTILE', 'w')",
        "__import__('os').environ.__setitem__('HOSTILE', '1')",
        "exec('1')",
        "__import__('socket').socket()",
        "__import__('subprocess').Popen(['true'])",
        "raise SystemExit",
    ],
)
def test_the_jail_would_notice(injected: str, tmp_path: Path) -> None:
    written(tmp_path / "schemas" / "acme" / "hostile.json", base())
    write(build(tmp_path / "schemas", "client").files, tmp_path)
    module = tmp_path / "client" / "models" / "acme" / "hostile.py"
    module.write_text(f"{module.read_text(encoding='utf-8')}\n{injected}\n", encoding="utf-8")
    here = tmp_path / "here"
    here.mkdir()
    said = jailed(tmp_path, here)
    assert said["noted"] or said["failed"] or said["changed"]


def test_an_overlay_says_nothing_that_a_document_could_not(tmp_path: Path) -> None:
    schemas, out, here = tmp_path / "schemas", tmp_path / "out", tmp_path / "here"
    here.mkdir()
    count = 0
    sound = filled("x", *OVERLAID)  # an overlay adds no field: they are all there
    for i, text in enumerate(PAYLOADS.values()):
        patched = filled(text, *OVERLAID)
        diagnostics = Diagnostics()
        file = tmp_path / "one" / str(i) / "acme" / "x.json"
        written(file, {**sound, "model_id": "acme/x"})
        patch = {key: patched[key] for key in ("display_name", "input_schema")}
        written(file.with_name("x.overlay.json"), patch)
        standards = [
            standardise(one, diagnostics) for one in load(tmp_path / "one" / str(i), diagnostics)
        ]
        if diagnostics.errors:
            assert all(one.file.endswith("/x.overlay.json") for one in diagnostics.errors)
            continue
        assert len(standards) == 1
        count += 1
        written(schemas / "acme" / f"x-{i}.json", {**sound, "model_id": f"acme/x-{i}"})
        written(schemas / "acme" / f"x-{i}.overlay.json", patch)
    assert count > 60
    write(build(schemas, "client").files, out)
    assert jailed(out, here) == {"models": count, "noted": [], "failed": {}, "changed": []}


def test_every_text_of_the_ir_is_a_name_or_has_a_filter(models: list[Model]) -> None:
    """Walks the IR: a plain ``str`` is a Python name, one of our own words, or JSON."""
    texts = set(PAYLOADS.values())
    for model in models:
        for owner, attribute, value in strings(model):
            if (owner, attribute) in NAMES:
                assert value.isidentifier(), (owner, attribute)
                assert value not in texts or names.field_name(value) == value
            elif (owner, attribute) in WORDS:
                assert value.isascii()
                assert value not in texts
            else:
                assert (owner, attribute) in LITERALS, (owner, attribute, value[:60])


#: Where the IR holds names made by names.py.
NAMES = {("Field", "name"), ("Choice", "name"), ("Nested", "name"), ("Model", "module")}
NAMES |= {("Model", "classes")}
#: Where it holds words of our own, and the model id, which load.py has checked.
WORDS = {
    *(("Scalar", "name"), ("Constraint", "rule"), ("MediaRule", "metric")),
    *(("MediaRule", "operator"), ("MediaField", "kind"), ("Endpoint", "model_id")),
    *(("Endpoint", "output_kind"), ("Shape", "media"), ("Shape", "types")),
}
#: Where it holds a schema's own strings, which are printed as literals: the next test sees to it.
LITERALS = {
    *(("Field", "wire"), ("Field", "default"), ("Choice", "members"), ("Constraint", "limit")),
    *(("MediaField", "place"), ("Shape", "properties"), ("Shape", "patterns")),
    *(("Shape", "required"), ("Shape", "dependent_required"), ("Shape", "dependent")),
    *(("Shape", "reference"), ("Model", "references"), ("Model", "schema")),
}


def strings(node: Any, owner: str = "", attribute: str = "") -> list[tuple[str, str, str]]:
    """Every plain ``str`` in *node*, with the class and the attribute that hold it."""
    if isinstance(node, Text):
        return []
    if isinstance(node, str):
        return [(owner, attribute, node)]
    found: list[tuple[str, str, str]] = []
    if attrs.has(type(node)):
        for field in attrs.fields(type(node)):
            found += strings(getattr(node, field.name), type(node).__name__, field.name)
    elif isinstance(node, dict):
        for pair in node.items():
            found += strings(pair, owner, attribute)
    elif isinstance(node, list | tuple):
        for one in node:
            found += strings(one, owner, attribute)
    return found


def test_the_library_sees_structure_alone(
    documents: Mapping[str, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a schema datamodel-code-generator gets types, names of fields and listed values."""
    seen: list[Any] = []
    parser = vars(pytypes)["JsonSchemaParser"]

    def spy(structure: str, **options: Any) -> Any:
        seen.append(json.loads(structure))
        return parser(structure, **options)

    monkeypatch.setattr(pytypes, "JsonSchemaParser", spy)
    pytypes._parse.cache_clear()
    for model_id, raw in documents.items():
        written(tmp_path / f"{model_id}.json", raw)
    build(tmp_path, "client")
    assert len(seen) >= len(PAYLOADS)
    for one in seen:
        assert_structure(one)


def assert_structure(schema: Any) -> None:
    assert schema.keys() <= {"title", "type", "properties", "enum", "items", "anyOf"}
    assert schema.get("title", "x").isidentifier()
    stated = schema.get("type", [])
    types = set(stated if isinstance(stated, list) else [stated])
    assert types <= {"string", "integer", "number", "boolean", "array", "object", "null"}
    for one in (*schema.get("properties", {}).values(), *schema.get("anyOf", ())):
        assert_structure(one)
    if "items" in schema:
        assert_structure(schema["items"])
    assert not any(isinstance(one, list | dict) for one in schema.get("enum", ()))
