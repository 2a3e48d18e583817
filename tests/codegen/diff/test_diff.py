"""Each kind of change, with its proof; then changes at random.

A breaking change that refuses something has an instance that the old schema accepts and the new one
refuses. For each compatible and textual change 10,000 instances are made, half of the old schema
and half of the new; none may be accepted by the old and refused by the new. They are made by a
generator of our own (support_instances), a hundred of each seed that hypothesis draws.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from support_instances import instance, mutated, schema
from support_schemas import document, generated, loaded
from support_time import little_time

from runcomfy_codegen.dialect import standardise
from runcomfy_codegen.diff import narrowing
from runcomfy_codegen.diff.changes import Kind, shown
from runcomfy_codegen.diff.compare import compare
from runcomfy_codegen.errors import Diagnostics

if TYPE_CHECKING:
    from pathlib import Path

    from runcomfy_codegen.dialect import Standard
    from runcomfy_codegen.diff.changes import Change

TEXT, INTEGER, LIST, OBJECT = ({"type": one} for one in ("string", "integer", "array", "object"))
BATCH = 100


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - for tests, not for secrets


def standard(raw: dict[str, Any]) -> Standard | None:
    return standardise(loaded(raw), Diagnostics())


def differences(old: dict[str, Any], new: dict[str, Any]) -> tuple[Change, ...]:
    before, after = standard(old), standard(new)
    assert before is not None
    assert after is not None
    return compare({"m": before}, {"m": after})


def said(changes: tuple[Change, ...]) -> list[str]:
    return [f"{one.kind} {one.place.removeprefix('/input_schema')}: {one.what}" for one in changes]


def judge(raw: dict[str, Any]) -> Draft202012Validator:
    """A validator of the whole input, which has exactly its fields."""
    read = standard(raw)
    assert read is not None
    closed = {**read.input, "additionalProperties": False}
    return Draft202012Validator(closed, format_checker=FormatChecker())


def field(one: Any) -> dict[str, Any]:
    return document(x=one, y={"type": "string"})


def whole(**rules: Any) -> dict[str, Any]:
    raw = document(x={"type": "string"}, y={"type": "string"})
    raw["input_schema"] |= rules
    return raw


X = "/properties/x"

#: Old and new schema of the field x, what is said of it, and what the old accepts and the new not.
NARROWED: list[tuple[Any, Any, str, Any]] = [
    (
        {"type": ["string", "null"]},
        TEXT,
        "/type: type narrowed from string or null to string",
        None,
    ),
    ({"type": "number"}, INTEGER, "/type: type narrowed from number to integer", 1.5),
    (TEXT, INTEGER, "/type: type changed from string to integer", "a"),
    ({}, TEXT, "/type: type narrowed from any to string", 1),
    ({"enum": ["a", "b"]}, {"enum": ["a", "c"]}, '/enum: enum lost "b"', "b"),
    ({"enum": [1, True]}, {"enum": [1]}, "/enum: enum lost true", True),
    (TEXT, {**TEXT, "enum": ["a"]}, '/enum: enum added: ["a"]', "b"),
    (TEXT, {**TEXT, "const": "a"}, '/const: const added: "a"', "b"),
    ({"const": "a"}, {"const": "b"}, '/const: const changed from "a" to "b"', "a"),
    (TEXT, {**TEXT, "maxLength": 2}, "/maxLength: maxLength added: 2", "abc"),
    (
        {**TEXT, "maxLength": 2000},
        {**TEXT, "maxLength": 1999},
        "/maxLength: maxLength narrowed from 2000 to 1999",
        "x" * 2000,
    ),
    ({**TEXT, "minLength": 1}, {**TEXT, "minLength": 2}, "narrowed from 1 to 2", "a"),
    ({**INTEGER, "minimum": 1}, {**INTEGER, "minimum": 2}, "narrowed from 1 to 2", 1),
    ({**INTEGER, "maximum": 2}, {**INTEGER, "maximum": 1}, "narrowed from 2 to 1", 2),
    ({"minimum": 1}, {"exclusiveMinimum": 1}, "exclusiveMinimum added: 1", 1),
    ({"maximum": 1}, {"exclusiveMaximum": 1}, "exclusiveMaximum added: 1", 1),
    ({"multipleOf": 2}, {"multipleOf": 4}, "multipleOf changed from 2 to 4", 2),
    ({"type": "number"}, {"type": "number", "multipleOf": 1}, "multipleOf added: 1", 0.5),
    ({"pattern": "a"}, {"pattern": "^a"}, '/pattern: pattern changed from "a" to "^a"', "ba"),
    (TEXT, {**TEXT, "format": "date"}, '/format: format added: "date"', "a"),
    ({"format": "ipv4"}, {"format": "ipv6"}, 'changed from "ipv4" to "ipv6"', "1.2.3.4"),
    (LIST, {**LIST, "uniqueItems": True}, "/uniqueItems: uniqueItems added: true", [1, 1]),
    ({**LIST, "maxItems": 3}, {**LIST, "maxItems": 2}, "narrowed from 3 to 2", [1, 1, 1]),
    (LIST, {**LIST, "minItems": 1}, "/minItems: minItems added: 1", []),
    (LIST, {**LIST, "items": TEXT}, "/items: items added", [1]),
    (
        {**LIST, "items": {**TEXT, "maxLength": 3}},
        {**LIST, "items": {**TEXT, "maxLength": 2}},
        "/items/maxLength: maxLength narrowed from 3 to 2",
        ["abc"],
    ),
    (
        {"prefixItems": [True, {"maximum": 2}]},
        {"prefixItems": [True, {"maximum": 1}]},
        "/prefixItems/1/maximum: maximum narrowed from 2 to 1",
        [0, 2],
    ),
    (
        {"prefixItems": [TEXT]},
        {"prefixItems": [TEXT, TEXT]},
        "schema of prefixItems added",
        ["", 1],
    ),
    ({**LIST, "items": True}, {**LIST, "items": False}, "/items: allows nothing any more", [1]),
    (
        {"prefixItems": [TEXT], "items": INTEGER},
        {"items": INTEGER},
        "items and prefixItems changed, and can't be shown",
        ["a"],
    ),
    (LIST, {**LIST, "contains": TEXT}, "/contains: contains added", []),
    ({"contains": {}}, {"contains": {}, "minContains": 2}, "minContains added: 2", [1]),
    ({"contains": {}}, {"contains": {}, "maxContains": 1}, "maxContains added: 1", [1, 1]),
    (
        {"contains": {}, "minContains": 0, "maxContains": 2},
        {"contains": {}, "maxContains": 2},
        "contains and minContains and maxContains changed, and can't be shown",
        [],
    ),
    ({"contains": {"maximum": 2}}, {"contains": {"maximum": 1}}, "narrowed from 2 to 1", [2]),
    (
        OBJECT,
        {**OBJECT, "properties": {"a": TEXT}},
        "/properties/a: field added, where more was allowed under this name",
        {"a": 1},
    ),
    (
        {"properties": {"a": TEXT}},
        {"properties": {"a": INTEGER}},
        "/properties/a/type: type changed from string to integer",
        {"a": "a"},
    ),
    (
        {"additionalProperties": False, "properties": {"a": TEXT}},
        {"additionalProperties": False},
        "/properties/a: field removed",
        {"a": "a"},
    ),
    (OBJECT, {"additionalProperties": False}, "additionalProperties added: false", {"a": 1}),
    (
        {"additionalProperties": {"maximum": 2}},
        {"additionalProperties": {"maximum": 1}},
        "/additionalProperties/maximum: maximum narrowed from 2 to 1",
        {"a": 2},
    ),
    (OBJECT, {"patternProperties": {"^x": TEXT}}, 'patternProperties "^x" added', {"x": 1}),
    (
        {"patternProperties": {"^x": TEXT}, "additionalProperties": False},
        {"additionalProperties": False},
        "patternProperties and additionalProperties changed, and can't be shown",
        {"x": ""},
    ),
    (OBJECT, {"propertyNames": {"maxLength": 1}}, "propertyNames added", {"aa": 1}),
    (OBJECT, {"required": ["a"]}, '/required: "a" is newly required', {}),
    (OBJECT, {**OBJECT, "minProperties": 1}, "minProperties added: 1", {}),
    (OBJECT, {**OBJECT, "maxProperties": 1}, "maxProperties added: 1", {"a": 1, "b": 1}),
    (OBJECT, {"dependentRequired": {"a": ["b"]}}, "dependentRequired added", {"a": 1}),
    (
        {"dependentRequired": {"a": ["b"]}},
        {"dependentRequired": {"a": ["b", "c"]}},
        "dependentRequired changed from",
        {"a": 1, "b": 1},
    ),
    (OBJECT, {"dependentSchemas": {"a": False}}, 'dependentSchemas "a" added', {"a": 1}),
    ({}, {"allOf": [TEXT]}, "/allOf: allOf added", 1),
    ({"allOf": [TEXT]}, {"allOf": [TEXT, {"maxLength": 1}]}, "schema of allOf added", "aa"),
    ({}, {"anyOf": [TEXT, INTEGER]}, "/anyOf: anyOf added", []),
    ({"anyOf": [TEXT, INTEGER]}, {"anyOf": [TEXT]}, "/anyOf/1: schema of anyOf removed", 1),
    (
        {"anyOf": [TEXT, {"maximum": 2, "type": "integer"}]},
        {"anyOf": [TEXT, {"maximum": 1, "type": "integer"}]},
        "/anyOf/1/maximum: maximum narrowed from 2 to 1",
        2,
    ),
    ({}, {"oneOf": [TEXT]}, "/oneOf: oneOf added", 1),
    (
        {"oneOf": [{"maximum": 1}, {"minimum": 2}]},
        {"oneOf": [{"maximum": 3}, {"minimum": 2}]},
        "/oneOf: oneOf changed: what is narrower",
        3,
    ),
    ({}, {"not": TEXT}, "/not: not added", "a"),
    ({"not": {"minimum": 3}}, {"not": {"minimum": 2}}, "/not: not changed", 2),
    ({}, {"if": TEXT, "then": {"maxLength": 1}}, "/if: if added", "aa"),
    (
        {"if": {"maximum": 1}, "then": {"minimum": 0}},
        {"if": {"maximum": 2}, "then": {"minimum": 0}},
        "/if: if changed",
        None,
    ),
    ({"if": TEXT, "else": {}}, {"if": TEXT, "else": {"maximum": 1}}, "maximum added: 1", 2),
    (True, False, ": allows nothing any more", 1),
]
#: Changes that the proof does not reach, so that they count as breaking without an instance.
UNSHOWN = {"/if: if changed"}


@pytest.mark.parametrize(("old", "new", "what", "witness"), NARROWED)
def test_what_refuses_something_is_breaking(old: Any, new: Any, what: str, witness: Any) -> None:
    before, after = field(old), field(new)
    breaking = [one for one in said(differences(before, after)) if one.startswith("breaking")]
    assert len(breaking) == 1, breaking
    assert what in breaking[0]
    assert breaking[0].startswith(f"breaking {X}")
    assert judge(before).is_valid({"x": witness})
    assert what in UNSHOWN or not judge(after).is_valid({"x": witness})


#: The same for conditions of the whole input.
TOGETHER: list[tuple[dict[str, Any], dict[str, Any], str, dict[str, Any]]] = [
    ({}, {"required": ["x"]}, "/properties/x: is newly required", {}),
    ({}, {"anyOf": [{"required": ["x"]}, {"required": ["y"]}]}, "/anyOf: anyOf added", {}),
    (
        {"anyOf": [{"required": ["x"]}, {"required": ["y"]}]},
        {"anyOf": [{"required": ["x"]}]},
        "/anyOf/1: schema of anyOf removed",
        {"y": "a"},
    ),
    ({}, {"minProperties": 1}, "/minProperties: minProperties added: 1", {}),
    ({}, {"if": {"required": ["x"]}, "else": {"required": ["y"]}}, "/if: if added", {}),
    ({}, {"not": {"required": ["x", "y"]}}, "/not: not added", {"x": "", "y": ""}),
    ({}, {"dependentRequired": {"x": ["y"]}}, "dependentRequired added", {"x": ""}),
    (
        {},
        {"properties": {"x": TEXT, "y": TEXT, "z": TEXT}, "required": ["z"]},
        "/properties/z: required field added",
        {},
    ),
    ({}, {"properties": {"x": TEXT}}, "/properties/y: field removed", {"y": ""}),
]


@pytest.mark.parametrize(("old", "new", "what", "witness"), TOGETHER)
def test_what_holds_for_the_whole_input(
    old: dict[str, Any], new: dict[str, Any], what: str, witness: dict[str, Any]
) -> None:
    before, after = whole(**old), whole(**new)
    breaking = [one for one in said(differences(before, after)) if one.startswith("breaking")]
    assert any(what in one for one in breaking), breaking
    assert judge(before).is_valid(witness)
    assert not judge(after).is_valid(witness)
    # A condition that is dropped refuses nothing, unless a field goes with it.
    back = any(one.kind is Kind.BREAKING for one in differences(after, before))
    assert back == ("field added" in what)
    assert back or refused(seeded(0), judge(after), judge(before), 1000) == []


def test_the_generated_validators_agree(tmp_path: Path) -> None:
    # Null is left out here: a field that is null is one that the caller left out.
    cases = [
        (field(old), field(new), {"x": witness})
        for old, new, what, witness in NARROWED
        if what not in UNSHOWN and witness is not None
    ]
    cases += [(whole(**old), whole(**new), witness) for old, new, _, witness in TOGETHER]
    documents = [one for case in cases for one in case[:2]]
    for number, one in enumerate(documents):
        one["model_id"] = f"acme/paint-{number}"
    models = generated(tmp_path, *documents)
    modules = [models.get(one["model_id"]) for one in documents]
    for i, (_, _, witness) in enumerate(cases):
        assert modules[2 * i].validate(witness) == [], documents[2 * i]
        assert modules[2 * i + 1].validate(witness) != [], documents[2 * i + 1]


RECURSIVE: dict[str, Any] = {
    "type": "object",
    "properties": {"child": {"$ref": "#/properties/x"}, "n": INTEGER},
}

#: What is allowed stays allowed: old and new schema of x, the kind, and what is said.
KEPT: list[tuple[Any, Any, str, str]] = [
    (TEXT, {"type": ["string", "null"]}, "+", "type widened from string to string or null"),
    (INTEGER, {"type": "number"}, "+", "type widened from integer to number"),
    ({"type": ["number", "integer"]}, {"type": "number"}, "+", "type changed, but all"),
    (TEXT, {}, "+", "type widened from string to any"),
    ({"enum": ["a"]}, {"type": "string"}, "+", 'enum removed: ["a"]'),
    ({"enum": ["a"]}, {"type": "string", "enum": ["a"]}, "+", "but all that was allowed still is"),
    ({"enum": ["a"]}, {"enum": ["a", 1]}, "+", "enum gained 1"),
    ({"const": 1}, {"enum": [1, 2]}, "+", "enum added: [1, 2], but all that was allowed still is"),
    ({"enum": [1, 2]}, {"enum": [1, 2], "maximum": 2}, "+", "maximum added: 2, but all"),
    ({"enum": [2, 4]}, {"enum": [2, 4], "multipleOf": 2}, "+", "multipleOf added: 2, but all"),
    ({"enum": ["a"]}, {"enum": ["a"], "minLength": 1}, "+", "minLength added: 1, but all"),
    ({"enum": ["a"]}, {"enum": ["a"], "pattern": "^a"}, "+", "pattern added"),
    ({"type": "boolean"}, {"enum": [True, False]}, "+", "enum added: [true, false], but all"),
    ({**TEXT, "maxLength": 2}, {**TEXT, "maxLength": 3}, "+", "maxLength relaxed from 2 to 3"),
    ({**TEXT, "maxLength": 2}, TEXT, "+", "maxLength removed: 2"),
    ({**TEXT, "minLength": 2}, {**TEXT, "minLength": 1}, "+", "minLength relaxed from 2 to 1"),
    (TEXT, {**TEXT, "minLength": 0}, "+", "minLength added: 0, but all"),
    (TEXT, {**TEXT, "minimum": 5}, "+", "minimum added: 5, but all"),
    ({"minimum": 2}, {"minimum": 1}, "+", "minimum relaxed from 2 to 1"),
    ({"maximum": 2}, {"exclusiveMaximum": 3}, "+", "exclusiveMaximum added: 3, but all"),
    (
        {**INTEGER, "exclusiveMinimum": 0},
        {**INTEGER, "minimum": 1},
        "+",
        "minimum added: 1, but all that was allowed still is",
    ),
    ({"multipleOf": 4}, {"multipleOf": 2}, "+", "multipleOf changed from 4 to 2, but all"),
    (INTEGER, {**INTEGER, "multipleOf": 0.5}, "+", "multipleOf added: 0.5, but all"),
    ({"pattern": "^a"}, {}, "+", 'pattern removed: "^a"'),
    ({"format": "date"}, {}, "+", 'format removed: "date"'),
    ({**LIST, "uniqueItems": True}, LIST, "+", "uniqueItems removed: true"),
    ({**LIST, "maxItems": 1}, {"maxItems": 1, "uniqueItems": True}, "+", "uniqueItems added"),
    ({**LIST, "items": TEXT}, LIST, "+", "items removed"),
    ({"items": INTEGER}, {"prefixItems": [INTEGER], "items": INTEGER}, "+", "prefixItems added"),
    ({"prefixItems": [TEXT, TEXT]}, {"prefixItems": [TEXT]}, "+", "schema of prefixItems removed"),
    (
        {"contains": {"maximum": 1}},
        {"contains": {"maximum": 2}},
        "+",
        "maximum relaxed from 1 to 2",
    ),
    (
        {"contains": {}, "maxContains": 1},
        {"contains": {}, "maxContains": 2},
        "+",
        "maxContains changed from 1 to 2, but all",
    ),
    ({"additionalProperties": False}, {"properties": {"a": TEXT}}, "+", "optional field added"),
    ({**OBJECT, "properties": {"a": False}}, OBJECT, "+", "field removed"),
    (
        {"additionalProperties": TEXT},
        {"additionalProperties": TEXT, "patternProperties": {"^x": TEXT}},
        "+",
        'patternProperties "^x" added, but all',
    ),
    (
        {"patternProperties": {"^x": {"maximum": 1}}},
        {"patternProperties": {"^x": {"maximum": 2}}},
        "+",
        "maximum relaxed",
    ),
    (
        {"properties": {"a": TEXT}, "additionalProperties": INTEGER},
        {"properties": {"a": TEXT}, "additionalProperties": {"type": "number"}},
        "+",
        "type widened",
    ),
    ({"propertyNames": {"maxLength": 1}}, {"propertyNames": {"maxLength": 2}}, "+", "relaxed"),
    ({**OBJECT, "required": ["a"]}, OBJECT, "+", '"a" is required no more'),
    ({"required": ["a"]}, {"required": ["a"], "minProperties": 1}, "+", "minProperties added"),
    ({"required": ["a"]}, {"dependentRequired": {"b": ["a"]}}, "+", "dependentRequired added"),
    (
        {"dependentRequired": {"a": ["b", "c"]}},
        {"dependentRequired": {"a": ["b"]}},
        "+",
        "dependentRequired changed",
    ),
    (
        {"dependentSchemas": {"a": {"minProperties": 2}}},
        {"dependentSchemas": {"a": {"minProperties": 1}}},
        "+",
        "minProperties relaxed from 2 to 1",
    ),
    ({"allOf": [TEXT, {"maxLength": 1}]}, {"allOf": [TEXT]}, "+", "schema of allOf removed"),
    ({"type": "string", "maxLength": 1}, {"allOf": [TEXT, {"maxLength": 1}]}, "+", "allOf added"),
    ({"anyOf": [TEXT]}, {"anyOf": [INTEGER, TEXT]}, "+", "schema of anyOf added"),
    (TEXT, {"anyOf": [TEXT, INTEGER]}, "+", "anyOf added, but all that was allowed still is"),
    ({"type": ["string", "null"]}, {"anyOf": [TEXT, {"type": "null"}]}, "+", "anyOf added, but"),
    ({"anyOf": [TEXT, INTEGER]}, {"type": ["string", "integer"]}, "+", "type narrowed from any"),
    ({"oneOf": [TEXT, INTEGER]}, {"anyOf": [TEXT, INTEGER]}, "+", "oneOf removed"),
    ({"not": {"minimum": 2}}, {"not": {"minimum": 3}}, "+", "not changed"),
    ({"not": TEXT}, {}, "+", "not removed"),
    (TEXT, {**TEXT, "not": INTEGER}, "+", "not added, but all that was allowed still is"),
    ({"if": TEXT, "then": {"maxLength": 1}}, {}, "+", "if removed"),
    (
        {"if": TEXT, "then": {"maxLength": 1}, "else": {}},
        {"if": TEXT, "then": {"maxLength": 2}},
        "+",
        "maxLength relaxed from 1 to 2",
    ),
    ({**TEXT, "if": INTEGER}, {**TEXT, "if": LIST}, "+", "if changed"),
    (
        RECURSIVE,
        {"type": "object", "properties": {**RECURSIVE["properties"], "n": {"type": "number"}}},
        "+",
        "type widened from integer to number",
    ),
    (False, TEXT, "+", "allows more than nothing"),
    (False, {"not": {}}, "+", "allows more than nothing"),
    ({"enum": [1], "const": 2}, False, "+", "allows nothing any more"),
    (INTEGER, {**INTEGER, "default": 3}, "+", "server's default stated: 3"),
    ({**TEXT, "title": "a"}, {**TEXT, "title": "b"}, "~", "title changed"),
    (TEXT, {**TEXT, "description": "b"}, "~", "description added"),
    ({**TEXT, "$comment": "b"}, TEXT, "~", "comment removed"),
    ({**TEXT, "examples": ["a"]}, {**TEXT, "examples": ["b"]}, "~", "examples changed"),
    (TEXT, {**TEXT, "deprecated": True}, "~", "deprecated added"),
    ({"enum": ["a", 1]}, {"enum": [1, "a"]}, "~", "enum reordered"),
    (
        {"properties": {"a": {}, "b": {}}},
        {"properties": {"b": {}, "a": {}}},
        "~",
        "fields reordered",
    ),
    ({"anyOf": [TEXT, {}]}, {"anyOf": [{}, {**TEXT, "title": "a"}]}, "~", "title added"),
    ({"oneOf": [TEXT]}, {"oneOf": [{**TEXT, "title": "a"}]}, "~", "title added"),
    ({"not": TEXT}, {"not": {**TEXT, "title": "a"}}, "~", "title added"),
    ({"items": True}, {"items": {"title": "a"}}, "~", "title added"),
]


@pytest.mark.parametrize(("old", "new", "mark", "what"), KEPT)
def test_what_keeps_all_that_was_allowed(old: Any, new: Any, mark: str, what: str) -> None:
    before, after = field(old), field(new)
    changes = differences(before, after)
    kind = {"+": Kind.COMPATIBLE, "~": Kind.TEXTUAL}[mark]
    assert any(what in one.what for one in changes), said(changes)
    assert {one.kind for one in changes} == {kind}, said(changes)
    old_judge, new_judge = judge(before), judge(after)

    @settings(max_examples=10_000 // BATCH, database=None)
    @given(seed=st.integers(0, 2**32))
    def none_is_refused(seed: int) -> None:
        assert refused(seeded(seed), old_judge, new_judge, BATCH) == []

    none_is_refused()


def refused(
    source: random.Random, old: Draft202012Validator, new: Draft202012Validator, tries: int
) -> list[Any]:
    """Instances that the old accepts and the new refuses, of so many *tries*."""
    found = []
    for i in range(tries):
        rules = (old, new)[i % 2].schema
        made = instance(source, rules, rules)
        if old.is_valid(made) and not new.is_valid(made):
            found.append(made)
    return found


SAMPLE = {"type": "string", "default": "a", "required": True}


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (
            {**TEXT, "default": "a"},
            {**TEXT, "default": "b"},
            ['breaking /properties/x/default: server\'s default changed from "a" to "b"'],
        ),
        (
            {**TEXT, "default": "a"},
            TEXT,
            ['breaking /properties/x/default: server\'s default "a" is stated no more'],
        ),
        (
            {**TEXT, "properties": {"a": {"default": 1}}},
            {**TEXT, "properties": {"a": {"default": 2}}},
            ["breaking /properties/x/properties/a/default: server's default changed from 1 to 2"],
        ),
        (
            OBJECT | {"properties": {"a": {}}},
            OBJECT,
            ["breaking /properties/x/properties/a: field removed"],
        ),
        (SAMPLE, {**SAMPLE, "default": "b"}, ["textual /properties/x/default: sample changed"]),
        (
            SAMPLE,
            {**TEXT, "default": "b"},
            [
                "compatible /properties/x: is required no more",
                'compatible /properties/x/default: server\'s default stated: "b"',
            ],
        ),
        (SAMPLE, TEXT, ["compatible /properties/x: is required no more"]),
        ({**INTEGER, "default": 1}, {**INTEGER, "default": 1.0}, []),
        ({**INTEGER, "default": 1}, {**INTEGER, "default": 1, "minimum": 0, "title": ""}, None),
    ],
)
def test_defaults_and_what_means_something_else(old: Any, new: Any, what: list[str] | None) -> None:
    changes = said(differences(field(dict(old)), field(dict(new))))
    assert changes == (changes if what is None else what)


def test_a_field_that_comes_and_goes() -> None:
    assert said(differences(document(x=TEXT), document(x=TEXT, y=TEXT))) == [
        "compatible /properties/y: optional field added"
    ]
    assert said(differences(document(x=TEXT, y=TEXT), document(x=TEXT))) == [
        "breaking /properties/y: field removed"
    ]
    (change,) = differences(document(**{"a/b": TEXT}), document(**{"a/b": INTEGER}))
    assert change.field == "a/b"
    assert (change.old, change.new) == ("string", "integer")


def test_a_reference_is_followed() -> None:
    old, new = (
        whole(
            properties={"x": {"$ref": "#/$defs/a"}, "y": {"$ref": "#/$defs/a"}},
            **{"$defs": {"a": {"maxLength": limit}}},
        )
        for limit in (2, 1)
    )
    changes = said(differences(old, new))
    assert len(changes) == 2
    assert any("/$ref/maxLength: maxLength narrowed from 2 to 1" in one for one in changes)
    assert any("$ref changed, and can't be shown" in one for one in changes)
    assert {one.kind for one in differences(new, old)} == {Kind.COMPATIBLE}
    # Without the reference the same is said.
    plain = whole(properties={"x": {"maxLength": 2}, "y": {"maxLength": 2}})
    assert {one.kind for one in differences(old, plain)} == {Kind.COMPATIBLE}
    assert {one.kind for one in differences(plain, old)} == {Kind.COMPATIBLE}


def test_a_recursive_schema_that_narrows() -> None:
    narrower = {**RECURSIVE, "properties": {**RECURSIVE["properties"], "n": TEXT}}
    changes = differences(field(RECURSIVE), field(narrower))
    assert said(changes) == [
        f"breaking {X}/properties/{place}/type: type changed from integer to string"
        for place in ("child/$ref/properties/n", "n")
    ]


def test_a_proof_that_takes_too_long_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = field({"items": {"items": INTEGER}}), field({"items": {"items": {"type": "number"}}})
    assert {one.kind for one in differences(*pair)} == {Kind.COMPATIBLE}
    for limit in ("_DEPTH", "_QUESTIONS"):
        with monkeypatch.context() as patch:
            patch.setattr(narrowing, limit, 1)
            assert Kind.BREAKING in {one.kind for one in differences(*pair)}


def chain(length: int, leaf: Any) -> Any:
    """Objects of ten fields, each of which refers to the next object."""
    defined: dict[str, Any] = {"l0": leaf}
    for i in range(1, length + 1):
        one = {"$ref": f"#/properties/x/$defs/l{i - 1}"}
        defined[f"l{i}"] = {"properties": {f"p{j}": one for j in range(10)}}
    return {"$defs": defined, "$ref": f"#/properties/x/$defs/l{length}"}


@pytest.mark.parametrize(
    ("old", "new", "count"),
    [
        (
            {"anyOf": [{"maxLength": i} for i in range(2_000)]},
            {"anyOf": [{"maxLength": i + 1} for i in range(2_000)]},
            1,
        ),
        (
            {"anyOf": [{"const": i} for i in range(1_000)]},
            {"anyOf": [{"const": i} for i in range(1_000, 0, -1)]},
            2,
        ),
        (chain(20, TEXT), chain(20, {**TEXT, "maxLength": 3}), 100),
    ],
)
def test_large_schemas_are_compared_in_time(old: Any, new: Any, count: int) -> None:
    with little_time(30):
        found = differences(document(x=old), document(x=new))
    assert len(found) >= count


def test_changes_have_one_order() -> None:
    old = document(a=TEXT, b={"enum": ["a", "b", "c"]}, c={"title": "c"})
    new = document(b={"enum": ["d", "e"]}, c={"title": "d"}, d=TEXT)
    changes = differences(old, new)
    assert [one.kind for one in changes] == sorted(
        (one.kind for one in changes), key=list(Kind).index
    )
    assert changes == differences(old, new)
    assert shown("x" * 99).endswith("x…")


def pairs(seed: int) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Two schemas at random, one made from the other, if the generator takes both."""
    source = seeded(seed)
    old = document(x=schema(source))
    old["input_schema"]["$defs"] = {"one": schema(source, 1), "two": schema(source, 1)}
    if seed % 3 == 0:
        keyword = source.choice(["anyOf", "oneOf", "allOf"])
        old["input_schema"] |= {keyword: [schema(source, 1), schema(source, 1)], "minProperties": 1}
    new = {**old, "input_schema": mutated(source, old["input_schema"])}
    return None if standard(old) is None or standard(new) is None else (old, new)


@settings(max_examples=400)
@given(seed=st.integers(0, 2**32))
def test_where_nothing_is_breaking_nothing_is_refused(seed: int) -> None:
    if (pair := pairs(seed)) is None:
        return
    if not any(one.kind is Kind.BREAKING for one in differences(*pair)):
        assert refused(seeded(seed), judge(pair[0]), judge(pair[1]), 40) == []


def test_the_random_schemas_are_of_all_sorts() -> None:
    found = {"refused": 0, "harmless": 0, "doubtful": 0, "breaking": 0}
    for seed in range(300):
        if (pair := pairs(seed)) is None:
            found["refused"] += 1
        elif not any(one.kind is Kind.BREAKING for one in differences(*pair)):
            found["harmless"] += 1
        else:
            shown_to = refused(seeded(seed), judge(pair[0]), judge(pair[1]), 40)
            found["breaking" if shown_to else "doubtful"] += 1
    assert min(found["harmless"], found["breaking"]) > 10, found
    assert sum(found.values()) == 300
