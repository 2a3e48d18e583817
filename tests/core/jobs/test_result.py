from __future__ import annotations

from typing import Any

import pytest

from runcomfy import Result


def result(**raw: Any) -> Result[None]:
    return Result("r-1", None, raw)


def test_what_the_answer_says_besides() -> None:
    full = result(created_at="2026-09-01T00:00:00Z", finished_at="2026-09-01T00:01:00Z", cost=0.03)
    assert full.created_at == "2026-09-01T00:00:00Z"
    assert full.finished_at == "2026-09-01T00:01:00Z"
    assert full.cost == pytest.approx(0.03)
    assert repr(full) == "Result(request_id='r-1', output=None)"


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), None, True, "0.03", [], {}, 10**400])
def test_what_it_says_in_another_type_is_none(odd: Any) -> None:
    strange = result(created_at=7, finished_at=[], cost=odd)
    assert strange.created_at is None
    assert strange.finished_at is None
    assert strange.cost is None
    assert result().cost is None


def test_a_whole_cost_is_a_float() -> None:
    cost = result(cost=2).cost
    assert (cost, type(cost)) == (2.0, float)


@pytest.mark.parametrize(
    ("output", "urls"),
    [
        ("https://x/a.png", ("https://x/a.png",)),
        (["https://x/b.png", "http://x/a.png"], ("https://x/b.png", "http://x/a.png")),
        (
            {"videos": ["https://x/1"], "note": "text", "more": {"image": "https://x/2", "n": 3}},
            ("https://x/1", "https://x/2"),
        ),
        (
            {"image": "https://x/1", "images": ["https://x/2", "https://x/1", "https://x/2"]},
            ("https://x/1", "https://x/2"),
        ),
        (None, ()),
        ({"image": "data:image/png;base64,AAAA"}, ()),
    ],
)
def test_urls_are_found_in_order(output: object, urls: tuple[str, ...]) -> None:
    assert result(output=output).urls == urls


def test_urls_are_found_at_any_depth() -> None:
    nested: object = "https://x/a.png"
    for _ in range(100_000):
        nested = [nested]
    assert result(output=nested).urls == ("https://x/a.png",)
    while isinstance(nested, list):  # taken apart here: the interpreter may do it recursively
        nested = nested.pop()
