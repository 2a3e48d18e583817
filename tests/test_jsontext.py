from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runcomfy_codegen.jsontext import JsonTextError, parse, pointer

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)  # fmt: skip


@given(JSON)
def test_parse_reads_what_json_writes(value: Any) -> None:
    assert parse(json.dumps(value).encode()) == value


def test_a_byte_order_mark_is_no_text() -> None:
    assert parse(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


@pytest.mark.parametrize(
    ("data", "place", "message"),
    [
        (b'{"a": \xff}', "", "is not UTF-8: bad byte at offset 6"),
        (b'{"a": }', "", "is not JSON: Expecting value at line 1, column 7"),
        (b"", "", "is not JSON: Expecting value at line 1, column 1"),
        (b'{"a": NaN}', "", "NaN is not a JSON number"),
        (b'{"a": -Infinity}', "", "-Infinity is not a JSON number"),
        (b'{"a": 1, "a": 2}', "", "the key 'a' stands twice"),
        (b'{"x": [0, {"a~/b": {"k": 1, "k": 2}}]}', "/x/1/a~0~1b", "the key 'k' stands twice"),
        (b"[" * 100_000, "", "nests too deep"),
        (b"[" * 960 + b"]" * 960, "", "nests too deep"),
        (b"1" * 5000, "", "is not JSON: Exceeds the limit"),
    ],
)
def test_what_is_not_sound_json_is_named(data: bytes, place: str, message: str) -> None:
    with pytest.raises(JsonTextError) as caught:
        parse(data)
    assert caught.value.pointer == place
    assert message in caught.value.message


def test_pointer_escapes() -> None:
    assert pointer("a/b", 0, "c~d") == "/a~1b/0/c~0d"
