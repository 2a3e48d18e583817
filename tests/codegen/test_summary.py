from __future__ import annotations

from typing import Any

import pytest
from support_schemas import document, parsed

from runcomfy_codegen.summary import summary

TEXT = {"type": "string", "title": "Prompt"}
PROMPT = {**TEXT, "required": True}
FIRST = {"type": "string", "format": "image_uri", "title": "First frame"}
LAST = {"type": "string", "format": "image_uri", "title": "Last frame"}
SOUND = {"type": "string", "format": "audio_uri", "title": "Audio"}
PICTURES = {"type": "array", "format": "image_uris", "maxItems": 3, "title": "Pictures"}


def said(category: str, **fields: Any) -> str:
    fields = {name: dict(one) for name, one in fields.items()}
    return summary(parsed({**document(**fields), "categories": [category]})).words


@pytest.mark.parametrize(
    ("category", "fields", "sentence"),
    [
        ("text-to-image", {"prompt": PROMPT}, "Makes a picture from a prompt."),
        ("text-to-image", {"prompt": TEXT}, "Makes a picture from a prompt."),
        ("text-to-image", {"size": {"type": "integer"}}, "Makes a picture."),
        (
            "image-to-image",
            {"images": {**PICTURES, "required": True}, "prompt": PROMPT},
            "Makes a picture from a prompt and up to 3 pictures.",
        ),
        (
            "image-to-video",
            {"end": LAST, "prompt": PROMPT, "start": {**FIRST, "required": True}},
            "Makes a video from a prompt and a first frame; a last frame may be given.",
        ),
        ("image-to-video", {"a": FIRST, "b": SOUND}, "Makes a video from a first frame or audio."),
        ("text-to-audio", {"lyrics": TEXT}, "Makes audio from lyrics."),
        (
            "image-to-video",
            {f"image_url_{i}": {**FIRST, "title": f"Reference picture {i}"} for i in (1, 2, 3)},
            "Makes a video from up to 3 reference pictures.",
        ),
        (
            "image-to-video",
            {"image_1": {**FIRST, "title": "Reference picture 1"}},
            "Makes a video from a reference picture.",
        ),
        # Words in another language are replaced by what the field holds.
        ("image-to-image", {"a": {**FIRST, "title": "참조"}}, "Makes a picture from a picture."),
        (
            "image-to-image",
            {"a": {"type": "array", "format": "image_uris"}},
            "Makes a picture from pictures.",
        ),
        (
            "audio-to-audio",
            {"a": {"type": "string", "format": "audio_uri"}},
            "Makes audio from an audio file.",
        ),
    ],
)
def test_it_says_what_is_made_of_what(category: str, fields: dict[str, Any], sentence: str) -> None:
    assert said(category, **fields) == sentence


@pytest.mark.parametrize(
    ("duration", "length"),
    [
        ({"type": "integer", "minimum": 3, "maximum": 15}, " of 3 to 15 s"),
        ({"type": "number", "minimum": 0.5, "maximum": 2}, " of 0.5 to 2 s"),
        ({"type": "integer", "enum": [10, 5]}, " of 5 to 10 s"),
        ({"type": "string", "enum": ["auto", "5", "20"]}, " of 5 to 20 s"),
        ({"type": "integer", "enum": [5]}, " of 5 s"),
        ({"type": "integer", "maximum": 15}, ""),
        ({"type": "string", "enum": ["auto", "long"]}, ""),
        ({"type": "string"}, ""),
    ],
)
def test_it_says_how_long(duration: dict[str, Any], length: str) -> None:
    assert said("text-to-video", duration=duration) == f"Makes a video{length}."
    assert said("text-to-image", duration=duration) == "Makes a picture."
