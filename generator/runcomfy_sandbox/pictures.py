"""Pictures with words on them, drawn by Pillow."""

from __future__ import annotations

import colorsys
import io
import textwrap
import zlib

from PIL import Image, ImageDraw, ImageFont

_FRAMES = 8
_FRAME_MILLISECONDS = 125
_LARGEST_FONT = 40
_SMALLEST_FONT = 10
_INK = (255, 255, 255)


def png(text: str, size: tuple[int, int]) -> bytes:
    """A PNG with `text` on it, wrapped; what does not fit is left out.

    Args:
        text: Any text, in any script. Pillow's own font draws boxes for letters it lacks.
        size: Width and height in pixels.
    """
    buffer = io.BytesIO()
    _picture(text, size, hue=_hue(text)).save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()


def gif(text: str, size: tuple[int, int]) -> bytes:
    """An animated GIF of one second: `text` on a ground that changes its colour.

    Args:
        text: Any text.
        size: Width and height in pixels.
    """
    frames = [_picture(text, size, hue=_hue(text) + step / _FRAMES) for step in range(_FRAMES)]
    buffer = io.BytesIO()
    frames[0].save(
        buffer,
        format="GIF",
        save_all=True,
        append_images=frames[1:],
        duration=_FRAME_MILLISECONDS,
        loop=0,
    )
    return buffer.getvalue()


def _picture(text: str, size: tuple[int, int], *, hue: float) -> Image.Image:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, 0.6, 0.45)
    ground = (round(red * 255), round(green * 255), round(blue * 255))
    image = Image.new("RGB", size, ground)
    margin = min(size) // 16
    font = ImageFont.load_default(max(_SMALLEST_FONT, min(_LARGEST_FONT, min(size) // 24)))
    # JSON may hold lone surrogates, which are no text.
    clean = text.encode("utf-8", "replace").decode("utf-8")
    # The wider of a Latin and a Hangul letter, so that no line leaves the picture.
    letter = max(font.getlength("M"), font.getlength("가"))
    line_height = font.getbbox("Mg가")[3] + 4
    letters = max(1, int((size[0] - 2 * margin) / letter))
    room = max(1, int((size[1] - 2 * margin) / line_height))
    lines = textwrap.wrap(clean, letters, max_lines=room, placeholder="")
    ImageDraw.Draw(image).multiline_text((margin, margin), "\n".join(lines), _INK, font)
    return image


def _hue(text: str) -> float:
    """A colour that is always the same for the same text."""
    return zlib.crc32(text.encode("utf-8", "replace")) / 2**32
