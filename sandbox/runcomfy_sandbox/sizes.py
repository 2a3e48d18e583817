"""The picture size that an input asks for, which models express in three ways."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Mapping

LONG_SIDE = 1024
"""The length of the long side, in pixels, if only an aspect ratio was given."""
LARGEST = 4096
"""The longest side of any picture, in pixels."""

# A size such as "1024*1024 (1:1)". Some pages write x instead of the asterisk.
_PIXELS = re.compile(r"\s*(\d{1,6})\s*[*xX]\s*(\d{1,6})(?!\d)")
_RATIO = re.compile(r"\s*([1-9]\d{0,3})\s*:\s*([1-9]\d{0,3})\s*")


def picture_size(settings: Mapping[str, Any]) -> tuple[int, int]:
    """Return width and height in pixels, each from 1 to `LARGEST`.

    Args:
        settings: An input with its defaults. It has integers ``width`` and ``height``, or an
            ``image_size`` such as ``1280*720 (16:9)``, or an ``aspect_ratio`` such as ``16:9``.
            Otherwise the picture is a square.
    """
    width, height = settings.get("width"), settings.get("height")
    if _is_count(width) and _is_count(height):
        return _bounded(width), _bounded(height)
    pixels = _PIXELS.match(str(settings.get("image_size", "")))
    if pixels:
        return _bounded(int(pixels[1])), _bounded(int(pixels[2]))
    ratio = _RATIO.fullmatch(str(settings.get("aspect_ratio", "")))
    if ratio:
        across, down = int(ratio[1]), int(ratio[2])
        scale = LONG_SIDE / max(across, down)
        return _bounded(round(across * scale)), _bounded(round(down * scale))
    return LONG_SIDE, LONG_SIDE


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _bounded(pixels: int) -> int:
    return max(1, min(pixels, LARGEST))
