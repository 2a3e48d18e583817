from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support_files import (
    AVI,
    AVIF,
    FILES,
    GIF,
    HEADS,
    JP2,
    JPEG,
    MP4,
    PNG,
    PROGRESSIVE,
    TYPES,
    WAV,
    WEBP,
    box,
    picture,
    riff,
)
from support_time import little_time

from runcomfy_core.media.cutoff import truncated


@pytest.mark.parametrize("name", FILES)
def test_a_whole_file(name: str) -> None:
    content, media_type = FILES[name]
    assert not truncated(media_type, content)


def with_thumbnail() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    thumbnail = picture("JPEG")
    return picture("JPEG", exif=exif.tobytes() + thumbnail)


@pytest.mark.parametrize(
    ("media_type", "content", "ends"),
    [
        ("image/png", PNG, range(8, len(PNG) - 11)),
        ("image/jpeg", JPEG, range(3, len(JPEG) - 2)),
        ("image/jpeg", PROGRESSIVE, range(3, len(PROGRESSIVE) - 2)),
        ("image/jpeg", with_thumbnail(), range(3, len(with_thumbnail()) - 2)),
        ("image/gif", GIF, range(6, len(GIF))),
        ("image/webp", WEBP, range(12, len(WEBP) - 8)),
        ("audio/wav", WAV, range(12, len(WAV) - 8, 97)),
        ("video/x-msvideo", AVI, range(12, len(AVI) - 8, 23)),
        ("image/avif", AVIF, range(300, len(AVIF))),
        ("image/jp2", JP2, range(86, len(JP2))),
    ],
    ids=["png", "jpeg", "progressive", "thumbnail", "gif", "webp", "wav", "avi", "avif", "jp2"],
)
def test_a_file_that_was_cut_off(media_type: str, content: bytes, ends: range) -> None:
    assert [end for end in ends if not truncated(media_type, content[:end])] == []
    assert not truncated(media_type, content)
    assert not truncated(media_type, content + b"\x00")
    assert not truncated(media_type, content + b"\x00" * 5000)


def test_a_film_that_was_cut_off() -> None:
    whole = [end for end in range(len(MP4)) if not truncated("video/mp4", MP4[:end])]
    # Its boxes begin at these places; what has not begun to say its length and name may be whole.
    begins = [0, *(MP4.index(name) - 4 for name in (b"free", b"mdat", b"moov"))]
    assert whole == [end for begin in begins for end in range(begin, begin + 8)]


@pytest.mark.parametrize(
    ("media_type", "content", "cut"),
    [
        ("image/png", PNG[:8] + b"\x00\x00\x00\x01\x00\x00\x00\x00", False),  # no chunk's name
        ("image/png", PNG[:8] + b"\xff\xff\xff\xffIDAT", True),
        ("image/jpeg", b"\xff\xd8\xff\xff\xff\xda\x00\x02\xff\xd9", False),  # fill bytes
        ("image/jpeg", b"\xff\xd8\xff\x01\xff\xd0\xff\xda\x00\x02\x00\x00", True),  # lone markers
        ("image/jpeg", b"\xff\xd8\x00\x00\x00\x00", False),  # no marker
        ("image/jpeg", b"\xff\xd8\xff\xd9\x00\x00", False),  # no picture
        ("image/jpeg", JPEG + b"appended\xff", False),
        ("image/gif", b"GIF89a" + bytes(7) + b"x", False),  # no block
        ("image/gif", b"GIF89a" + bytes(4) + b"\x80\x00\x00" + bytes(6) + b";", False),
        ("image/gif", b"GIF89a" + bytes(4) + b"\x80\x00\x00" + b";", True),
        ("audio/wav", riff(b"WAVE", 0), False),
        ("audio/wav", riff(b"WAVE", 0xFFFFFFFF), False),
        ("audio/wav", riff(b"WAVE", 0x7FFFFFFF), False),
        ("audio/wav", riff(b"WAVE", 92), False),
        ("audio/wav", riff(b"WAVE", 100), False),  # counts the eight bytes before, too
        ("audio/wav", riff(b"WAVE", 101), True),
        ("audio/wav", b"RIFF", False),
        ("video/mp4", box(b"ftyp") + b"\x00\x00\x00\x00mdat" + bytes(9), False),
        ("video/mp4", box(b"ftyp") + b"\x00\x00\x00\x07mdat" + bytes(9), False),
        ("video/mp4", box(b"ftyp") + b"\x00\x00\x10\x00\x00\x01\x02\x03" + bytes(9), False),
        ("video/mp4", box(b"ftyp") + b"\x00\x00\x10\x00mda\xff" + bytes(9), False),
        ("video/mp4", box(b"ftyp") + b"\x00\x00\x10\x00free" + bytes(9), False),
        ("video/mp4", box(b"ftyp") + b"\x00\x00\x10\x00mda", False),
        ("video/mp4", box(b"ftyp") + b"\x00\x00\x10\x00mdat" + bytes(9), True),
        ("video/mp4", box(b"ftyp") + b"\x00\x00\x10\x00mdat", True),
        ("video/mp4", b"\x00\x00\x00\x01mdat" + struct.pack(">Q", 24) + bytes(8), False),
        ("video/mp4", b"\x00\x00\x00\x01mdat" + struct.pack(">Q", 25) + bytes(8), True),
        ("audio/mpeg", b"ID3", False),
        ("text/html", b"<html>", False),
    ],
)
def test_only_what_is_certain_is_cut_off(
    media_type: str,
    content: bytes,
    cut: bool,  # noqa: FBT001 - a table's column
) -> None:
    assert truncated(media_type, content) is cut


@given(st.sampled_from([b"", *HEADS]), st.binary(max_size=300), st.sampled_from(TYPES))
def test_no_bytes_raise(head: bytes, rest: bytes, media_type: str) -> None:
    truncated(media_type, head + rest)


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        ("image/png", PNG[:8] + b"\x00\x00\x00\x00IDAT\x00\x00\x00\x00" * 500_000),
        ("image/jpeg", b"\xff\xd8" + b"\xff" * 6_000_000),
        ("image/jpeg", b"\xff\xd8" + b"\xff\xd0" * 3_000_000),
        ("image/jpeg", b"\xff\xd8\xff\xda" + b"\xff" * 6_000_000),
        ("image/gif", b"GIF89a" + bytes(7) + b"!\x01\x00" * 2_000_000),
        ("video/mp4", box(b"free") * 750_000),
    ],
    ids=["chunks", "fill bytes", "markers", "scan", "extensions", "boxes"],
)
def test_a_hostile_file_costs_little(media_type: str, content: bytes) -> None:
    with little_time():
        truncated(media_type, content)
