from __future__ import annotations

import io
import zlib

import pytest
from support_media import Recorded, exif, picture

from runcomfy_core.media.exif import png_is_sideways, webp_is_sideways


def chunk(kind: bytes, content: bytes = b"") -> bytes:
    checksum = zlib.crc32(kind + content).to_bytes(4, "big")
    return len(content).to_bytes(4, "big") + kind + content + checksum


def png(*chunks: bytes) -> bytes:
    header = (60).to_bytes(4, "big") + (40).to_bytes(4, "big") + b"\x08\x02\0\0\0"
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunks)


def webp(*chunks: tuple[bytes, bytes], flags: int = 0x08) -> bytes:
    parts = [(b"VP8X", bytes([flags]) + bytes(9)), *chunks]
    body = b"".join(
        kind + len(content).to_bytes(4, "little") + content + bytes(len(content) % 2)
        for kind, content in parts
    )
    return b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"WEBP" + body


def raw(orientation: int, order: str = "<") -> bytes:
    """EXIF data without the prefix that it has in a JPEG, and with some writers elsewhere."""
    return exif(orientation, order).removeprefix(b"Exif\0\0")


PIXELS = chunk(b"IDAT", bytes(1000))
SIDEWAYS = raw(6)
#: With the entry behind more than a JPEG's segment holds.
FAR = b"II*\0" + (70_000).to_bytes(4, "little") + bytes(70_000) + SIDEWAYS[8:]
#: With a picture's worth of data behind the entry.
LARGE = SIDEWAYS + bytes(100_000)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(10))
def test_the_orientations_that_swap_the_sides(orientation: int, order: str) -> None:
    data = raw(orientation, order)
    expected = orientation in {5, 6, 7, 8}
    for content in (data, b"Exif\0\0" + data):
        assert png_is_sideways(io.BytesIO(png(chunk(b"eXIf", content), PIXELS))) == expected
        assert webp_is_sideways(io.BytesIO(webp((b"EXIF", content)))) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (LARGE, True),
        (FAR, False),
        (b"", False),
        (b"II*\0", False),
        (b"II*\0\xff\xff\xff\xff", False),
        (b"II*\0\x08\0\0\0\xff\xff", False),
        (b"XX*\0\x08\0\0\0\1\0", False),
        (SIDEWAYS[:-8], False),
    ],
)
def test_exif_data_of_all_kinds(data: bytes, *, expected: bool) -> None:
    assert png_is_sideways(io.BytesIO(png(chunk(b"eXIf", data), PIXELS))) == expected
    assert webp_is_sideways(io.BytesIO(webp((b"VP8 ", b"123"), (b"EXIF", data)))) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (png(chunk(b"iCCP", bytes(150_000)), chunk(b"eXIf", SIDEWAYS), PIXELS), True),
        (png(PIXELS, chunk(b"eXIf", SIDEWAYS)), False),
        (png(PIXELS), False),
        (png(), False),
        (b"", False),
        (png(chunk(b"tEXt") * 5000, chunk(b"eXIf", SIDEWAYS)), False),
    ],
)
def test_where_a_png_may_have_it(content: bytes, *, expected: bool) -> None:
    assert png_is_sideways(io.BytesIO(content)) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (webp((b"VP8 ", b"odd"), (b"EXIF", SIDEWAYS)), True),
        (webp(*[(b"ANMF", bytes(99))] * 200, (b"EXIF", SIDEWAYS)), True),
        (webp((b"VP8 ", b""), (b"EXIF", SIDEWAYS), flags=0), False),
        (webp((b"VP8 ", b"")), False),
        (webp(*[(b"ANMF", b"")] * 5000, (b"EXIF", SIDEWAYS)), False),
        (picture("WEBP"), False),
        (b"RIFF", False),
        (b"", False),
    ],
)
def test_where_a_webp_may_have_it(content: bytes, *, expected: bool) -> None:
    assert webp_is_sideways(io.BytesIO(content)) == expected


def test_pixels_are_passed_over() -> None:
    file = Recorded(webp((b"VP8 ", bytes(10_000_000)), (b"EXIF", SIDEWAYS)))
    assert webp_is_sideways(file)
    assert sum(size for _, size in file.reads) < 200
