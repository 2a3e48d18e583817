from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from support_schemas import document, save

from runcomfy_codegen import refresh
from runcomfy_codegen.parse import parse
from runcomfy_codegen.refresh import Refresh

if TYPE_CHECKING:
    from pathlib import Path

TEXT = {"type": "string"}


def compare(schemas: Path, *entries: dict[str, Any], **options: bool) -> Refresh:
    return refresh.compare(schemas, schemas, entries, **options)


def refusals(schemas: Path, *entries: dict[str, Any]) -> list[str]:
    """Why entries are refused. Nothing comes of them, and a sound one beside them is added."""
    sound = document("zz/sound", prompt=TEXT)
    done = compare(schemas, *entries, sound)
    assert done.added == ("zz/sound",)
    assert list(done.writes) == ["zz/sound.json"]
    assert done.changed == done.gone == done.removals == ()
    assert done.refused == len(entries)
    return [str(one).replace(schemas.as_posix(), "schemas") for one in done.findings]


def text_of(value: object) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def test_added_changed_gone_and_unchanged(tmp_path: Path) -> None:
    kept = document("a/kept", prompt=dict(TEXT))
    save(tmp_path, kept, document("b/old"), document("c/gone"), document("d/gone"))
    (tmp_path / "c" / "gone.overlay.json").write_bytes(b"{}")
    changed = document("b/old", prompt={"type": "string", "description": "words"})
    entries = [document("f/new"), changed, {**kept, "kind": "model"}, document("e/new")]
    done = compare(tmp_path, *entries)
    assert done == Refresh(
        writes={
            "b/old.json": text_of(document("b/old", prompt=dict(TEXT))),
            "e/new.json": text_of(document("e/new")),
            "f/new.json": text_of(document("f/new")),
        },
        removals=(),
        added=("e/new", "f/new"),
        changed=("b/old",),
        gone=("c/gone", "d/gone"),
        unchanged=1,
        refused=0,
        findings=(),
        left_out=0,
    )
    pruned = compare(tmp_path, *entries, prune=True)
    assert pruned.removals == ("c/gone.json", "c/gone.overlay.json", "d/gone.json")
    worded = compare(tmp_path, *entries, with_descriptions=True)
    assert worded.writes["b/old.json"] == text_of(changed)


def test_a_folder_that_does_not_exist_holds_nothing(tmp_path: Path) -> None:
    assert compare(tmp_path / "none", document("a/b")).added == ("a/b",)


@pytest.mark.parametrize("kind", ["workflow", "inference", "new", 5, []])
def test_only_models_count(tmp_path: Path, kind: object) -> None:
    save(tmp_path, document("a/b"))
    done = compare(tmp_path, {**document("a/b"), "kind": kind}, {**document("c"), "kind": None})
    assert (done.added, done.gone, done.left_out) == (("c",), ("a/b",), 1)


def test_only_sound_documents_can_be_gone(tmp_path: Path) -> None:
    save(tmp_path, document("a/b"))
    for name, data in (
        ("half.json", b"{"),
        ("list.json", b"[]"),
        ("other.json", b'{"model_id": "a/other"}'),
        ("lone.overlay.json", b"{}"),
        ("README", b""),
    ):
        (tmp_path / name).write_bytes(data)
    done = compare(tmp_path, document("a/c"), prune=True)
    assert done.gone == ("a/b",)
    assert done.removals == ("a/b.json",)
    # What the catalog doesn't know and nobody can read is left alone, but not in silence.
    assert [(one.file[-9:], one.message[:11]) for one in done.findings] == [
        ("half.json", "is not JSON"),
        ("list.json", "is not a JS"),
    ]


@pytest.mark.parametrize(
    ("model_id", "message"),
    [
        (None, "is missing"),
        (5, "is not a string"),
        ("../../x", "'../../x' has a part that begins or ends with a dot"),
        ("/x", "'/x' is not letters, digits and ._- between slashes"),
        ("a\n", "'a\\n' is not letters, digits and ._- between slashes"),
        ("a" * 201, "has more than 200 characters"),
        ("a/b.overlay", "'a/b.overlay' would stand in the place of an overlay"),
    ],
)
def test_an_id_that_can_be_no_path(tmp_path: Path, model_id: object, message: str) -> None:
    entry = {**document(), "model_id": model_id}
    assert refusals(tmp_path, entry) == [f"catalog#/models/0/model_id: {message}"]


