from __future__ import annotations

import base64
import hashlib
import json
import pathlib
import types
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runcomfy._encode import encode
from runcomfy._journal.texts import condensed, digest, json_text, plain, wire_input
from runcomfy._media.local import Content
from support_client import TOKEN, picture


def without_token(text: str) -> str:
    return text.replace(TOKEN, "[token]")


def as_data(content: bytes, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_a_digest_is_what_it_says() -> None:
    body = {"prompt": "고양이", "seed": 7, "image_urls": ["https://h/a.png"]}
    text = '["a/b",{"image_urls":["https://h/a.png"],"prompt":"\\uace0\\uc591\\uc774","seed":7}]'
    assert digest("a/b", body) == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": (1, 2)}, {"a": [1, 2]}, True),
        ({"a": {}}, {"a": types.MappingProxyType({})}, True),
        ({"a": 1}, {"a": 1.0}, False),
        ({"a": 1}, {"a": "1"}, False),
        ({"a": 1}, {"a": True}, False),
        ({"a": [1, 2]}, {"a": [2, 1]}, False),
        ({}, {"a": None}, False),
    ],
)
def test_what_counts_as_the_same(one: Any, other: Any, same: bool) -> None:  # noqa: FBT001 - a table
    assert (digest("a/b", one) == digest("a/b", other)) is same


def test_another_model_is_another_submission() -> None:
    assert digest("a/b", {}) != digest("a/c", {})


@pytest.mark.parametrize(
    "value", [pathlib.PurePath("a.png"), float("nan"), object(), {1: 2, "a": 3}]
)
def test_what_is_not_json_has_no_digest(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        digest("a/b", {"a": value})


def test_a_file_has_one_digest_however_it_is_given(tmp_path: pathlib.Path) -> None:
    content = picture()
    path = tmp_path / "a.png"
    path.write_bytes(content)
    stand_in = f"data:image/png;sha256={hashlib.sha256(content).hexdigest()};bytes={len(content)}"
    given: list[object] = [
        as_data(content),
        content,
        bytearray(content),
        memoryview(content),
        Content(content),
        stand_in,
    ]
    assert {digest("a/b", {"image_urls": [one]}) for one in given} == {
        digest("a/b", wire_input(encode("a/b", {"image_urls": [path]})))
    }
    assert condensed(tuple(given)) == [stand_in] * len(given)


def test_the_body_of_a_request_as_an_input() -> None:
    content = picture()
    body = {
        "prompt": 'a "quote" \\ 두',
        "image_urls": [content, "https://h/a.png"],
        "mask": content,
    }
    found = wire_input(encode("a/b", body))
    assert found == condensed(body)
    assert found["prompt"] == body["prompt"]


@pytest.mark.parametrize(
    "text",
    ["data: the new oil", "data:image/png;base64,@@@", "datum", "", "https://h/data:image/png,x"],
)
def test_prose_stays_as_it_is(text: str) -> None:
    assert condensed({"prompt": text}) == {"prompt": text}


@settings(max_examples=80)
@given(JSON)
def test_stored_json_is_what_it_was(value: object) -> None:
    text = json_text(value, lambda text: text)
    assert text.isascii()
    assert json.loads(text) == value


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ({"a": f"x{TOKEN}y"}, {"a": "x[token]y"}),
        ({TOKEN: 1}, {"[token]": 1}),
        ([{"a": [TOKEN, 'say "\\' + TOKEN]}], [{"a": ["[token]", 'say "\\[token]']}]),
        ({"a": "\ud800"}, {"a": "\ud800"}),
    ],
)
def test_stored_json_is_masked(value: object, stored: object) -> None:
    text = json_text(value, without_token)
    assert TOKEN not in text
    assert json.loads(text) == stored


def test_a_token_that_json_escapes_is_masked_too() -> None:
    text = json_text(
        {"a": 'key"with\\both'}, lambda text: text.replace('key"with\\both', "[token]")
    )
    assert json.loads(text) == {"a": "[token]"}


def test_a_deep_answer_is_masked() -> None:
    value: object = TOKEN
    for _ in range(200):
        value = [value]
    assert TOKEN not in json_text(value, without_token)


def test_a_plain_text() -> None:
    assert plain(f"a {TOKEN} \ud800", without_token) == "a [token] ?"
