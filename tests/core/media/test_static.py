from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcomfy_core.media.places import find
from runcomfy_core.media.rules import EACH, MediaField
from runcomfy_core.media.static import private_problems, seem_public

FIELD = MediaField(("x", EACH), "image")


def problems(*values: Any) -> list[tuple[str, str, object]]:
    found = private_problems(find([FIELD], {"x": values}))
    return [(one.path, one.rule, one.actual) for one in found]


def test_what_the_api_could_fetch_has_no_problem() -> None:
    assert problems("https://example.com/a", "data:image/png;base64,eA==", b"x", None, "none") == []


@pytest.mark.parametrize(
    "url", ["http://example.com/a", "https://127.0.0.1/a", "https://nas/a", "https://[fe80::1]/a"]
)
def test_what_it_could_not_has_one(url: str) -> None:
    assert problems("https://example.com/a", f"{url}?secret=1") == [("/x/1", "public", url)]


@pytest.mark.parametrize(
    "value",
    [
        "https://example.com/a",
        ["https://a.b.example.com/a?b", None],
        ("https://a-b.io/",),
        [],
        None,
    ],
)
def test_at_a_glance_plain_urls_are_public(value: Any) -> None:
    assert seem_public({"x": value, "prompt": "p"}, ("x", "left_out"))


@pytest.mark.parametrize(
    "value",
    [
        "http://example.com/a",
        "https://nas.local/a",
        "https://localhost/a",
        "https://a.localhost/a",
        "https://a.internal/",
        "https://a.home.arpa/",
        "https://10.0.0.1/a",
        "https://0x7f.0x1/a",
        "https://[::1]/a",
        "https://a.com@nas.local/",
        "https://a.com\\@nas.local/",
        ["https://example.com/a", "https://nas.local/a"],
        [["https://nas.local/a"]],
        {"url": "https://nas.local/a"},
        b"content",
    ],
)
def test_all_else_needs_a_closer_look(value: Any) -> None:
    assert not seem_public({"x": value}, ("x",))


def test_so_does_what_is_no_dict_or_may_stand_anywhere() -> None:
    assert not seem_public(FIELD, ("x",))
    assert not seem_public({"any": "https://nas.local/a"}, (EACH,))


@given(
    st.from_regex(
        r"https?://([A-Za-z0-9_.-]|%|@|:|\\|한|\.(local|internal|home\.arpa|localhost|com))"
        r"{1,8}[/?#]?[ -~]{0,3}",
        fullmatch=True,
    )
)
def test_a_glance_misses_no_private_url(url: str) -> None:
    if seem_public({"x": [url]}, ("x",)):
        assert problems(url) == []


@pytest.mark.timeout(10)
def test_a_glance_takes_no_time() -> None:
    for text in ("https://" + "a." * 500_000, "https://" + "a" * 1_000_000, "a" * 1_000_000):
        assert not seem_public({"x": text}, ("x",))
