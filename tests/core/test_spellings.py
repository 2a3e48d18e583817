from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_client import TOKEN
from support_spellings import SPELLINGS, WIDE, shows

from runcomfy_core.config import Token
from runcomfy_core.spellings import Spellings

OURS = Spellings(TOKEN)
ALL = SPELLINGS | WIDE


@pytest.mark.parametrize("name", ALL)
def test_spellings(name: str) -> None:
    spelt = ALL[name]
    assert shows(spelt)
    around = ("an error: <", "> is no token")
    masked = OURS.masked(spelt.join(around))
    assert not shows(masked)
    if "Base64" in name:  # what stands before and after it is in its letters, too
        assert masked.startswith(around[0])
        assert masked.endswith(around[1])
        assert "[token]" in masked
    else:
        assert masked.replace("\\[", "[") == "[token]".join(around)
    assert OURS.masked(f"{spelt}?{spelt}").count("[token]") == 2


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("before", [0, 1, 5])
def test_no_cut_leaves_half_of_it(name: str, before: int) -> None:
    spelt = ALL[name]
    text = "x" * before + spelt + "y" * 40
    for limit in range(len(text) + 2):
        masked = OURS.masked(text, limit)
        assert not shows(masked)
        assert masked[:before] == "x" * min(before, limit)
        if limit > before + 2 and "Base64" not in name:
            assert masked[before:].lstrip("\\").startswith("[token]")


def test_a_text_without_it_is_as_it_was() -> None:
    for text in (
        "",
        "rc-",
        TOKEN[:-1],
        "\\u0041 100 % & \\ %zz %4 &#; &#x; &amp; \ud83d",
        "x" * 200_000,
    ):
        assert OURS.masked(text) == text
        assert OURS.masked(text, 3) == text[:3]
        assert OURS.masked(text, 0) == ""


@given(st.text(st.characters(codec=None)), st.integers(0, 50))
def test_any_text(text: str, limit: int) -> None:
    assert OURS.masked(text) == text
    assert OURS.masked(text, limit) == text[:limit]
    masked = OURS.masked(text + "." + TOKEN.upper() + "." + text)
    assert masked == f"{text}.[token].{text}"


def test_it_is_found_at_any_place_of_a_long_text() -> None:
    for place in (0, 65_530, 65_536, 131_071, 200_000):
        text = "x" * place + SPELLINGS["JSON"] + "x" * 100_000
        assert OURS.masked(text) == "x" * place + "[token]" + "x" * 100_000


def test_a_text_that_is_full_of_it() -> None:
    masked = OURS.masked(SPELLINGS["JSON"] * 20_000)
    assert set(masked) == set("[token]")
    assert len(masked) < 200_000


def test_what_somebody_else_has_cut() -> None:
    for length in range(6, len(TOKEN)):
        assert OURS.masked(f"bad: {TOKEN[:length]}… (of 3)") == "bad: [token]… (of 3)"
        assert OURS.masked(f"bad: {TOKEN[:length].upper()}…") == "bad: [token]…"
    assert OURS.masked("an rc-… and …") == "an rc-… and …"


def test_letters_that_become_those_of_the_token() -> None:
    """A Kelvin sign is a k in small letters, and a state is shown in small letters."""
    spellings = Spellings("kelvin-kk")
    assert spellings.masked("\N{KELVIN SIGN}elvin-K\N{KELVIN SIGN}").lower() == "[token]"
    assert spellings.masked("İİ kelvin-kk İ") == "İİ [token] İ"


def test_characters_that_need_escapes() -> None:
    token = """a/b+c=d"e'f\\g<h>&i%j"""
    spellings = Spellings(token)
    for spelt in (
        token,
        "a\\/b+c=d\\\"e'f\\\\g<h>&i%j",
        "a/b+c=d&quot;e&apos;f\\g&lt;h&gt;&amp;i%j",
        "a%2Fb%2Bc%3Dd%22e%27f%5Cg%3Ch%3E%26i%25j",
    ):
        assert spellings.masked(f"({spelt})") == "([token])"


def test_short_tokens_and_exact_ones() -> None:
    short = Token("abc", "a test")
    assert short.mask("abc ABC") == short.mask_exactly("abc ABC") == "abc ABC"
    assert short.mask("abc ABC", 5) == "abc A"
    token = Token(TOKEN, "a test")
    assert token.mask_exactly(f"{TOKEN} {TOKEN.upper()}") == f"[token] {TOKEN.upper()}"
    assert "SECRET" not in repr([*token._spellings._words] if token._spellings else [])
    token.mask(TOKEN)
    assert token._spellings is not None
    assert "SECRET" not in repr(token._spellings._words)
