from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from support_json import JSON

from runcomfy_codegen.jsontext import JsonTextError, identity, parse, pointer, same


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
        (b'{"a": [1,\n]}', "", " at line 2, column 1; take away the comma before the ]"),
        (b'{"a": 1, }', "", " at line 1, column 10; take away the comma before the }"),
        (b'{"a": NaN}', "", "NaN is not a JSON number"),
        (b'{"a": -Infinity}', "", "-Infinity is not a JSON number"),
        (b'{"a": 1, "a": 2}', "", "the key 'a' stands twice"),
        (b'{"x": [0, {"a~/b": {"k": 1, "k": 2}}]}', "/x/1/a~0~1b", "the key 'k' stands twice"),
        (b"[" * 100_000, "", "nests too deep"),
        (b"[" * 101 + b"]" * 101, "/0" * 100, "nests too deep: 100 levels are the most"),
        (b"[" * 400 + b"]" * 400, "/0" * 100, "nests too deep"),
        (b'{"a": ' * 300 + b"1" + b"}" * 300, "/a" * 100, "nests too deep"),
        (b'{"a": [1, ' + b"1" * 4301 + b"]}", "/a/1", "is a number of more than 4300 digits"),
        (b'{"a": -' + b"1" * 4301 + b"}", "/a", "is a number of more than 4300 digits"),
        (b'{"a": 1e999}', "/a", "is a number beyond what a double can hold"),
        (b'{"a": -1e999}', "/a", "is a number beyond what a double can hold"),
        (b'{"a": ["\\ud800"]}', "/a/0", "holds half a surrogate pair"),
        (b'{"\\udfff": 1}', "", "holds half a surrogate pair"),
        (b'{"a": "\xed\xa0\x80"}', "", "is not UTF-8: bad byte at offset 7"),
        (b" " * (4 * 1024 * 1024 + 1), "", "has more than 4194304 bytes"),
    ],
)
def test_what_is_not_sound_json_is_named(data: bytes, place: str, message: str) -> None:
    with pytest.raises(JsonTextError) as caught:
        parse(data)
    assert caught.value.pointer == place
    assert message in caught.value.message


def test_what_is_just_within_the_limits_is_read() -> None:
    assert parse(b" " * (4 * 1024 * 1024 - 1) + b"1") == 1
    assert parse(b"[" * 100 + b"]" * 100)
    assert parse(b"-" + b"1" * 4300) == -int("1" * 4300)
    assert parse(b'"\\ud83d\\ude00"') == "\U0001f600"


@given(JSON, JSON)
def test_an_identity_is_equal_where_two_values_are(one: Any, other: Any) -> None:
    assert (identity(one) == identity(other)) == same(one, other)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [(1, True, False), (1, 1.0, True), ([0], [False], False), ({"a": [1]}, {"a": [1.0]}, True)],
)
def test_an_identity_is_json_s(one: Any, other: Any, *, equal: bool) -> None:
    assert (identity(one) == identity(other)) is equal
    assert same(one, other) is equal


def test_pointer_escapes() -> None:
    assert pointer("a/b", 0, "c~d") == "/a~1b/0/c~0d"
