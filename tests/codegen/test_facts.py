from __future__ import annotations

from typing import Any

import pytest
from support_schemas import document, parsed

from runcomfy_codegen.facts import facts


def said(**schema: Any) -> list[str]:
    (field,) = parsed(document(x=schema)).input.fields
    return facts(field)


@pytest.mark.parametrize(
    ("schema", "limits"),
    [
        ({"type": "integer", "minimum": 0, "maximum": 2147483647}, "0 to 2,147,483,647."),
        ({"type": "integer", "minimum": -1}, "At least -1."),
        ({"type": "number", "maximum": 1.5}, "At most 1.5."),
        ({"type": "number", "minimum": 2, "maximum": 2}, "2."),
        ({"type": "number", "exclusiveMinimum": 0, "multipleOf": 0.5},
         "More than 0, a multiple of 0.5."),
        ({"type": "string", "minLength": 1, "maxLength": 1999}, "1 to 1,999 characters."),
        ({"type": "string", "minLength": 0, "maxLength": 1}, "At most 1 character."),
        ({"type": "string", "minLength": 1}, "At least 1 character."),
        ({"type": "string", "format": "date"}, "A text of the format date."),
        ({"type": "array", "items": {"type": "integer", "minimum": 1}, "maxItems": 4},
         "At most 4 items, each at least 1."),
    ],
)  # fmt: skip
def test_limits_are_said_as_people_say_them(schema: dict[str, Any], limits: str) -> None:
    assert said(**schema) == [limits]


def rules(*stated: tuple[str, float]) -> list[dict[str, Any]]:
    return [
        {"validation_rule": rule, "validation_value": value, "validation_error": "no"}
        for rule, value in stated
    ]


@pytest.mark.parametrize(
    ("format_", "stated", "sentences"),
    [
        (
            "image_uris",
            [
                ("file_size_mb<", 10),
                ("width_pixels>", 384),
                ("height_pixels>", 384),
                ("width_pixels<", 5000),
                ("height_pixels<", 5000),
            ],
            ["Each under 10 MB, sides over 384 and under 5,000 pixels."],
        ),
        (
            "image_uris",
            [("width_pixels>", 384), ("height_pixels>=", 200), ("width/height<=", 2.5)],
            ["Each width over 384 pixels, height at least 200 pixels, width to height up to 2.5."],
        ),
        (
            "video_uris",
            [("file_size_mb<=", 100), ("duration_seconds>=", 2), ("duration_seconds<=", 10)],
            [
                "Each up to 100 MB.",
                (
                    'Each at least 2 and up to 10 s (checked with the extra "video", else by the '
                    "server)."
                ),
            ],
        ),
        ("audio_uris", [("fps<", 3)], ["Each under 3 frames a second (checked by the server)."]),
    ],
)
def test_media_rules_are_said_in_the_readers_terms(
    format_: str, stated: list[tuple[str, float]], sentences: list[str]
) -> None:
    schema = {"type": "array", "format": format_, "validations": rules(*stated)}
    assert said(**schema)[1:] == sentences
