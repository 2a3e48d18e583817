from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from support_json import JSON
from support_schemas import document

from runcomfy_codegen.entries import document_of, facts, nests_within, text_of
from runcomfy_codegen.jsontext import same

WORDS = {"description": "words", "type": "string"}
BARE = {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "kept"),
    [
        (WORDS, BARE),
        ({"properties": {"description": WORDS}}, {"properties": {"description": BARE}}),
        ({"properties": {"properties": WORDS}}, {"properties": {"properties": BARE}}),
        ({"items": WORDS}, {"items": BARE}),
        ({"items": [WORDS, True]}, {"items": [BARE, True]}),
        ({"items": {"anyOf": [WORDS]}}, {"items": {"anyOf": [BARE]}}),
        ({"$defs": {"a": {"not": WORDS}}}, {"$defs": {"a": {"not": BARE}}}),
        ({"dependentSchemas": {"description": WORDS}}, {"dependentSchemas": {"description": BARE}}),
        ({"additionalProperties": False}, {"additionalProperties": False}),
        ({"properties": 5, "allOf": WORDS}, {"properties": 5, "allOf": WORDS}),
    ],
)
def test_facts_are_a_schema_without_its_descriptions(schema: Any, kept: Any) -> None:
    assert facts(schema) == kept


@pytest.mark.parametrize(
    "schema",
    [
        {"default": WORDS},
        {"default": [WORDS]},
        {"const": WORDS},
        {"enum": [WORDS]},
        {"examples": [WORDS]},
        {"required": ["description"]},
        {"dependentRequired": {"description": ["a"]}},
        {"unknown": WORDS},
    ],
)
def test_data_is_never_looked_into(schema: Any) -> None:
    assert facts(schema) == schema


@given(JSON)
def test_facts_of_facts_are_the_same(value: Any) -> None:
    assert same(facts(facts(value)), facts(value))


def test_equal_as_json() -> None:
    assert same({"a": [1, {"b": None}], "c": 2}, {"c": 2.0, "a": [1.0, {"b": None}]})
    for one, other in ((1, True), ([0], [False]), ({"a": 1}, {"a": True}), ({}, []), ([], [1])):
        assert not same(one, other)
        assert not same(other, one)
    assert not same({"a": 1}, {"b": 1})


@given(JSON)
def test_a_value_is_the_same_after_a_round_trip(value: Any) -> None:
    assert same(value, json.loads(json.dumps(value)))


def test_depth() -> None:
    assert nests_within(0, "text")
    assert nests_within(2, [{"a": 1}])
    assert not nests_within(1, [{"a": 1}, {}])
    assert not nests_within(1, {"a": [1]})
    assert not nests_within(1, [[]])


ENTRY = {
    **document(prompt={"type": "string", "description": "words"}, n={"type": "integer"}),
    "kind": "model",
    "description": "words",
    "base_price_usd": 1.0,
}


def test_a_new_document_holds_facts_in_a_fixed_order() -> None:
    made = document_of(dict(reversed(ENTRY.items())))
    assert list(made) == ["model_id", "display_name", "categories", "input_schema"]
    assert made["input_schema"]["properties"] == {
        "prompt": {"type": "string"},
        "n": {"type": "integer"},
    }
    assert document_of({"model_id": "a"}) == {"model_id": "a"}


def test_descriptions_stay_where_they_are_asked_for_or_were_before() -> None:
    words = {"type": "string", "description": "words"}
    asked = document_of(ENTRY, with_descriptions=True)
    assert asked["input_schema"]["properties"]["prompt"] == words
    again = document_of(ENTRY, document(x={"description": "old words"}))
    assert again["input_schema"]["properties"]["prompt"] == words
    bare = document_of(ENTRY, document(description={"default": {"description": "data"}}))
    assert "description" not in bare["input_schema"]["properties"]["prompt"]


def test_the_output_schema_stays() -> None:
    old = {**document(), "output_schema": {"properties": {"image": {"description": "words"}}}}
    assert document_of(ENTRY, old)["output_schema"] == old["output_schema"]


def test_keys_keep_their_order_and_new_ones_follow() -> None:
    old = {
        "output_schema": {},
        "input_schema": {"properties": {"n": {"title": "N", "type": "number"}, "x": {}}},
        "model_id": "acme/paint",
    }
    made = document_of(ENTRY, old)
    assert list(made) == [
        "output_schema", "input_schema", "model_id", "display_name", "categories"
    ]  # fmt: skip
    assert list(made["input_schema"]) == ["properties", "type"]
    assert list(made["input_schema"]["properties"]) == ["n", "prompt"]
    entry = {"input_schema": {"anyOf": [{"a": 1, "b": 2}, {"c": 3}]}}
    (first, second) = document_of(entry, {"input_schema": {"anyOf": [{"b": 0, "a": 0}]}})[
        "input_schema"
    ]["anyOf"]
    assert list(first) == ["b", "a"]
    assert second == {"c": 3}


def test_the_text_of_a_document() -> None:
    assert text_of({"a": "á"}) == '{\n  "a": "á"\n}\n'.encode()
    with pytest.raises(UnicodeEncodeError):
        text_of({"a": "\ud800"})
