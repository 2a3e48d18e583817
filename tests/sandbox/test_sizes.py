from __future__ import annotations

from typing import Any

import pytest

from runcomfy_sandbox.sizes import picture_size


@pytest.mark.parametrize(
    ("settings", "size"),
    [
        ({}, (1024, 1024)),
        ({"image_size": "1024*1024 (1:1)"}, (1024, 1024)),
        ({"image_size": "1280*720 (16:9)"}, (1280, 720)),
        ({"image_size": "800x1200"}, (800, 1200)),
        ({"image_size": "landscape_4_3"}, (1024, 1024)),
        ({"image_size": "99999*1"}, (4096, 1)),
        ({"image_size": "0*0"}, (1, 1)),
        ({"image_size": "10*99999999"}, (1024, 1024)),
        ({"image_size": None}, (1024, 1024)),
        ({"width": 640, "height": 480}, (640, 480)),
        ({"width": 640, "height": 480, "image_size": "1*1"}, (640, 480)),
        ({"width": 10**9, "height": -5}, (4096, 1)),
        ({"width": 640}, (1024, 1024)),
        ({"width": True, "height": True}, (1024, 1024)),
        ({"width": 640.0, "height": "480"}, (1024, 1024)),
        ({"aspect_ratio": "16:9"}, (1024, 576)),
        ({"aspect_ratio": "9:16"}, (576, 1024)),
        ({"aspect_ratio": "21:9"}, (1024, 439)),
        ({"aspect_ratio": "1:9999"}, (1, 1024)),
        ({"aspect_ratio": "auto"}, (1024, 1024)),
        ({"aspect_ratio": "0:1"}, (1024, 1024)),
    ],
)
def test_picture_size(settings: dict[str, Any], size: tuple[int, int]) -> None:
    assert picture_size(settings) == size
