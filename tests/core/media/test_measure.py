from __future__ import annotations

import io
import subprocess
import sys
import time
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps
from support_media import TYPES, Recorded, animation, exif, picture
from support_time import little_time

from runcomfy_core.media.measure import Broken, Measures, measure

if TYPE_CHECKING:
    from pathlib import Path

SIZE = (60, 40)
HEAD = 64 * 1024


def measured(content: bytes, media_type: str, kind: str = "image") -> Measures:
    return measure(io.BytesIO(content), media_type, kind)


def displayed(content: bytes) -> tuple[int, int]:
    """The size of a picture as Pillow shows it."""
    with Image.open(io.BytesIO(content)) as image:
        return ImageOps.exif_transpose(image).size


def as_shown(content: bytes, media_type: str) -> None:
    assert measured(content, media_type) == Measures(*displayed(content))


# --- sizes ---


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", TYPES)
def test_every_orientation_in_every_format(kind: str, orientation: int, order: str) -> None:
    as_shown(picture(kind, exif=exif(orientation, order)), TYPES[kind])


# Not AVIF: Pillow 13.0 crashes when it writes one that is turned (test_media_heif has it unturned).
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_animations(kind: str, orientation: int) -> None:
    as_shown(animation(kind, exif=exif(orientation)), TYPES[kind])


@pytest.mark.parametrize(
    ("kind", "mode", "options"),
    [
        ("PNG", "1", {}),
        ("PNG", "P", {}),
        ("PNG", "RGBA", {}),
        ("PNG", "I;16", {}),
        ("JPEG", "L", {}),
        ("JPEG", "CMYK", {}),
        ("JPEG", "RGB", {"progressive": True, "comment": b"x" * 60_000}),
        ("JPEG", "RGB", {"exif": exif(6), "icc_profile": bytes(150_000)}),
        ("JPEG", "RGB", {"exif": exif(8) + bytes(60_000), "icc_profile": bytes(150_000)}),
        ("WEBP", "RGB", {"lossless": True}),
        ("WEBP", "RGB", {"lossless": True, "exif": exif(6)}),
        ("WEBP", "RGBA", {}),
        ("WEBP", "RGB", {"exif": exif(5), "icc_profile": bytes(1001)}),
        ("PNG", "RGB", {"exif": exif(6), "icc_profile": bytes(1000)}),
        ("TIFF", "I;16B", {}),
        ("TIFF", "I;16B", {"exif": exif(6)}),
        ("TIFF", "RGB", {"compression": "tiff_lzw", "exif": exif(6)}),
        ("TIFF", "RGB", {"big_tiff": True}),
        ("AVIF", "RGBA", {"exif": exif(7)}),
        ("BMP", "1", {}),
        ("JPEG2000", "L", {}),
    ],
)
def test_forms_of_each_format(kind: str, mode: str, options: dict[str, Any]) -> None:
    as_shown(picture(kind, mode=mode, **options), TYPES[kind])


@pytest.mark.parametrize("size", [(1, 1), (384, 385), (16_383, 1), (1, 16_383)])
@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind != "AVIF"])
def test_narrow_and_small(kind: str, size: tuple[int, int]) -> None:
    assert measured(picture(kind, size), TYPES[kind]) == Measures(*size)


@pytest.mark.parametrize("size", [(40_000, 1), (1, 65_535), (32_768, 1), (65_535, 1)])
def test_a_gif_has_sixteen_bits_for_a_side(size: tuple[int, int]) -> None:
    assert measured(picture("GIF", size, "P"), "image/gif") == Measures(*size)


def test_the_first_form_of_bitmaps() -> None:
    header = b"\x0c\0\0\0" + (300).to_bytes(2, "little") + (200).to_bytes(2, "little")
    content = b"BM" + bytes(8) + b"\x1a\0\0\0" + header + b"\1\0\x18\0" + bytes(300 * 200 * 3)
    as_shown(content, "image/bmp")


def test_a_bitmap_from_the_top_down() -> None:
    content = bytearray(picture("BMP"))
    content[22:26] = (-40).to_bytes(4, "little", signed=True)
    as_shown(bytes(content), "image/bmp")


def test_the_position_of_the_file_does_not_matter() -> None:
    file = io.BytesIO(picture("PNG"))
    file.seek(50)
    assert measure(file, "image/png", "image") == Measures(*SIZE)


def test_a_file_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(picture("JPEG", exif=exif(6)))
    with path.open("rb") as file:
        assert measure(file, "image/jpeg", "image") == Measures(40, 60)


# --- what is not known ---


@pytest.mark.parametrize("kind", ["video", "audio"])
@pytest.mark.parametrize("media_type", ["image/gif", "image/webp"])
def test_a_moving_picture_in_a_video_s_place(media_type: str, kind: str) -> None:
    content = animation(media_type.removeprefix("image/").upper())
    missing = f"the duration and fps of {media_type} are not measured"
    assert measured(content, media_type, kind) == Measures(*SIZE, missing=missing)


