from __future__ import annotations

from typing import Any

import pytest

from runcomfy_core.media.rules import MediaRule


@pytest.mark.parametrize(
    ("operator", "below", "at", "above"),
    [
        ("<", True, False, False),
        ("<=", True, True, False),
        (">", False, False, True),
        (">=", False, True, True),
    ],
)
@pytest.mark.parametrize("limit", [384, 0.4, 10.0])
def test_strict_means_strict(
    operator: Any, limit: float, below: object, at: object, above: object
) -> None:
    rule = MediaRule("width_pixels", operator, limit, "no")
    assert rule.name == f"width_pixels{operator}"
    assert rule.holds(limit - 0.001) is below
    assert rule.holds(limit) is at
    assert rule.holds(limit + 0.001) is above