def test_what_the_generator_refuses_is_located(tmp_path: Path) -> None:
    save(tmp_path, document("a/b"))
    deep: dict[str, Any] = {}
    for _ in range(5_000):
        deep = {"items": deep}
    found = refusals(
        tmp_path,
        document("a/b", x={"type": "nope"}, **{"a/b": {"type": "string", "nope": 1}}),
        {"model_id": "a/frame", "display_name": None},
        document("a/nan", x={"type": "number", "maximum": float("nan")}),
        document("a/half", x={"type": "string", "title": "\ud800"}),
        document("a/deep", x=deep),
        document("a/clash", **{"a-b": TEXT, "a_b": TEXT}),
    )
    nowhere = {line.partition(":")[0] for line in found}
    assert nowhere == {
        "schemas/a/b.json#/input_schema/properties/x/type",
        "schemas/a/b.json#/input_schema/properties/a~1b/nope",
        "schemas/a/frame.json#",
        "schemas/a/frame.json#/display_name",
        "schemas/a/nan.json#",
        "schemas/a/half.json#",
        "schemas/a/deep.json#",
        "schemas/a/clash.json#/input_schema/properties/a_b",
    }
    assert "schemas/a/frame.json#: lacks input_schema" in found
    assert "schemas/a/nan.json#: is not JSON: NaN is not a JSON number" in found
    assert "schemas/a/half.json#: holds half a surrogate pair" in found
    assert "schemas/a/deep.json#: nests deeper than 100 levels" in found


def test_an_overlay_is_part_of_what_is_checked(tmp_path: Path) -> None:
    for name, overlay in (
        ("good", {"input_schema": {"required": ["prompt"]}}),
        ("bad", {"input_schema": {"properties": {"prompt": {"type": "nope"}}}}),
    ):
        save(tmp_path, document(f"a/{name}", prompt=TEXT))
        (tmp_path / "a" / f"{name}.overlay.json").write_bytes(text_of(overlay))
    (tmp_path / "a" / "new.overlay.json").write_bytes(b"{")
    mended = document("a/good", prompt=TEXT)
    mended["input_schema"]["required"] = ["no property"]
    done = compare(tmp_path, mended, document("a/bad", prompt=TEXT), document("a/new"))
    assert done.changed == ("a/good",)
    assert done.refused == 2
    bad, new = (str(one).replace(tmp_path.as_posix(), "schemas") for one in done.findings)
    assert bad.startswith("schemas/a/bad.overlay.json#/input_schema/properties/prompt/type: ")
    assert new.startswith("schemas/a/new.overlay.json#: is not JSON")


def test_what_the_passes_trip_over_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parse_schemas(standard: Any, diagnostics: Any) -> Any:
        if standard.document.model_id == "a/odd":
            raise ValueError("no such thing")
        return parse(standard, diagnostics)

    monkeypatch.setattr(refresh, "parse_schemas", parse_schemas)
    assert refusals(tmp_path, document("a/odd")) == [
        "schemas/a/odd.json#: the generator fails on it: ValueError: no such thing"
    ]


def test_a_document_on_disk_that_is_unsound_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "half.json").write_bytes(b'{"a": <<<<<<<')
    (tmp_path / "twice.json").write_bytes(b'{"a": 1, "a": 1}')
    (tmp_path / "list.json").write_bytes(b"[]")
    (tmp_path / "deep.json").write_bytes(b'{"a":' * 200 + b"1" + b"}" * 200)
    (tmp_path / "deeper.json").write_bytes(b"[" * 100_000)
    (tmp_path / "link.json").symlink_to("outside.json")
    names = ("half", "twice", "list", "deep", "deeper", "link")
    assert refusals(tmp_path, *map(document, names)) == [
        (
            f"schemas/deep.json#{'/a' * 100}: nests too deep: 100 levels are the most; "
            "mend or remove it, and pull again"
        ),
        (
            "schemas/deeper.json#: nests too deep: 100 levels are the most; "
            "mend or remove it, and pull again"
        ),
        (
            "schemas/half.json#: is not JSON: Expecting value at line 1, column 7; "
            "mend or remove it, and pull again"
        ),
        "schemas/link.json#: is not a plain file; a pull writes no other",
        "schemas/list.json#: is not a JSON object; mend or remove it",
        (
            "schemas/twice.json#: the key 'a' stands twice; keep one; "
            "mend or remove it, and pull again"
        ),
    ]


def test_a_catalog_without_one_usable_entry(tmp_path: Path) -> None:
    done = compare(tmp_path, {})
    assert (done.refused, done.writes) == (1, {})


