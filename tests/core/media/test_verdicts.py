from __future__ import annotations

import pathlib
from typing import Any

import attrs
import pytest

from runcomfy import Problem, Unchecked
from runcomfy_core.media.examine import Facts, Fault, Unknown
from runcomfy_core.media.measures import Measures
from runcomfy_core.media.places import Found
from runcomfy_core.media.rules import MediaField, MediaRule
from runcomfy_core.media.verdicts import judge

WIDE = MediaRule("width_pixels", ">", 384, "wide, please")
SMALL = MediaRule("file_size_mb", "<", 10, "small, please")
SHORT = MediaRule("duration_seconds", "<=", 5, "short, please")
PNG = Facts("image/png", "image/png", 1000, Measures(385, 385), 64)


def found(*rules: MediaRule, kind: Any = "image") -> Found:
    return Found("/x/1", MediaField(("x", None), kind, rules), "https://example.com/a")


def test_a_sound_file_has_an_item_and_nothing_else() -> None:
    verdict = judge(found(WIDE, SMALL), PNG)
    assert (verdict.problems, verdict.unchecked) == ((), ())
    assert verdict.item is not None
    assert (verdict.item.path, verdict.item.type, verdict.item.size) == ("/x/1", "image/png", 1000)
    assert (verdict.item.width, verdict.item.height, verdict.item.bytes_read) == (385, 385, 64)


def test_a_broken_rule_is_told_in_the_schema_s_words() -> None:
    facts = attrs.evolve(PNG, size=10 * 1024 * 1024, measures=Measures(300, 385))
    assert judge(found(WIDE, SMALL), facts).problems == (
        Problem("/x/1", "width_pixels>", 384, 300, "wide, please"),
        Problem("/x/1", "file_size_mb<", 10, 10.0, "small, please"),
    )


def test_a_rule_without_words_gets_ours() -> None:
    facts = attrs.evolve(PNG, measures=Measures(300, 385))
    (problem,) = judge(found(WIDE._replace(message="")), facts).problems
    assert problem.message == "width_pixels is 300; it must be > 384"
    assert str(problem) == f"/x/1: {problem.message}"


@pytest.mark.parametrize(
    ("measures", "size", "reasons"),
    [
        (Measures(missing="PyAV is missing"), 5, ["PyAV is missing", "PyAV is missing"]),
        (Measures(width=400), 5, ["its header doesn't tell its duration_seconds"]),
        (Measures(400, 400, 3.0), None, ["its server doesn't tell its size"]),
    ],
)
def test_what_is_not_known_is_unchecked(
    measures: Measures, size: int | None, reasons: list[str]
) -> None:
    facts = Facts("video/mp4", "video/mp4", size, measures, 64)
    verdict = judge(found(WIDE, SMALL, SHORT, kind="video"), facts)
    assert verdict.problems == ()
    assert [one.reason for one in verdict.unchecked] == reasons


@pytest.mark.parametrize(
    ("kind", "type_", "what", "message"),
    [
        ("image", "text/html", "a web page titled 'Log in'",
         "is a web page titled 'Log in', not an image"),
        ("image", "video/mp4", "video/mp4", "is video/mp4, not an image"),
        ("video", "image/png", "image/png", "is image/png, not a video"),
        ("audio", None, "of no known type", "is of no known type, not an audio file"),
        (None, "application/pdf", "application/pdf", "is application/pdf, not a media file"),
    ],
)  # fmt: skip
def test_a_file_of_another_kind_is_no_use(
    kind: Any, type_: str | None, what: str, message: str
) -> None:
    verdict = judge(found(WIDE, kind=kind), Facts(type_, what, 5, Measures(), 5))
    assert verdict.problems == (Problem("/x/1", "format", kind or "media", type_, message),)
    assert verdict.unchecked == ()


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        (Facts("text/plain", "a text", 5, Measures(), 5), "left.png is a text, not an image"),
        (
            attrs.evolve(PNG, fault=Fault("complete", "a whole file", 5, "ends too early")),
            "left.png ends too early",
        ),
    ],
)
def test_a_path_is_named(facts: Facts, message: str) -> None:
    place = attrs.evolve(found(WIDE), value=pathlib.Path("some/left.png"))
    assert [problem.message for problem in judge(place, facts).problems] == [message]


@pytest.mark.parametrize(
    ("kind", "type_"), [("audio", "video/mp4"), (None, "video/mp4"), ("video", "image/gif")]
)
def test_a_container_may_hold_what_is_wanted(kind: Any, type_: str) -> None:
    assert judge(found(kind=kind), Facts(type_, type_, 5, Measures(), 5)).problems == ()


def test_a_file_that_cannot_be_used_is_judged_no_further() -> None:
    fault = Fault("complete", "a whole file", 5, "ends too early")
    expected = (Problem("/x/1", "complete", "a whole file", 5, "ends too early"),)
    assert judge(found(WIDE), fault).problems == expected
    verdict = judge(found(WIDE), attrs.evolve(PNG, fault=fault))
    assert (verdict.problems, verdict.unchecked) == (expected, ())
    assert verdict.item is not None


def test_a_file_that_can_be_read_only_once_is_unchecked() -> None:
    verdict = judge(found(WIDE), Unknown("once"))
    assert verdict.unchecked == (Unchecked("/x/1", "width_pixels>", 384, "once"),)
    assert verdict.item is None
