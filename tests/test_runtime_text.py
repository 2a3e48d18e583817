from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runcomfy._text import one_line, words


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\r\n\tb", "a b"),
        ("\x1b[31mred\x07", "[31mred"),
        ("두 괴물", "두 괴물"),
        ("half \ud800 a pair", "half a pair"),
        ("right\u202eleft", "right left"),
        ("x" * 400, "x" * 300 + "…"),
        (" " * 5000 + "far", "…"),
        ("", ""),
    ],
)
def test_a_line_is_printable_and_short(text: str, line: str) -> None:
    assert one_line(text) == line


@given(st.text())
def test_every_line_can_be_printed(text: str) -> None:
    line = one_line(text, 20)
    assert line.isprintable()
    assert len(line) <= 21
    line.encode()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("plain", "plain"),
        ({"error_message": "a", "message": "b"}, "a"),
        ({"error_message": "", "message": "b"}, "b"),
        ({"error": {"message": "inner"}}, "inner"),
        ({"detail": ["one", "two"]}, "one; two"),
        ({"detail": [{"loc": ["body", "seed"], "msg": "too big"}]}, "body.seed: too big"),
        ({"detail": [{"loc": "body", "msg": "odd place"}, 3]}, "odd place"),
        ({"other": "x"}, ""),
        ([[[[["too deep"]]]]], ""),
        (None, ""),
        (7, ""),
    ],
)
def test_words_are_found_where_an_api_puts_them(value: object, said: str) -> None:
    assert words(value) == said