def test_what_stands_in_the_way_is_named(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    schemas = tmp_path / "schemas"
    (schemas / "c.json").mkdir(parents=True)
    (schemas / "a").write_bytes(b"")
    (schemas / "link").symlink_to(outside)
    save(schemas, document("b"))
    done = compare(
        schemas, *map(document, ("a/x", "b", "b.json/y", "c", "link/x", "d", "d.json/z"))
    )
    assert done.added == ("d",)
    assert [str(one).replace(schemas.as_posix(), "schemas") for one in done.findings] == [
        "schemas/a/x.json#: schemas/a stands in the way",
        "schemas/b.json/y.json#: schemas/b.json stands in the way",
        "schemas/c.json#: schemas/c.json stands in the way",
        "schemas/d.json/z.json#: schemas/d.json stands in the way",
        "schemas/link/x.json#: schemas/link stands in the way",
    ]


@pytest.mark.parametrize(
    "model_id",
    ["con/aux", "acme/NUL", "acme/Com1.2/x", "prn", "LPT9/x", "acme/aux.tar.gz", "a/con.overlaid"],
)
def test_what_windows_keeps_for_a_device_is_refused(tmp_path: Path, model_id: str) -> None:
    part = next(
        part
        for part in model_id.split("/")
        if part.partition(".")[0].lower() in {"con", "nul", "com1", "prn", "lpt9", "aux"}
    )
    assert refusals(tmp_path, document(model_id)) == [
        (
            f"schemas/{model_id}.json#/model_id: {model_id!r} can't be stored on Windows, where "
            f"{part} is a device"
        )
    ]


@pytest.mark.parametrize("model_id", ["console/auxiliary", "a/x.con", "com10/lpt", "a/nul-1"])
def test_what_only_looks_like_a_device_is_taken(tmp_path: Path, model_id: str) -> None:
    assert compare(tmp_path, document(model_id)).added == (model_id,)


def test_folders_that_differ_in_capitals_alone_are_refused(tmp_path: Path) -> None:
    save(tmp_path, document("Acme/kept"))
    (tmp_path / "README").write_bytes(b"")
    ids = ("Acme/kept", "Acme/new", "acme/other", "b/C/x", "b/c/y", "b/c", "readme/x")
    done = compare(tmp_path, *map(document, ids))
    assert done.added == ("Acme/new", "b/C/x", "b/c")
    assert done.gone == ()
    same = "differ in capitals alone, and are one on Windows and macOS"
    assert [f"{one.pointer}: {one.message}" for one in done.findings] == [
        f"/model_id: acme and Acme {same}",
        f"/model_id: b/c and b/C {same}",
        f"/model_id: readme and README {same}",
    ]


def test_what_stands_on_disk_already_is_kept_up_to_date(tmp_path: Path) -> None:
    save(tmp_path, document("con/aux"), document("acme/a"), document("Acme/b"))
    entries = [document(one, prompt=TEXT) for one in ("con/aux", "acme/a", "Acme/b")]
    done = compare(tmp_path, *entries, prune=True)
    assert (done.changed, done.refused) == (("Acme/b", "acme/a", "con/aux"), 0)
    assert done.removals == ()


def test_of_two_models_of_one_python_name_the_new_one_is_refused(tmp_path: Path) -> None:
    save(tmp_path, document("b_c/d"), document("lone"), document("twin-a"), document("twin.a"))
    ids = ("b-c/d", "b_c/d", "b_c", "e-f", "e.f", "E.F", "g/h", "g", "lone/x", "twin-a", "twin.a")
    done = compare(tmp_path, *map(document, ids))
    assert done.added == ("E.F", "g")
    assert [one.message for one in done.findings] == [
        "b-c/d and b_c/d would both be models.b_c.d in Python",
        "b_c and b_c/d would both be models.b_c in Python",
        "e-f and E.F would both be models.e_f in Python",
        "e.f and E.F would both be models.e_f in Python",
        "g/h and g would both be models.g.h in Python",
        "lone/x and lone would both be models.lone.x in Python",
    ]
    assert done.findings[0].pointer == "/model_id"


def test_a_pruned_model_leaves_its_name(tmp_path: Path) -> None:
    save(tmp_path, document("a-b"))
    assert compare(tmp_path, document("a_b")).refused == 1
    done = compare(tmp_path, document("a_b"), prune=True)
    assert (done.added, done.removals, done.refused) == (("a_b",), ("a-b.json",), 0)
