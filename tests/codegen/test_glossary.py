from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from support_schemas import ROOT, document, save

from runcomfy_codegen.errors import Diagnostics
from runcomfy_codegen.glossary import Glossary
from runcomfy_codegen.load import GLOSSARY, load
from runcomfy_codegen.pipeline import build

if TYPE_CHECKING:
    from pathlib import Path

    from runcomfy_codegen.jsontext import JsonObject

WORDS = {"title": "Prompt", "description": "What it shows."}


def glossary(folder: Path, entries: object) -> Glossary:
    (folder / GLOSSARY).write_text(json.dumps(entries), encoding="utf-8")
    diagnostics = Diagnostics()
    found = Glossary.read(folder, diagnostics)
    diagnostics.finish()
    return found


def worded(folder: Path, field: JsonObject, *categories: str, entry: object = WORDS) -> Any:
    schema = {"type": "object", "properties": {"prompt": field}}
    return glossary(folder, {"prompt": entry}).worded(schema, categories)["properties"]["prompt"]


def test_a_field_without_words_gets_those_of_the_glossary(tmp_path: Path) -> None:
    field = {"type": "string", "maxLength": 5}
    assert list(worded(tmp_path, field).items()) == [*WORDS.items(), *field.items()]
    assert field == {"type": "string", "maxLength": 5}


@pytest.mark.parametrize(
    ("own", "shown"),
    [
        ({"title": "Text", "description": "Say it."}, ("Text", "Say it.")),
        ({"title": "Text"}, ("Text", "What it shows.")),
        ({"description": "Say it."}, (None, "Say it.")),
        ({"title": " ", "description": ""}, ("Prompt", "What it shows.")),
        ({"title": "Up to 2 × 3 – “so”"}, ("Up to 2 × 3 – “so”", "What it shows.")),
        (
            {"title": "프롬프트", "description": "텍스트"},
            ("Prompt", "What it shows.\n\n프롬프트: 텍스트"),
        ),
        ({"title": "Größe"}, ("Prompt", "What it shows.\n\nGröße")),
        (
            {"title": "Text", "description": "Описание"},
            ("Prompt", "What it shows.\n\nText: Описание"),
        ),
    ],
)
def test_own_english_words_come_first_and_others_last(
    tmp_path: Path, own: JsonObject, shown: tuple[str | None, str]
) -> None:
    field = worded(tmp_path, {"type": "string", **own})
    assert (field.get("title"), field["description"]) == shown


def test_the_first_entry_that_fits_is_taken(tmp_path: Path) -> None:
    def one(title: str, **when: object) -> dict[str, object]:
        return {"title": title, "description": "x", **({"when": when} if when else {})}

    entry = [
        one("video", category=["image-to-video", "text-to-video"]),
        one("numbers", type="integer", category="text-to-image"),
        one("lists", type=["array"]),
        one("any"),
    ]

    def title(kind: object, *categories: str) -> str:
        found: str = worded(tmp_path, {"type": kind}, *categories, entry=entry)["title"]
        return found

    assert title("string", "other", "text-to-video") == "video"
    assert title("integer", "text-to-image") == "numbers"
    assert title("integer", "text-to-audio") == "any"
    assert title("array") == "lists"
    assert title(["array", "null"]) == "lists"
    assert title("string") == "any"


def test_objects_inside_get_words_too(tmp_path: Path) -> None:
    inner = {"type": "object", "properties": {"prompt": {"type": "string"}}}
    schema = {"properties": {"shots": {"type": "array", "items": inner}, "one": inner, "any": True}}
    found = glossary(tmp_path, {"prompt": WORDS}).worded(schema, ())["properties"]
    assert found["shots"]["items"]["properties"]["prompt"] == {**WORDS, "type": "string"}
    assert found["one"]["properties"]["prompt"] == {**WORDS, "type": "string"}
    assert found["any"] is True


