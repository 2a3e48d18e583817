from __future__ import annotations

import io
import re
from typing import Any

import pytest
from PIL import Image
from support_media import Recorded, animation, box, exif, picture

from runcomfy.models.wan_ai import wan_2_6_image_to_image as model
from runcomfy_core.media import heif
from runcomfy_core.media.measures import Broken

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


def size(content: bytes) -> tuple[int, int] | str:
    return heif.size(io.BytesIO(content))


#: As a fraction: its numerator and its denominator.
Part = int | tuple[int, int]


def clap(width: Part, height: Part, right: Part = 0, down: Part = 0) -> bytes:
    """A clean aperture: its size, and how far its centre is from the picture's."""
    numbers = b""
    for part in (width, height, right, down):
        above, below = (part, 1) if isinstance(part, int) else part
        numbers += (above % 2**32).to_bytes(4, "big") + below.to_bytes(4, "big")
    return box(b"clap", numbers)


def cut(*properties_: bytes, kind: bytes = b"heic") -> bytes:
    """A picture of 600 pixels by 400 with such properties, in this order."""
    order = list(range(1, len(properties_) + 2))
    meta = pitm(1) + properties(ISPE, *properties_, of=ipma({1: order}))
    return heic(meta).replace(b"heic", kind, 1)


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
    content = box(b"ftyp", b"msf1") + box(b"moov") + box(b"mdat")
    assert size(content) == "a sequence without a still picture is not measured"


# --- a clean aperture ---

IMIR = box(b"imir", b"\1")
PASP = box(b"pasp", (2).to_bytes(4, "big"), (1).to_bytes(4, "big"))


@pytest.mark.parametrize("kind", [b"heic", b"avif"])
@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ([clap(599, 399)], (599, 399)),
        ([clap(599, 399, (-1, 2), (-1, 2))], (599, 399)),
        ([clap(599, 399, (1, 2), (1, 2))], (599, 399)),
        ([clap((1198, 2), (1600, 4))], (599, 400)),
        ([clap(1, 1, (-599, 2), (399, 2))], (1, 1)),
        ([clap(600, 400)], (600, 400)),
        ([PASP, IMIR, clap(599, 400)], (599, 400)),
        # In the order in which they are listed, whatever the standard advises.
        ([clap(500, 300), irot(1)], (300, 500)),
        ([irot(1), clap(300, 500)], (300, 500)),
        ([irot(1), clap(300, 500), irot(3), clap(200, 100)], (200, 100)),
        ([clap(500, 300), irot(2), IMIR], (500, 300)),
        ([clap(500, 300), clap(400, 200)], (400, 200)),
    ],
)
def test_a_clean_aperture_cuts_the_picture(
    listed: list[bytes], expected: tuple[int, int], kind: bytes
) -> None:
    assert size(cut(*listed, kind=kind)) == expected


@pytest.mark.parametrize(
    "listed",
    [
        [clap(0, 400)],
        [clap(601, 400)],
        [clap(600, 401)],
        [irot(1), clap(600, 400)],
        [clap((600, 0), 400)],
        [clap(500, 400, (0, 0))],
        [clap((999, 2), 400)],  # half a pixel
        [clap(500, 400, 51)],
        [clap(500, 400, -51)],
        [clap(600, 400, (1, 2))],
        [clap(500, 300, 0, 2**31 - 1)],
        [box(b"clap", bytes(31))],
        [box(b"clap")],
        [clap(500, 300), clap(501, 300)],
    ],
)
def test_an_unsound_aperture_leaves_the_size_unknown(listed: list[bytes]) -> None:
    words = "its clean aperture (clap) is not one that all programs show alike"
    assert size(cut(*listed)) == words


def test_of_the_whole_check_an_unsound_aperture_is_no_problem() -> None:
    report = model.check_media({"image_urls": [cut(clap(0, 1)) + bytes(64)]})
    assert report.problems == ()
    assert {one.rule for one in report.unchecked} >= {"width_pixels>", "height_pixels>"}
    assert "clean aperture" in report.unchecked[1].reason


@pytest.mark.parametrize("side", [4999, 385])
def test_an_odd_size_is_not_refused_for_the_pixel_that_is_coded_beside_it(side: int) -> None:
    wide = box(b"ispe", bytes(4), (side + 1).to_bytes(4, "big"), (side + 1).to_bytes(4, "big"))
    aperture = clap(side, side, (-1, 2), (-1, 2))
    content = heic(pitm(1) + properties(wide, aperture, of=ipma({1: [1, 2]}))) + bytes(64)
    (item,) = model.check_media({"image_urls": [content]}).items
    assert (item.width, item.height) == (side, side)
    assert model.check_media({"image_urls": [content]}).problems == ()


# --- what libheif makes ---


@pytest.mark.parametrize("orientation", [1, 2, 3, 5, 6, 8])
@pytest.mark.parametrize("wanted", [(64, 64), (399, 401), (65, 48), (64, 48), (600, 385)])
def test_what_libheif_shows(wanted: tuple[int, int], orientation: int) -> None:
    # Any, since it is not everywhere; it stands for the programs of the world.
    libheif: Any = pytest.importorskip("pillow_heif")
    file = io.BytesIO()
    image = Image.new("RGB", wanted, "red")
    libheif.from_pillow(image).save(file, quality=30, exif=exif(orientation))
    shown = libheif.open_heif(io.BytesIO(file.getvalue())).to_pillow().size
    assert size(file.getvalue()) == shown
    assert (b"clap" in file.getvalue()) == (wanted != (64, 64))
    assert sorted(shown) == sorted(wanted)


def test_pillow_s_own() -> None:
    assert size(picture("AVIF")) == (60, 40)
    assert size(picture("AVIF", exif=exif(6))) == (40, 60)
    assert size(animation("AVIF")) == (60, 40)
