from __future__ import annotations

import datetime as dt
import io
import json
import pathlib
import types
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runcomfy import errors
from runcomfy_core.media.encode import encode


def sent(body: Any) -> bytes:
    return b"".join(encode("a/b", body))


def problems(body: Any) -> list[tuple[str, str]]:
    with pytest.raises(errors.InvalidInput) as caught:
        encode("a/b", body)
    assert caught.value.model_id == "a/b"
    return [(problem.path, problem.message) for problem in caught.value.problems]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text() | st.floats(width=32),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60)
@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_what_is_json_arrives_as_it_is(body: dict[str, Any]) -> None:
    try:
        text = json.dumps(body, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, UnicodeEncodeError):
        assert problems(body)
    else:
        assert sent(body) == text


def test_other_mappings_and_tuples_are_taken() -> None:
    body = types.MappingProxyType({"size": (1, 2), "두": types.MappingProxyType({})})
    assert sent(body) == '{"size": [1, 2], "두": {}}'.encode()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("nan"), "nan is not JSON"),
        (float("-inf"), "-inf is not JSON"),
        ("\ud800", "has half a surrogate pair in it"),
        (b"", "is empty"),
        (
            io.BytesIO(b"x" * 50_331_649),
            (
                "is too large to be sent in the request, which may have 64 MiB in all: "
                "50,331,649 bytes and more; upload it and pass its URL"
            ),
        ),
        (pathlib.Path("none.png"), "there is no such file: none.png"),
        (
            io.StringIO("x"),
            (
                "a StringIO is not JSON; it is a file opened as text; open it in binary: "
                'open(name, "rb")'
            ),
        ),
        (
            dt.date(2026, 1, 1),
            "a date is not JSON; pass a text, such as value.isoformat()",
        ),
        ({1, 2}, "a set is not JSON; pass a list"),
        (object(), "a object is not JSON"),
        (2**1025, "is too long"),
        ({1: "x"}, "has the key 1, and a key must be a text"),
        ({"\udfff": "x"}, "has the key '\\udfff', and a key must be a text"),
    ],
)
def test_what_is_not_json_is_named(value: object, message: str) -> None:
    assert problems({"a/~b": [0, value]}) == [("/a~1~0b/1", message)]


def test_everything_wrong_is_named_at_once() -> None:
    body = {"a": float("nan"), "b": {"c": [b"", b"x", b""]}, "d": "fine"}
    assert [path for path, _ in problems(body)] == ["/a", "/b/c/0", "/b/c/2"]


def test_a_cycle_and_a_depth_without_end() -> None:
    cycle: list[object] = []
    cycle.append({"again": cycle})
    assert problems({"x": cycle}) == [("/x/0/again", "holds itself")]
    deep: object = 1
    for _ in range(5000):
        deep = [deep]
    [(path, message)] = problems({"x": deep})
    assert path.count("/") == 100
    assert message == "is nested too deeply"


def test_the_same_list_twice_is_no_cycle() -> None:
    shared = [1]
    assert sent({"x": shared, "y": [shared, shared]}) == b'{"x": [1], "y": [[1], [1]]}'


@pytest.mark.parametrize("body", [None, [], "text", 3])
def test_a_body_is_a_mapping(body: object) -> None:
    assert problems(body) == [
        ("", "must be a mapping of field to value; for an Input, call its own model's submit")
    ]


def test_a_body_has_at_most_64_mib() -> None:
    room = 64 * 1024 * 1024 - len('{"x": ""}')
    assert encode("a/b", {"x": "y" * room}).length == 64 * 1024 * 1024
    assert problems({"x": "y" * (room + 1)}) == [
        ("", "has 67,108,865 bytes as JSON; a request may have 64 MiB")
    ]
    half = bytes(30_000_000)
    [(path, message)] = problems({"x": [half, half, b"small"]})
    assert path == "/x/1"
    assert "is too large to be sent" in message
