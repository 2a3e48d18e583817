from __future__ import annotations

import base64
import decimal
import enum
import hashlib
import json
import pathlib
import sys
import types
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_client import TOKEN, picture

from runcomfy_core.files.local import Content
from runcomfy_core.journal.texts import (
    condensed,
    digest,
    first_format_digest,
    first_format_digests,
    json_text,
    plain,
    wire_input,
)
from runcomfy_core.media.encode import encode


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


class Number(enum.IntEnum):
    ONE = 1


class Word(enum.StrEnum):
    A = "a"


class Verbose(int):
    def __repr__(self) -> str:
        return "one"


class Float64(float):
    """As numpy's, which is a float that shows itself otherwise."""

    def __repr__(self) -> str:
        return f"np.float64({float(self)!r})"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"a": (1, 2)}, {"a": [1, 2]}),
        ({"a": {}}, {"a": types.MappingProxyType({})}),
        ({"a": 1}, {"a": 1.0}),
        ({"a": 0}, {"a": -0.0}),
        ({"a": 0.0}, {"a": -0.0}),
        ({"a": 1000}, {"a": 1e3}),
        ({"a": 10**22}, {"a": 1e22}),
        ({"a": -(2**53)}, {"a": -(2.0**53)}),
        ({"a": int(sys.float_info.max)}, {"a": sys.float_info.max}),
        ({"a": [{"b": [1, {"c": -2}]}]}, {"a": [{"b": [1.0, {"c": -2.0}]}]}),
        ({"a": 0.1}, {"a": 1e-1}),
        ({"a": 1}, {"a": Number.ONE}),
        ({"a": 1}, {"a": Verbose(1)}),
        ({"a": 1}, {"a": Float64(1)}),
        ({"a": 0.5}, {"a": Float64(0.5)}),
        ({"a": "a"}, {"a": Word.A}),
        ({"\U0001f600": "é"}, {"\U0001f600": "é"}),
    ],
)
def test_what_counts_as_the_same(one: Any, other: Any) -> None:
    assert digest("a/b", one) == digest("a/b", other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1}, {"a": "1"}),
        ({"a": 1}, {"a": True}),
        ({"a": 1.0}, {"a": True}),
        ({"a": 0}, {"a": False}),
        ({"a": 0}, {"a": None}),
        ({"a": 0}, {"a": ""}),
        ({"a": [1, 2]}, {"a": [2, 1]}),
        ({"a": [1, 2]}, {"a": [12]}),
        ({}, {"a": None}),
        ({"a": 2**53}, {"a": 2**53 + 1}),
        ({"a": 2.0**53}, {"a": 2**53 + 1}),
        ({"a": 10**400}, {"a": 10**400 + 1}),
        ({"a": 0.1}, {"a": 0.1 + 1e-17 + 1e-16}),
        ({"a": 1.5}, {"a": 1}),
        # JSON Schema compares texts letter by letter, and does not put accents together.
        ({"a": "é"}, {"a": "e\u0301"}),
        ({"é": 1}, {"e\u0301": 1}),
    ],
)
def test_what_counts_as_another(one: Any, other: Any) -> None:
    assert digest("a/b", one) != digest("a/b", other)


def test_what_earlier_versions_took_for_another_is_known() -> None:
    first = first_format_digest
    found = first_format_digests("a/b", {"a": 1, "b": [0.5, {"c": 2.0}]})
    assert set(found) == {
        first("a/b", {"a": a, "b": [0.5, {"c": c}]}) for a in (1, 1.0) for c in (2, 2.0)
    }
    assert set(first_format_digests("a/b", {"a": 0})) == {
        first("a/b", {"a": zero}) for zero in (0, 0.0, -0.0)
    }
    assert first_format_digests("a/b", {"a": "x"}) == (first("a/b", {"a": "x"}),)
    assert len(first_format_digests("a/b", {"a": 2**53 + 1, "b": 10**400})) == 1


def test_an_input_of_many_numbers_is_looked_for_in_few_ways() -> None:
    numbers = [float(number) for number in range(1, 5000)]
    mixed = [*numbers[:-1], 7]
    found = set(first_format_digests("a/b", {"a": mixed}))
    ways = (mixed, [*numbers[:-1], 7.0], [int(number) for number in mixed])
    assert found == {first_format_digest("a/b", {"a": way}) for way in ways}


def test_another_model_is_another_submission() -> None:
    assert digest("a/b", {}) != digest("a/c", {})


@pytest.mark.parametrize(
    "value",
    [
        pathlib.PurePath("a.png"),
        float("nan"),
        float("inf"),
        decimal.Decimal(1),
        object(),
        {1: 2, "a": 3},
    ],
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
