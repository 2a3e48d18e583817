from __future__ import annotations

from typing import Any

import pytest
from support_schemas import document, parsed

from runcomfy_codegen.docs import field_doc, input_doc, module_doc


def rule(name: str) -> dict[str, Any]:
    return {"validation_rule": name, "validation_value": 384, "validation_error": "no"}


def doc(**schema: Any) -> str:
    (field,) = parsed(document(x=schema)).input.fields
    return field_doc(field).words


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string"}, ""),
        ({"type": "string", "title": "T", "description": "D"}, "T: D"),
        ({"type": "string", "title": "T", "description": " "}, "T"),
        ({"type": "string", "description": "D", "maxLength": 1}, "D\n\nAt most 1 character."),
        ({"type": "integer", "minimum": 0, "default": 0}, "At least 0. Server's default: 0."),
        ({"type": "boolean", "default": False}, "Server's default: false."),
        ({"type": "string", "default": ""}, ""),
        ({"type": "string", "default": "프", "required": True}, 'Sample, never sent: "프".'),
        (
            {"type": "string", "default": "y" * 99},
            f'Server\'s default: "{"y" * 72}…".',
        ),
        (
            {"type": "array", "uniqueItems": True, "minItems": 2, "items": {"type": "string",
             "maxLength": 5}},
            "At least 2 items, no item twice, each at most 5 characters.",
        ),
        ({"type": "array", "uniqueItems": False}, "Items may repeat."),
        ({"type": "string", "format": "audio_uri"}, "An audio file."),
        (
            {"type": "array", "format": "image_uris", "validations": [rule("width_pixels>")]},
            "Image files. Each width over 384 pixels.",
        ),
        (
            {"type": "string", "format": "video_uri",
             "validations": [rule("fps<"), rule("file_size_mb<=")]},
            (
                "A video file. The file: up to 384 MB. The file: under 384 frames a second "
                '(checked with the extra "video", else by the server).'
            ),
        ),
        (
            {"type": "string", "format": "image_uri", "validations": [rule("fps<")]},
            "An image file. The file: under 384 frames a second (checked by the server).",
        ),
    ],
)  # fmt: skip
def test_a_field_is_described_by_its_words_its_limits_and_its_default(
    schema: dict[str, Any], words: str
) -> None:
    assert doc(**schema) == words


def test_a_seeds_title_that_is_its_name_is_left_out() -> None:
    (field,) = parsed(
        document(image_size={"type": "string", "title": "Image size", "description": "How large."})
    ).input.fields
    assert field_doc(field).words == "How large."


def test_a_module_names_its_model_and_what_it_makes() -> None:
    page = "Its page in the reference: models/acme/paint.html"
    made = f"Makes a picture.\n{page}"
    assert module_doc(parsed(document())).words == f"Acme Paint (text-to-image).\n\n{made}"
    bare = parsed({**document(), "categories": []})
    assert module_doc(bare).words == f"Acme Paint.\n\n{made}"


def test_an_input_has_the_words_of_its_schema() -> None:
    raw = document()
    raw["input_schema"]["title"] = "입력 스키마"
    assert input_doc(parsed(raw)).words == "An input of Acme Paint (입력 스키마)."
    assert input_doc(parsed(document())).words == "An input of Acme Paint."
