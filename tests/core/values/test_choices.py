from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcomfy_core.text import shown
from runcomfy_core.values.choices import offered

SIZES = ("1024*1024 (1:1)", "1280*720 (16:9)", "720*1280 (9:16)")
MODES = ("Standard", "professional", "4k")


@pytest.mark.parametrize(
    ("value", "members", "meant"),
    [
        ("16:9", SIZES, SIZES[1]),  # a part
        ("standard", MODES, "Standard"),  # another case
        ("1024x1024", SIZES, SIZES[0]),  # the same numbers
        ("a picture of 1280 x 720", SIZES, SIZES[1]),
        ("1024*1024 (1:2)", SIZES, SIZES[0]),
        ("16x9", ("16:9", "9:16"), "16:9"),
        ("2k 1:1", ("1k 2:3", "2k 1:1 hd", "2k 1:1 sd"), "2k 1:1 hd"),  # a part before numbers
        ("2 x 1", ("2:1 hd", "2:1 sd"), None),  # of two that begin so, neither
        ("profesional", MODES, "professional"),  # spelling
        ("7", SIZES, "1280*720 (16:9)"),
        ("e\nm", ("one", "more"), None),  # not a part of one, though of both
        ("zzz", MODES, None),
        ("", MODES, None),
        (5, MODES, None),
        ("auto", (1, 2), None),
        ("auto", ([1], {"a": 2}, "Auto"), "Auto"),
    ],
)
def test_what_was_meant(value: object, members: Any, meant: str | None) -> None:
    hint = f"did you mean {meant!r}? " if meant else ""
    assert offered(value, members) == f"{hint}allowed are {', '.join(map(repr, members))}"


def test_values_that_are_equal_are_told_apart() -> None:
    assert offered("x", (1, 0)) == "allowed are 1, 0"
    assert offered("x", (True, False)) == "allowed are True, False"
    assert offered("x", (1.0, 0.0)) == "allowed are 1.0, 0.0"


def test_lists_are_told_apart_when_there_were_many() -> None:
    for count in range(600):
        members = (f"a{count}", [count])  # new each time, where an older one may have stood
        assert offered("zzz", members) == f"allowed are 'a{count}', [{count}]"


@given(st.text(), st.lists(st.text() | st.integers(), max_size=10))
def test_a_hint_is_one_of_them(value: str, members: list[Any]) -> None:
    said = offered(value, tuple(members))
    assert said.endswith(f"allowed are {', '.join(map(shown, members))}")
    if said.startswith("did you mean"):
        assert any(said.startswith(f"did you mean {shown(member)}? ") for member in members)


VOICES = tuple(f"voice-{number}" for number in range(9_999))


@pytest.mark.parametrize(
    ("value", "members", "words"),
    [
        (
            "voice-77x",
            VOICES,
            (
                "did you mean 'voice-77'? allowed are 'voice-77', 'voice-977', 'voice-877', "
                "'voice-797', 'voice-787', 'voice-779', 'voice-778', 'voice-777', 'voice-776', "
                "'voice-775' and 9,989 more"
            ),
        ),
        (
            "zzz",
            ("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"),
            "allowed are 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j' and 1 more",
        ),
        (
            50.4,
            (*range(0, 1000, 10), "auto"),
            "allowed are 50, 60, 40, 70, 30, 80, 20, 90, 10, 100 and 91 more",
        ),
        (
            True,
            tuple(range(11)),
            "allowed are 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 1 more",
        ),
        (
            10**400,
            (*(number / 2 for number in range(20)),),
            "allowed are 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5 and 10 more",
        ),
    ],
)
def test_of_a_long_list_the_nearest_are_named(value: object, members: Any, words: str) -> None:
    assert offered(value, members) == words


@given(st.text() | st.integers() | st.floats(), st.lists(st.text() | st.integers(), unique=True))
def test_a_message_is_short_whatever_the_list(value: object, members: list[Any]) -> None:
    said = offered(value, tuple(members))
    assert len(said) <= 12 * 90
    if len(members) > 10:
        assert said.endswith(f" and {len(members) - 10} more")


@pytest.mark.timeout(20)
def test_a_long_list_of_long_values_takes_little_time() -> None:
    members = tuple(f"{number} x {number}: " + "v" * 1000 for number in range(9_999))
    for value in ("5 x 5", "x" * 50_000_000, 5, None):
        assert len(offered(value, members)) <= 12 * 90


@pytest.mark.timeout(10)
def test_a_whole_prompt_in_the_place_of_a_choice_takes_no_time() -> None:
    for text in ("1" * 1_000_000, "1 " * 500_000, "x" * 1_000_000):
        assert offered(text, SIZES).endswith(repr(SIZES[-1]))
