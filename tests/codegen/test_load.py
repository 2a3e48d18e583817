from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_json import JSON
from support_schemas import document, save

from runcomfy_codegen.errors import Diagnostics, GeneratorError, SchemaError
from runcomfy_codegen.load import id_fault, load, merge
from runcomfy_codegen.pipeline import build

if TYPE_CHECKING:
    from pathlib import Path


def errors(schemas: Path) -> list[str]:
    diagnostics = Diagnostics()
    load(schemas, diagnostics)
    return [str(error).replace(schemas.as_posix(), "schemas") for error in diagnostics.errors]


def test_documents_come_sorted_by_model_id_with_their_overlay(tmp_path: Path) -> None:
    save(tmp_path, document("b/two"), document("a/one", prompt={"type": "string"}))
    overlay = {"input_schema": {"properties": {"prompt": {"maxLength": 9, "type": None}}}}
    (tmp_path / "a" / "one.overlay.json").write_text(json.dumps(overlay), encoding="utf-8")
    diagnostics = Diagnostics()
    one, two = load(tmp_path, diagnostics)
    assert diagnostics.errors == []
    assert (one.model_id, two.model_id) == ("a/one", "b/two")
    assert one.input_schema["properties"]["prompt"] == {"maxLength": 9}


def test_a_place_is_attributed_to_the_file_that_says_it(tmp_path: Path) -> None:
    save(tmp_path, document("a/one", **{"pro/mpt": {"type": "string", "title": "x"}}))
    overlay = {"input_schema": {"properties": {"pro/mpt": {"maxLength": 9}}, "required": ["x"]}}
    (tmp_path / "a" / "one.overlay.json").write_text(json.dumps(overlay), encoding="utf-8")
    (one,) = load(tmp_path, Diagnostics())
    place = "/input_schema/properties/pro~1mpt"
    assert one.file_of(f"{place}/maxLength").endswith("a/one.overlay.json")
    assert one.file_of("/input_schema/required/0").endswith("a/one.overlay.json")
    assert one.file_of(f"{place}/title").endswith("a/one.json")
    assert one.file_of(f"{place}/maxLength/deeper").endswith("a/one.json")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"model_id": None}, "schemas/acme/paint.json#: lacks model_id"),
        ({"input_schema": None}, "schemas/acme/paint.json#: lacks input_schema"),
        ({"model_id": 5}, "schemas/acme/paint.json#/model_id: is not a string"),
        (
            {"model_id": "../../x"},
            (
                "schemas/acme/paint.json#/model_id: '../../x' has a part that begins or ends "
                "with a dot"
            ),
        ),
        (
            {"model_id": "acme/print"},
            (
                "schemas/acme/paint.json#/model_id: is 'acme/print', but the file stands at "
                "acme/paint.json; they must agree"
            ),
        ),
        ({"input_schema": []}, "schemas/acme/paint.json#/input_schema: is not an object"),
        ({"output_schema": 1}, "schemas/acme/paint.json#/output_schema: is not an object"),
        ({"display_name": 1}, "schemas/acme/paint.json#/display_name: is not a string"),
        ({"categories": [1]}, "schemas/acme/paint.json#/categories: is not a list of strings"),
        (
            {"input_shema": {}},
            (
                "schemas/acme/paint.json#/input_shema: is not a key of a model document; known are "
                "categories, display_name, input_schema, model_id, output_schema"
            ),
        ),
    ],
)
def test_an_unsound_frame_is_located(tmp_path: Path, change: dict[str, Any], error: str) -> None:
    save(tmp_path, document())
    raw = {**document(), **change}
    raw = {key: value for key, value in raw.items() if value is not None}
    (tmp_path / "acme" / "paint.json").write_text(json.dumps(raw), encoding="utf-8")
    assert errors(tmp_path) == [error]


