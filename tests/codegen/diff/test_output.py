"""Changes for those who read answers, and of the media rules, which the server checks."""

from __future__ import annotations

import re
from typing import Any

import pytest
from support_schemas import document, loaded

from runcomfy_codegen.dialect import standardise
from runcomfy_codegen.diff.changes import Change, Kind
from runcomfy_codegen.diff.compare import compare
from runcomfy_codegen.errors import Diagnostics

TEXT, INTEGER = {"type": "string"}, {"type": "integer"}
ANSWER = {"type": "array", "items": TEXT}


def differences(old: dict[str, Any], new: dict[str, Any]) -> tuple[Change, ...]:
    diagnostics = Diagnostics()
    pair = [standardise(loaded(one), diagnostics) for one in (old, new)]
    diagnostics.finish()
    before, after = ({"m": one} for one in pair if one is not None)
    return compare(before, after)


def said(old: Any, new: Any) -> list[str]:
    """What is said of the output's field x; None for no field."""
    raws = []
    for one in (old, new):
        fields = {"y": TEXT} | ({} if one is None else {"x": one})
        raws.append({**document(), "output_schema": {"output": {"properties": fields}}})
    place = "/output_schema/properties/x"
    return [f"{one.kind} {one.place.removeprefix(place)}: {one.what}" for one in differences(*raws)]


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (TEXT, None, ["breaking : field gone"]),
        (None, TEXT, ["compatible : field added"]),
        (TEXT, INTEGER, ["breaking /type: type changed from string to integer"]),
        (
            TEXT,
            {"type": ["string", "null"]},
            ["breaking /type: type widened from string to string or null"],
        ),
        (INTEGER, {"type": "number"}, ["breaking /type: type widened from integer to number"]),
        ({"type": "number"}, INTEGER, ["compatible /type: type narrowed from number to integer"]),
        ({"enum": ["a"]}, {"enum": ["a", 1]}, ["breaking /enum: enum changed"]),
        ({**TEXT, "enum": ["a"]}, {**TEXT, "enum": ["a", "b"]}, ["compatible /enum: enum changed"]),
        (TEXT, {**TEXT, "maxLength": 3}, ["compatible /maxLength: maxLength added"]),
        ({**TEXT, "format": "uri"}, TEXT, ["compatible /format: format removed"]),
        (ANSWER, {**ANSWER, "items": INTEGER}, ["breaking /items/type: type changed from string"]),
        (ANSWER, {"type": "array"}, ["breaking : changed, and can't be shown to read as before"]),
        ({"type": "array"}, ANSWER, []),
        ({"anyOf": [TEXT]}, {"anyOf": [TEXT, INTEGER]}, ["breaking /anyOf: anyOf changed"]),
        ({"anyOf": [TEXT, INTEGER]}, {"anyOf": [TEXT]}, ["compatible /anyOf: anyOf changed"]),
        ({"type": "object"}, {"type": "object", "additionalProperties": False}, ["compatible"]),
        (
            {"properties": {"a": TEXT, "b": {}}, "required": ["a"]},
            {"properties": {"a": TEXT, "b": {}}, "required": ["b"]},
            ["breaking /properties/a: may be missing", "compatible /properties/b: is always there"],
        ),
        ({"required": ["a"]}, {}, ["breaking : changed, and can't be shown to read as before"]),
        ({"properties": {"a": {}}}, {"properties": {}}, ["breaking /properties/a: field gone"]),
        ({**TEXT, "title": "a"}, {**TEXT, "default": "a"}, ["textual /default", "textual /title"]),
        (True, {}, []),
    ],
)
def test_an_output(old: Any, new: Any, what: list[str]) -> None:
    changes = said(old, new)
    assert len(changes) == len(what), changes
    assert all(map(str.startswith, changes, what)), changes


def test_a_model_without_an_output_of_its_own_has_the_shared_one() -> None:
    own = {"properties": {"image": {"type": "string", "format": "uri"}}}
    changes = differences(document(), {**document(), "output_schema": own})
    assert {one.kind for one in changes if one.what == "field gone"} == {Kind.BREAKING}
    assert differences(document(), document()) == ()


def rule(text: str, limit: float, message: str = "no") -> dict[str, Any]:
    return {"validation_rule": text, "validation_value": limit, "validation_error": message}


def media(*rules: dict[str, Any]) -> dict[str, Any]:
    return document(x={**TEXT, "format": "image_uri", "validations": list(rules)})


def passes(raw: dict[str, Any], measured: float) -> bool:
    """Whether a picture passes all rules, whose metric it is."""
    tests = {
        "<": float.__lt__,
        ">": float.__gt__,
        "<=": float.__le__,
        ">=": float.__ge__,
    }
    rules = raw["input_schema"]["properties"]["x"]["validations"]
    return all(
        tests[re.sub("[^<>=]", "", one["validation_rule"])](
            float(measured), float(one["validation_value"])
        )
        for one in rules
    )


SIZE, WIDTH = "file_size_mb", "width_pixels"


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ([], [(SIZE + "<", 10)], "breaking: media rule added: file_size_mb < 10"),
        ([(SIZE + "<", 10)], [], "compatible: media rule removed: file_size_mb < 10"),
        (
            [(SIZE + "<", 10)],
            [(SIZE + "<", 9)],
            "breaking: media rule narrowed from file_size_mb < 10 to file_size_mb < 9",
        ),
        (
            [(SIZE + "<=", 10)],
            [(SIZE + "<", 10)],
            "breaking: media rule narrowed from file_size_mb <= 10 to file_size_mb < 10",
        ),
        (
            [(WIDTH + ">", 384)],
            [(WIDTH + ">", 300)],
            "compatible: media rule relaxed from width_pixels > 384 to width_pixels > 300",
        ),
        (
            [(WIDTH + ">", 384)],
            [(WIDTH + ">=", 385)],
            "compatible: media rule width_pixels > 384 written as width_pixels >= 385",
        ),
        ([(SIZE + "<", 9)], [(SIZE + "<", 10), (SIZE + "<", 9)], ""),
        ([(SIZE + "<", 10), (SIZE + "<", 9)], [(SIZE + "<", 9)], ""),
    ],
)
def test_media_rules(old: list[tuple[str, float]], new: list[tuple[str, float]], what: str) -> None:
    before, after = (media(*(rule(*one) for one in it)) for it in (old, new))
    changes = differences(before, after)
    assert [f"{one.kind}: {one.what}" for one in changes] == [what] * bool(what)
    # Whole numbers, since pixels are counted; and around each limit, as sizes are not.
    measured = [*range(8, 12), *range(299, 302), *range(383, 387)]
    refused = [one for one in measured if passes(before, one) and not passes(after, one)]
    assert bool(refused) == what.startswith("breaking")


def test_the_words_of_a_media_rule_are_words() -> None:
    (change,) = differences(media(rule("fps<", 30)), media(rule("fps<", 30, "too fast")))
    assert change == Change(
        "m",
        "/input_schema/properties/x/validations",
        Kind.TEXTUAL,
        "message of the media rule on fps changed",
        "no",
        "too fast",
    )
