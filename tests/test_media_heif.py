from __future__ import annotations

import io
import re

import pytest
from runcomfy._media import heif
from runcomfy._media.measures import Broken
from support_media import Recorded, animation, box, exif, picture

BROKEN = "its AVIF or HEIF header is broken or cut off"

ISPE = box(b"ispe", bytes(4), (600).to_bytes(4, "big"), (400).to_bytes(4, "big"))
TILE = box(b"ispe", bytes(4), (512).to_bytes(4, "big"), (512).to_bytes(4, "big"))
COLOURS = box(b"colr", b"prof", bytes(500))


def irot(quarters: int) -> bytes:
    return box(b"irot", bytes([quarters]))


def pitm(item: int, *, wide: bool = False) -> bytes:
    if wide:
        return box(b"pitm", b"\1\0\0\0", item.to_bytes(4, "big"))
    return box(b"pitm", bytes(4), item.to_bytes(2, "big"))


def ipma(items: dict[int, list[int]], *, wide_ids: bool = False, wide: bool = False) -> bytes:
    content = bytes([wide_ids, 0, 0, wide]) + len(items).to_bytes(4, "big")
    for item, indexes in items.items():
        content += item.to_bytes(4 if wide_ids else 2, "big") + bytes([len(indexes)])
        for index in indexes:  # each marked as essential
            content += (index | 0x8000).to_bytes(2, "big") if wide else bytes([index | 0x80])
    return box(b"ipma", content)


def heic(meta: bytes, *, before: bytes = b"") -> bytes:
    """A picture as a phone writes it, without its pixels."""
    return box(b"ftyp", b"heic", bytes(4)) + before + box(b"meta", bytes(4), meta)


def properties(*content: bytes, of: bytes) -> bytes:
    return box(b"iprp", box(b"ipco", *content), of)


def size(content: bytes) -> tuple[int, int] | None:
    return heif.size(io.BytesIO(content))


@pytest.mark.parametrize(
    ("quarters", "expected"), [(0, (600, 400)), (1, (400, 600)), (2, (600, 400)), (3, (400, 600))]
)
def test_a_phone_s_picture_of_tiles(quarters: int, expected: tuple[int, int]) -> None:
    meta = (
        box(b"hdlr", bytes(25))
        + pitm(49)
        + properties(
            COLOURS, TILE, ISPE, irot(quarters), of=ipma({1: [1, 2], 2: [1, 2], 49: [1, 3, 4]})
        )
    )
    assert size(heic(meta)) == expected


def test_a_thumbnail_s_rotation_is_not_the_picture_s() -> None:
    meta = pitm(1) + properties(ISPE, TILE, irot(1), of=ipma({1: [1], 2: [2, 3]}))
    assert size(heic(meta)) == (600, 400)


def test_wide_numbers() -> None:
    meta = pitm(70_000, wide=True) + properties(
        ISPE, irot(3), of=ipma({1: [], 70_000: [1, 2]}, wide_ids=True, wide=True)
    )
    assert size(heic(meta)) == (400, 600)


def test_several_lists_of_whose_the_properties_are() -> None:
    both = ipma({1: [1]}) + ipma({2: [2, 1]})
    assert size(heic(pitm(2) + properties(irot(1), ISPE, of=both))) == (400, 600)


def test_the_header_behind_the_pixels() -> None:
    meta = pitm(1) + properties(ISPE, of=ipma({1: [1]}))
    file = Recorded(heic(meta, before=box(b"mdat", bytes(1_000_000))))
    assert heif.size(file) == (600, 400)
    assert sum(size for _, size in file.reads) < 1000


@pytest.mark.parametrize(
    "content",
    [
        b"",
        box(b"ftyp", b"heic", bytes(4)),
        heic(b""),
        heic(pitm(1)),
        heic(pitm(1) + box(b"iprp")),
        heic(properties(ISPE, of=ipma({1: [1]}))),
        heic(pitm(1) + properties(ISPE, of=b"")),
        heic(pitm(1) + properties(ISPE, of=box(b"ipma", bytes(3)))),
        heic(pitm(1) + properties(ISPE, of=ipma({1: [0, 2, 127]}))),
        heic(pitm(1) + properties(ISPE, of=ipma({2: [1]}))),
        heic(pitm(1) + properties(irot(1), of=ipma({1: [1]}))),
        heic(pitm(1) + properties(ISPE, of=ipma({1: [1]})))[:-12],
    ],
)
def test_unsound_headers(content: bytes) -> None:
    with pytest.raises(Broken, match=f"^{re.escape(BROKEN)}$"):
        size(content)


def test_a_header_that_claims_gigabytes_costs_nothing() -> None:
    claim = box(b"ftyp", b"heic", bytes(4)) + b"\xff\xff\xff\xffmeta" + bytes(4)
    meta = pitm(1) + properties(ISPE, of=ipma({1: [1]}))
    file = Recorded(claim + meta + bytes(5_000_000))
    assert heif.size(file) == (600, 400)
    assert sum(size for _, size in file.reads) <= 1024 * 1024 + 100


def test_a_sequence_without_a_still_picture() -> None:
    assert size(box(b"ftyp", b"msf1") + box(b"moov") + box(b"mdat")) is None


def test_pillow_s_own() -> None:
    assert size(picture("AVIF")) == (60, 40)
    assert size(picture("AVIF", exif=exif(6))) == (40, 60)
    assert size(animation("AVIF")) == (60, 40)
