from __future__ import annotations

from typing import Any

import pytest
from runcomfy._media.places import find
from runcomfy._media.rules import EACH, MediaField
from runcomfy._media.static import private_problems

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