@pytest.mark.parametrize(
    "media_type",
    [
        "",
        "image/svg+xml",
        "image/jxl",
        "image/vnd.microsoft.icon",
        "text/html",
        "video/mp2t",
        "video/mpeg",
        "video/x-msvideo",
        "audio/aac",
        "application/vnd.apple.mpegurl",
    ],
)
def test_types_that_are_not_measured(media_type: str) -> None:
    missing = f"files of type {media_type} are not measured"
    file = Recorded(b'<svg width="5" height="5">')
    assert measure(file, media_type, "image") == Measures(missing=missing)
    assert file.reads == []


@pytest.mark.parametrize("media_type", [*TYPES.values(), "image/heic", "image/heif"])
@pytest.mark.parametrize(
    "content",
    [
        b'<svg width="5" height="5">',
        b"<?xml version='1.0'?><svg width='5' height='5'/>",
        b"P6 5 5 255 " + bytes(75),
        b"MM\0+\0\x08\0\0" + bytes(100),
        b"\xff\x4f\xff\x51" + bytes(100),
        b"http://127.0.0.1:9/",
        b"/etc/passwd",
        b"",
    ],
)
def test_content_of_another_form_is_not_given_to_imagesize(content: bytes, media_type: str) -> None:
    try:
        found = measured(content, media_type)
    except Broken as error:
        assert str(error) == "its AVIF or HEIF header is broken or cut off"  # noqa: PT017 - or none
        return
    assert found == Measures(missing=f"this form of {media_type} is not measured")


def test_a_sequence_without_a_still_picture() -> None:
    content = b"\0\0\0\x0cftypmsf1\0\0\0\x08moov"
    missing = "a sequence without a still picture is not measured"
    assert measured(content, "image/heif") == Measures(missing=missing)


# --- unsound headers ---


def png(width: int, height: int) -> bytes:
    content = bytearray(picture("PNG"))
    content[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return bytes(content)


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + width.to_bytes(2, "little") + height.to_bytes(2, "little") + bytes(50)


def bitmap(width: int, height: int) -> bytes:
    content = bytearray(picture("BMP"))
    content[18:26] = b"".join(side.to_bytes(4, "little", signed=True) for side in (width, height))
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "media_type", "message"),
    [
        (png(0, 300), "image/png", "its header claims 0 pixels by 300"),
        (png(300, 0), "image/png", "its header claims 300 pixels by 0"),
        (
            png(2**31, 2**31),
            "image/png",
            "its header claims 2,147,483,648 pixels by 2,147,483,648",
        ),
        (gif(0, 0), "image/gif", "its header claims 0 pixels by 0"),
        (bitmap(60, 0), "image/bmp", "its header claims 60 pixels by 0"),
        (bitmap(-60, 40), "image/bmp", "its image/bmp header is broken or cut off"),
        (b"\x89PNG\r\n\x1a\n", "image/png", "its image/png header is broken or cut off"),
        (b"BM", "image/bmp", "its image/bmp header is broken or cut off"),
        (b"RIFF\0\0\0\0WEBP", "image/webp", "its image/webp header is broken or cut off"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp", "its image/webp header is broken or cut off"),
        (b"II*\0", "image/tiff", "its image/tiff header is broken or cut off"),
        (b"\xff\xd8\xff\xd9", "image/jpeg", "its image/jpeg header is broken or cut off"),
        (
            picture("JPEG2000")[:20],
            "image/jp2",
            "its image/jp2 header is broken or cut off",
        ),
    ],
)
def test_unsound_headers(content: bytes, media_type: str, message: str) -> None:
    with pytest.raises(Broken) as caught:
        measured(content, media_type)
    assert str(caught.value) == message


def test_the_largest_claim_that_stands() -> None:
    assert measured(png(2**31 - 1, 1), "image/png") == Measures(2**31 - 1, 1)


@pytest.mark.parametrize("kind", TYPES)
def test_a_header_that_is_cut_off_anywhere(kind: str) -> None:
    content = picture(kind, exif=exif(6))
    for end in range(min(len(content), 700)):
        try:
            found = measured(content[:end], TYPES[kind])
        except Broken:
            continue
        # Without the data at its end the picture is taken as it is stored.
        assert found.missing or {found.width, found.height} == set(SIZE)