@pytest.mark.parametrize(
    ("content", "place", "message"),
    [
        (b"[]", "", "is not a JSON object: field names, and the words of each"),
        (b"{", "", "is not JSON"),
        (b'{"a": []}', "/a", "is an empty list; give an entry, or leave the name out"),
        (b'{"a": "x"}', "/a", "is not an object with title, description and perhaps when"),
        (b'{"a": [1]}', "/a/0", "is not an object with title, description and perhaps when"),
        (b'{"a": {"title": "x"}}', "/a", "lacks a description: a text that is not empty"),
        (
            b'{"a": {"title": " ", "description": "x"}}',
            "/a",
            "lacks a title: a text that is not empty",
        ),
        (
            b'{"a": {"title": "x", "description": "x", "text": 1}}',
            "/a/text",
            "is not a key of an entry: title, description and when are",
        ),
        (
            b'{"a": {"title": "x", "description": "x", "when": 1}}',
            "/a/when",
            "is not an object with category, type or both",
        ),
        (
            b'{"a": {"title": "x", "description": "x", "when": {"kind": "x"}}}',
            "/a/when/kind",
            "is no condition: category and type are",
        ),
        (
            b'{"a": {"title": "x", "description": "x", "when": {"type": [1]}}}',
            "/a/when/type",
            "is neither a string nor a list of strings",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    tmp_path: Path, content: bytes, place: str, message: str
) -> None:
    (tmp_path / GLOSSARY).write_bytes(content)
    diagnostics = Diagnostics()
    assert not Glossary.read(tmp_path, diagnostics).entries
    (found,) = diagnostics.errors
    assert found.file == (tmp_path / GLOSSARY).as_posix()
    assert found.pointer == place
    assert found.message.startswith(message)


def test_a_folder_may_have_none(tmp_path: Path) -> None:
    assert Glossary.read(tmp_path, Diagnostics()) == Glossary({}, b"")


def test_it_is_no_model(tmp_path: Path) -> None:
    save(tmp_path, document(prompt={"type": "string"}))
    glossary(tmp_path, {"prompt": WORDS})
    assert [one.model_id for one in load(tmp_path, Diagnostics())] == ["acme/paint"]


def test_its_words_reach_the_module_and_a_change_of_it_makes_modules_anew(tmp_path: Path) -> None:
    schemas = save(tmp_path / "schemas", document(prompt={"type": "string"}))
    path = "client/models/acme/paint.py"
    assert b"What it shows." not in build(schemas, "client").files[path]
    glossary(schemas, {"prompt": WORDS})
    made = build(schemas, "client", tmp_path)
    assert b"What it shows." in made.files[path]
    assert made.wordless == {}


def test_fields_without_words_are_found(tmp_path: Path) -> None:
    text = {"type": "string"}
    schemas = save(
        tmp_path,
        document("a/one", prompt=text, style=text, told={**text, "title": "Told"}),
        document("a/two", style=text),
    )
    glossary(schemas, {"prompt": WORDS})
    assert build(schemas, "client").wordless == {"style": ["a/one", "a/two"]}


def test_no_field_of_the_catalog_is_without_words() -> None:
    diagnostics = Diagnostics()
    found = Glossary.read(ROOT / "schemas", diagnostics)
    documents = load(ROOT / "schemas", diagnostics)
    diagnostics.finish()
    assert found.missing(documents) == {}


def test_no_entry_of_the_glossary_is_for_nothing() -> None:
    """Each one is the first that fits some field of the catalog."""
    found = Glossary.read(ROOT / "schemas", Diagnostics())
    used = {
        (name, found.find(name, one.categories, [field.get("type")]))
        for one in load(ROOT / "schemas", Diagnostics())
        for name, field in one.input_schema["properties"].items()
    }
    all_entries = {(name, entry) for name, listed in found.entries.items() for entry in listed}
    assert all_entries - used == set()


def test_its_words_are_short_sentences() -> None:
    for name, listed in Glossary.read(ROOT / "schemas", Diagnostics()).entries.items():
        for entry in listed:
            assert len(entry.title) <= 30, name
            assert not entry.title.endswith("."), name
            assert len(entry.description) <= 260, name
            assert entry.description.endswith("."), name
