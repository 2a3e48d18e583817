from __future__ import annotations

import io
import pathlib
from typing import Any

import pytest

from runcomfy_core.media.values import broken_media, is_local, is_media

DATA = "data:image/png;base64,iVBORw0K"


@pytest.mark.parametrize(
    "value",
    [
        "https://example.com/a.png",
        "http://127.0.0.1:8000/a.png",
        DATA,
        DATA.replace("data", "DATA"),
        pathlib.Path("a.png"),
        b"\x89PNG",
        bytearray(b"\x89PNG"),
        memoryview(b"\x89PNG"),
        io.BytesIO(b"\x89PNG"),
    ],
)
def test_it_is_media(value: object) -> None:
    assert is_media(value)


@pytest.mark.parametrize(
    ("value", "rule", "limit", "words"),
    [
        ("a.png", "format", "image_uri", "pathlib.Path"),
        ("", "format", "image_uri", "is empty"),
        ("https://", "format", "image_uri", "has no host"),
        ("\ud800", "format", "image_uri", ""),
        ("data:image/png;base64,iVB", "format", "image_uri", "base64"),
        ("data:image/png", "format", "image_uri", "has no comma"),
        (5, "type", "string", "takes a URL, a data: URI, a pathlib.Path, bytes, or a file opened"),
        (None, "type", "string", "not a value of type NoneType"),
        (["https://example.com/a.png"], "type", "string", "not a value of type list"),
        (io.StringIO("a"), "type", "string", 'open it in binary: open(name, "rb")'),
    ],
)
def test_it_is_no_media_and_the_message_says_why(
    value: Any, rule: str, limit: str, words: str
) -> None:
    assert not is_media(value)
    problem = broken_media("/image_urls/1", "image", value)
    assert (problem.path, problem.rule, problem.limit) == ("/image_urls/1", rule, limit)
    assert problem.actual is value
    assert words in problem.message
    assert problem.message


def test_any_kind_of_media_may_be_wanted() -> None:
    assert broken_media("/x", None, "a").limit == "media_uri"


def test_a_text_is_not_local() -> None:
    assert not is_local("https://example.com/a.png")