ENDLESS = {
    "a segment of a JPEG": ("image/jpeg", b"\xff\xd8\xff" + b"\xff\xe0\0\x02" * 1_000_000),
    "no segment of a JPEG": ("image/jpeg", b"\xff\xd8\xff" + bytes(4_000_000)),
    "an entry of a TIFF": ("image/tiff", b"II*\0\x08\0\0\0\xff\xff" + bytes(4_000_000)),
    "an entry of a big TIFF": (
        "image/tiff",
        b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0" + (2**60).to_bytes(8, "little") + bytes(4_000_000),
    ),
    "a box of a JPEG 2000": (
        "image/jp2",
        b"\0\0\0\x0cjP  \r\n\x87\n" + b"\0\0\0\x08free" * 500_000,
    ),
    "a chunk of a PNG": ("image/png", picture("PNG")[:33] + b"\0\0\0\0tEXt\0\0\0\0" * 400_000),
    "a box of an AVIF": ("image/avif", b"\0\0\0\x08free" * 500_000),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_a_file_that_goes_on_and_on(what: str) -> None:
    media_type, content = ENDLESS[what]
    file = Recorded(content)
    with little_time(10):
        try:
            found = measure(file, media_type, "image")
        except Broken as error:
            assert str(error).endswith("header is broken or cut off")  # noqa: PT017 - or none
        else:
            assert found in {
                Measures(missing="its header is longer than a check reads"),
                Measures(*SIZE),
            }
    assert len(file.reads) <= 65_536 + 10


@given(st.data())
def test_no_header_does_harm(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(list(TYPES)))
    content = bytearray(picture(kind, exif=exif(6)))
    end = min(len(content), 700)
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, end - 1))
        patch = data.draw(
            st.one_of(st.binary(max_size=4), st.sampled_from([b"\xff" * 4, bytes(8)]))
        )
        content[at : at + len(patch)] = patch
    try:
        found = measured(bytes(content), TYPES[kind])
    except Broken:
        return
    assert (found.width is None) == (found.missing != "")


# --- how little is read ---


def noise(kind: str, **options: Any) -> bytes:
    """A picture of more than ten million bytes."""
    buffer = io.BytesIO()
    Image.effect_noise((2400, 1600), 90).convert("RGB").save(buffer, kind, **options)
    return buffer.getvalue() + bytes(10_000_000)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {"compress_level": 0}),
        ("PNG", {"compress_level": 0, "exif": exif(6), "icc_profile": bytes(3000)}),
        ("JPEG", {"quality": 95}),
        ("JPEG", {"quality": 95, "exif": exif(6) + bytes(50_000)}),
        ("GIF", {}),
        ("BMP", {}),
    ],
)
def test_nothing_behind_the_first_64_kib_is_read(kind: str, options: dict[str, Any]) -> None:
    file = Recorded(noise(kind, **options))
    found = measure(file, TYPES[kind], "image")
    assert {found.width, found.height} == {2400, 1600}
    assert file.furthest() <= HEAD


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"icc_profile": bytes(3000)}),
        ("JPEG2000", {}),
        ("AVIF", {}),
    ],
)
def test_what_is_slow_to_write_is_read_as_little_of(kind: str, options: dict[str, Any]) -> None:
    file = Recorded(picture(kind, (2400, 1600), **options) + bytes(10_000_000))
    assert measure(file, TYPES[kind], "image") == Measures(2400, 1600)
    assert file.furthest() <= 1024


def test_exif_data_at_the_end_of_a_webp_is_read_where_it_matters() -> None:
    file = Recorded(picture("WEBP", (64, 64), exif=exif(6)))
    assert measure(file, "image/webp", "image") == Measures(64, 64)
    assert file.furthest() <= 64


def test_a_jpeg_whose_header_is_long_is_passed_over_in_steps() -> None:
    content = picture("JPEG", exif=exif(6), icc_profile=bytes(400_000))
    file = Recorded(content)
    assert measure(file, "image/jpeg", "image") == Measures(40, 60)
    assert sum(size for _, size in file.reads) < 1000


def test_a_thousand_pictures_take_no_minute(tmp_path: Path) -> None:
    kinds = ["PNG", "JPEG", "WEBP", "GIF"]
    for number in range(1000):
        kind = kinds[number % 4]
        (tmp_path / str(number)).write_bytes(picture(kind, exif=exif(6)))
    measured(picture("PNG"), "image/png")  # the libraries are imported
    began = time.monotonic()
    tracemalloc.start()
    for number in range(1000):
        with (tmp_path / str(number)).open("rb") as file:
            measure(file, TYPES[kinds[number % 4]], "image")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert time.monotonic() - began < 20
    assert peak < 1_000_000


# --- errors of the file ---


class OddError(ValueError):
    """An error of a kind that parsers catch."""


class Failing(io.BytesIO):
    """A file of which only the first reads succeed."""

    def __init__(self, content: bytes, reads: int, error: BaseException) -> None:
        super().__init__(content)
        self.reads = reads
        self.error = error

    def read(self, size: int | None = -1, /) -> bytes:
        if self.reads == 0:
            raise self.error
        self.reads -= 1
        return super().read(size)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(
    "error", [OddError("a"), OSError("b"), KeyError("c"), KeyboardInterrupt(), SystemExit()]
)
def test_an_error_of_the_file_passes_through(kind: str, error: BaseException) -> None:
    content = picture(kind, exif=exif(6))
    record = Recorded(content)
    measure(record, TYPES[kind], "image")
    for reads in range(len(record.reads)):
        with pytest.raises(type(error)) as caught:
            measure(Failing(content, reads, error), TYPES[kind], "image")
        assert caught.value is error
        assert error.__cause__ is None
        assert error.__context__ is None


# --- imports ---


def test_libraries_are_imported_when_something_is_measured() -> None:
    code = (
        "import sys, runcomfy_core.media.measure;"
        "assert not {'imagesize', 'av', 'xml.etree', 'urllib.request'} & sys.modules.keys()"
    )
    subprocess.run(  # the interpreter that runs this
        [sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