@pytest.mark.parametrize(
    "change",
    [{"colour": 1}, {"model_id": "acme/print"}, {"display_name": 1}, {"categories": [1]}],
)
def test_an_unsound_frame_hides_nothing_of_its_schemas(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    save(tmp_path, document())
    raw = {**document(x={"type": "string", "maxLenght": 5}), **change}
    (tmp_path / "acme" / "paint.json").write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(SchemaError) as caught:
        build(tmp_path, "client")
    frame, keyword = sorted(caught.value.findings, key=lambda one: len(one.pointer))
    assert frame.pointer == f"/{next(iter(change))}"
    assert keyword.message == "unknown keyword 'maxLenght'; did you mean 'maxLength'?"


def test_what_only_an_overlay_says_is_its_fault(tmp_path: Path) -> None:
    save(tmp_path, document(prompt={"type": "string"}))
    overlay = {
        "input_shema": {},
        "display_name": 5,
        "input_schema": {"properties": {"promt": {"maxLength": 5}}},
    }
    (tmp_path / "acme" / "paint.overlay.json").write_text(json.dumps(overlay), encoding="utf-8")
    with pytest.raises(SchemaError) as caught:
        build(tmp_path, "client")
    found = {one.pointer: one.message for one in caught.value.findings}
    assert {one.file for one in caught.value.findings} == {f"{tmp_path}/acme/paint.overlay.json"}
    assert found.pop("/input_shema").startswith("is not a key of a model document; known are ")
    assert found == {
        "/display_name": "is not a string",
        "/input_schema/properties/promt": (
            "'promt' is no field of the document; did you mean 'prompt'?"
        ),
    }


def test_every_unsound_file_is_reported_in_one_run(tmp_path: Path) -> None:
    (tmp_path / "half.json").write_bytes(b'{"model_id":')
    (tmp_path / "latin.json").write_bytes(b'{"a": "\xe9"}')
    (tmp_path / "list.json").write_bytes(b"[]")
    (tmp_path / "lost.overlay.json").write_bytes(b"{}")
    (tmp_path / "folder.json").mkdir()
    assert errors(tmp_path) == [
        "schemas/lost.overlay.json#: patches no document: there is none beside it",
        "schemas/folder.json#: can't be read: Is a directory",
        "schemas/half.json#: is not JSON: Expecting value at line 1, column 13",
        "schemas/latin.json#: is not UTF-8: bad byte at offset 7",
        "schemas/list.json#: is not a JSON object",
    ]


def test_an_unsound_overlay_keeps_its_document_out(tmp_path: Path) -> None:
    save(tmp_path, document())
    (tmp_path / "acme" / "paint.overlay.json").write_bytes(b"{")
    diagnostics = Diagnostics()
    assert load(tmp_path, diagnostics) == []
    assert diagnostics.errors[0].file.endswith("paint.overlay.json")


def test_no_folder_and_no_document_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(GeneratorError, match="no such folder; name one with --schemas"):
        load(tmp_path / "nowhere", Diagnostics())
    with pytest.raises(GeneratorError, match="holds no model document"):
        load(tmp_path, Diagnostics())


# The examples of RFC 7396, appendix A.
@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_is_the_merge_patch_of_rfc_7396(target: Any, patch: Any, result: Any) -> None:
    assert merge(target, patch) == result


@given(JSON, JSON)
def test_merging_twice_changes_nothing_more(target: Any, patch: Any) -> None:
    once = merge(target, patch)
    assert merge(once, patch) == once


@given(st.text(alphabet="ab./-_ \\\0", max_size=12))
def test_a_model_id_stays_below_its_folder(text: str) -> None:
    if not id_fault(text):
        parts = text.split("/")
        assert all(part not in {"", ".", ".."} for part in parts)
        assert not set(text) & set(" \\\0")


def test_a_link_out_of_the_folder_and_a_pipe_are_not_read(tmp_path: Path) -> None:
    outside, schemas = tmp_path / "outside.json", tmp_path / "schemas"
    outside.write_text(json.dumps(document("link")), encoding="utf-8")
    save(schemas, document("solo"), document("same"))
    (schemas / "link.json").symlink_to(outside)
    (schemas / "solo.overlay.json").symlink_to(outside)
    (schemas / "same.overlay.json").symlink_to("empty.txt")
    (schemas / "empty.txt").write_text("{}", encoding="utf-8")
    os.mkfifo(schemas / "pipe.json")
    words = "is a symbolic link out of the schema folder; put the file there"
    assert [one.removeprefix(tmp_path.as_posix()) for one in errors(schemas)] == [
        f"schemas/link.json#: {words}",
        "schemas/pipe.json#: is not a plain file",
        f"schemas/solo.overlay.json#: {words}",
    ]


def test_a_file_that_is_too_large_is_not_read_whole(tmp_path: Path) -> None:
    save(tmp_path, document())
    with (tmp_path / "acme" / "paint.json").open("r+b") as file:
        file.truncate(10**10)  # a hole, which takes no room on a disk
    assert errors(tmp_path) == [
        "schemas/acme/paint.json#: has more than 4194304 bytes, the most that is read"
    ]


@pytest.mark.parametrize(
    ("model_id", "fault"),
    [
        ("", "is not letters"),
        ("/etc/passwd", "is not letters"),
        ("a//b", "is not letters"),
        ("a/", "is not letters"),
        ("a\\b", "is not letters"),
        ("a\0b", "is not letters"),
        ("a b", "is not letters"),
        ("C:/x", "is not letters"),
        ("ａ/b", "is not letters"),
        (".", "begins or ends with a dot"),
        ("a/../b", "begins or ends with a dot"),
        (".git/hooks", "begins or ends with a dot"),
        ("a./b", "begins or ends with a dot"),
        ("a/" + "b" * 299, "has more than 200 characters"),
        ("a/b.1.2-c_d", ""),
        ("con/nul", ""),
    ],
)
def test_a_model_id_is_a_path_in_every_system(model_id: str, fault: str) -> None:
    assert fault in id_fault(model_id)
    assert bool(fault) == bool(id_fault(model_id))
