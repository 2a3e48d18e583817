from __future__ import annotations

from typing import Any

import pytest

from runcomfy_core.media.report import MediaItem, Unchecked
from runcomfy_core.media.rules import MediaRule

NOTHING: dict[str, Any] = {
    "path": "/x", "type": None, "size": None, "width": None, "height": None, "duration": None,
    "fps": None, "bytes_read": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("metric", "known", "measured"),
    [
        ("file_size_mb", {"size": 1_048_576}, 1.0),
        ("file_size_mb", {"size": 10_475_274}, 9.99),
        ("width_pixels", {"width": 300}, 300),
        ("height_pixels", {"height": 300}, 300),
        ("width/height", {"width": 40, "height": 100}, 0.4),
        ("width/height", {"width": 40}, None),
        ("width/height", {"width": 40, "height": 0}, None),
        ("duration_seconds", {"duration": 1.5}, 1.5),
        ("fps", {"fps": 24.0}, 24.0),
        ("fps", {}, None),
    ],
)
def test_a_metric_is_in_its_rule_s_unit(
    metric: Any, known: dict[str, Any], measured: float | None
) -> None:
    assert MediaItem(**NOTHING | known).measured(metric) == (
        measured if measured is None else pytest.approx(measured, abs=1e-6)
    )


@pytest.mark.parametrize(("width", "height"), [(2, 5), (1, 3), (5, 2), (3000, 7500), (16, 9)])
def test_a_ratio_is_exactly_its_decimal(width: int, height: int) -> None:
    limit = width / height  # the float nearest to it, as the JSON number is
    item = MediaItem(**NOTHING | {"width": width * 7, "height": height * 7})
    measured = item.measured("width/height")
    assert measured is not None
    assert MediaRule("width/height", "<=", limit, "").holds(measured)
    assert not MediaRule("width/height", "<", limit, "").holds(measured)


def test_what_is_unchecked_says_so() -> None:
    told = str(Unchecked("/video_url", "fps<=", 30, "it has no frames"))
    assert told == "/video_url: fps<= 30 is unchecked: it has no frames"
