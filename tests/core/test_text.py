from __future__ import annotations

import enum
import io
import pathlib
import re

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcomfy_core.text import one_line, shown, words
from runcomfy_core.unset import UNSET


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


@attrs.define
class Input:
    """As a model's is."""

    prompt: str
    image_urls: object = UNSET
    secret: str = attrs.field(default="s3cret", repr=False)


class Odd:
    """A repr of several lines."""

    def __repr__(self) -> str:
        return "one\n  two\x1b[31m"


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


class Hostile:
    @property
    def read(self) -> object:
        raise RuntimeError("nobody looks here")


class Shade(enum.StrEnum):
    RED = "red"


PNG = b"\x89PNG" * 1000


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("a  b\n", r"'a  b\n'"),
        ("x" * 200, f"'{'x' * 78}…"),
        ("\ud800", r"'\ud800'"),
        (5, "5"),
        (True, "True"),
        (None, "None"),
        (1.5, "1.5"),
        pytest.param(1 << 60_000, "<int of 60,001 bits>", id="too long for Python to write"),
        (PNG, "<bytes>"),
        (bytearray(PNG), "<bytearray>"),
        (memoryview(PNG), "<memoryview>"),
        (io.BytesIO(PNG), "<BytesIO>"),
        ([PNG, "a", pathlib.PurePosixPath("a.png")], "[<bytes>, 'a', PurePosixPath('a.png')]"),
        ({"a": {"b": (PNG,)}}, "{'a': {'b': (<bytes>,)}}"),
        (Input("p", [PNG]), "Input(prompt='p', image_urls=[<bytes>])"),
        (Input("p"), "Input(prompt='p')"),
        ([[[[Input("p", [PNG])]]]], "[[[[Input(…)]]]]"),
        ([1, [2, [3, [4, [5]]]]], "[1, [2, [3, [4, […]]]]]"),
        ([0] * 10_000, f"[{'0, ' * 20}…]"),
        (Odd(), "one two [31m"),
        (Broken(), "<Broken>"),
        ([Broken()], "[<Broken>]"),
        (Hostile(), "<Hostile>"),
        (UNSET, "UNSET"),
        (float("nan"), "nan"),
        (-(10**30), "-1000000000000000000000000000000"),
        (Shade.RED, "<Shade.RED: 'red'>"),
        ("\x01" * 80, "'" + r"\x01" * 19 + r"\x…"),
    ],
)
def test_a_value_is_shown_short(value: object, line: str) -> None:
    assert re.sub(r"<Broken instance at 0x\w+>", "<Broken>", shown(value)) == line


def test_as_short_as_is_asked() -> None:
    assert shown("x" * 50, 10) == "'xxxxxxxx…"
    assert shown(list(range(50)), 10) == "[0, 1, 2,…"
