from __future__ import annotations

import io

import pytest
from PIL import Image, ImageOps

from runcomfy_sandbox import pictures


def _open(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize(
    "text",
    [
        "two monsters in a studio",
        "두 괴물이 스튜디오에서 이야기합니다",
        "a\x00b\ud800c\nd\te",
        "🦊" * 500,
        "x" * 5000,
        "",
        " \n\t\u3000",
        "القطة في الحديقة",
        "חתול בגינה",
        "बगीचे में बिल्ली",
        "แมวในสวน",
        "花园里的猫 庭の猫",
        "e\u0301\u0323" * 50,
        "👩\u200d👩\u200d👧\u200d👦 🏳️\u200d🌈 🇰🇷",
        "\u202eright\u2069 to \u2066left",
        "\ufeff\ue000\ufffe\uffff\U0010ffff\x7f\x1b[0m",
        "가" * 5000,
    ],
    ids=[
        "latin",
        "korean",
        "odd",
        "emoji",
        "long",
        "empty",
        "spaces",
        "arabic",
        "hebrew",
        "devanagari",
        "thai",
        "chinese-japanese",
        "combining",
        "joined",
        "directions",
        "not-characters",
        "long-korean",
    ],
)
def test_png_of_any_text(text: str) -> None:
    with _open(pictures.png(text, (320, 200))) as image:
        assert image.format == "PNG"
        assert image.size == (320, 200)


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1)])
def test_png_of_any_size(size: tuple[int, int]) -> None:
    with _open(pictures.png("hello", size)) as image:
        assert image.size == size


def test_the_text_is_on_it_and_leaves_a_margin() -> None:
    with _open(pictures.png("word " * 400, (400, 300))) as image:
        ground = image.getpixel((0, 0))
        colours = image.getcolors(maxcolors=400 * 300)
        assert colours is not None
        assert len(colours) > 1
        edges = [image.crop((398, 0, 400, 300)), image.crop((0, 298, 400, 300))]
        assert all(edge.getcolors() == [(edge.width * edge.height, ground)] for edge in edges)


def test_the_same_text_gives_the_same_picture() -> None:
    assert pictures.png("a", (64, 64)) == pictures.png("a", (64, 64))
    assert pictures.png("a", (64, 64)) != pictures.png("b", (64, 64))


def test_gif_moves() -> None:
    with Image.open(io.BytesIO(pictures.gif("두 괴물", (160, 90)))) as image:
        assert image.format == "GIF"
        assert image.size == (160, 90)
        assert getattr(image, "n_frames", 1) == 8


def test_jpeg_says_how_it_is_turned() -> None:
    with _open(pictures.jpeg("hello", (30, 60), orientation=6)) as image:
        assert (image.format, image.size) == ("JPEG", (30, 60))
        assert ImageOps.exif_transpose(image).size == (60, 30)
    with _open(pictures.jpeg("hello", (30, 60))) as image:
        assert ImageOps.exif_transpose(image).size == (30, 60)


def test_webp() -> None:
    with _open(pictures.webp("두 괴물", (160, 90))) as image:
        assert (image.format, image.size) == ("WEBP", (160, 90))


def test_blank_is_small() -> None:
    data = pictures.blank((5000, 5000))
    assert len(data) < 10_000
    with _open(data) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "1", (5000, 5000))


def test_a_stored_png_has_the_size_of_its_pixels() -> None:
    assert len(pictures.png("hello", (100, 100), compress_level=0)) > 3 * 100 * 100
