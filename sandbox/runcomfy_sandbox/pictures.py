"""Pictures with text on them, drawn by Pillow."""

from __future__ import annotations

import colorsys
import io
import textwrap
import zlib
from typing import Any

from PIL import ExifTags, Image, ImageDraw, ImageFont

UPRIGHT = 1
"""The EXIF orientation of a picture that is displayed as it is stored."""

_FRAMES = 8
_FRAME_MILLISECONDS = 125
_LARGEST_FONT = 40
_SMALLEST_FONT = 10
_INK = (255, 255, 255)


def png(text: str, size: tuple[int, int], *, compress_level: int = 1) -> bytes:
    """Return a PNG with `text` on it, wrapped; text that doesn't fit is left out.

    Args:
        text: Any text, in any script. Pillow's own font draws boxes for letters that it lacks.
        size: Width and height in pixels.
        compress_level: From 0 (uncompressed) to 9.
    """
    image = _picture(text, size, hue=_hue(text))
    return _encoded(image, "PNG", compress_level=compress_level)


def jpeg(text: str, size: tuple[int, int], *, orientation: int = UPRIGHT) -> bytes:
    """Return a JPEG with `text` on it.

    Args:
        text: Any text.
        size: Width and height in pixels, as stored.
        orientation: The EXIF orientation, from 1 to 8, by which viewers rotate it.
    """
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return _encoded(_picture(text, size, hue=_hue(text)), "JPEG", exif=exif)


def webp(text: str, size: tuple[int, int]) -> bytes:
    """Return a WebP with `text` on it.

    Args:
        text: Any text.
        size: Width and height in pixels.
    """
    return _encoded(_picture(text, size, hue=_hue(text)), "WEBP")


def blank(size: tuple[int, int]) -> bytes:
    """Return a black PNG with one bit for each pixel: the smallest file for its dimensions.

    Args:
        size: Width and height in pixels.
    """
    return _encoded(Image.new("1", size), "PNG")


def gif(text: str, size: tuple[int, int]) -> bytes:
    """Return an animated GIF of one second: `text` on a background that changes its colour.

    Args:
        text: Any text.
        size: Width and height in pixels.
    """
    frames = [_picture(text, size, hue=_hue(text) + step / _FRAMES) for step in range(_FRAMES)]
    return _encoded(
        frames[0],
        "GIF",
        save_all=True,
        append_images=frames[1:],
        duration=_FRAME_MILLISECONDS,
        loop=0,
    )


def _encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    """Return the file; `options` are Pillow's for the format."""
    buffer = io.BytesIO()
    image.save(buffer, format=form, **options)
    return buffer.getvalue()


def _picture(text: str, size: tuple[int, int], *, hue: float) -> Image.Image:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, 0.6, 0.45)
    ground = (round(red * 255), round(green * 255), round(blue * 255))
    image = Image.new("RGB", size, ground)
    margin = min(size) // 16
    font = ImageFont.load_default(max(_SMALLEST_FONT, min(_LARGEST_FONT, min(size) // 24)))
    # Strings from JSON may have lone surrogates, which can't be drawn.
    clean = text.encode("utf-8", "replace").decode("utf-8")
    # The wider of a Latin and a Hangul letter counts, so that no line leaves the picture.
    letter = max(font.getlength("M"), font.getlength("가"))
    line_height = font.getbbox("Mg가")[3] + 4
    letters = max(1, int((size[0] - 2 * margin) / letter))
    room = max(1, int((size[1] - 2 * margin) / line_height))
    lines = textwrap.wrap(clean, letters, max_lines=room, placeholder="")
    ImageDraw.Draw(image).multiline_text((margin, margin), "\n".join(lines), _INK, font)
    return image


def _hue(text: str) -> float:
    """Return a colour that is always the same for the same text."""
    return zlib.crc32(text.encode("utf-8", "replace")) / 2**32
