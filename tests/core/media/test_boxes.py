from __future__ import annotations

import io

import pytest
from support_media import Recorded, box

from runcomfy_core.media.boxes import Box, child, inside, number, outline


def wide(kind: bytes, content: bytes) -> bytes:
    """A box whose size is in 64 bits."""
    return b"\0\0\0\1" + kind + (16 + len(content)).to_bytes(8, "big") + content


def endless(kind: bytes, content: bytes) -> bytes:
    """A box that goes on to the end."""
    return b"\0\0\0\0" + kind + content


def test_the_outline_of_a_file() -> None:
    content = (
        box(b"ftyp", b"abcd") + wide(b"mdat", bytes(50)) + box(b"free") + endless(b"moov", b"xyz")
    )
    found = list(outline(io.BytesIO(content)))
    assert found == [
        Box(b"ftyp", 8, 4),
        Box(b"mdat", 28, 50),
        Box(b"free", 86, 0),
        Box(b"moov", 94, None),
    ]
    assert [bytes(one.read(io.BytesIO(content), 3)) for one in found] == [
        b"abc",
        bytes(3),
        b"",
        b"xyz",
    ]


def test_the_content_of_boxes_is_passed_over() -> None:
    file = Recorded(box(b"mdat", bytes(10_000_000)) + box(b"moov"))
    assert [one.kind for one in outline(file)] == [b"mdat", b"moov"]
    assert sum(size for _, size in file.reads) <= 48


@pytest.mark.parametrize(
    "end",
    [
        b"",
        b"\0\0\0\x08mda",
        b"\0\0\0\x07mdat",
        b"\0\0\0\1mdat",
        b"\0\0\0\1mdat\0\0\0\0\0\0\0\x0f",
        b"\0\0\0\1mdat" + b"\xff" * 8,
        b"\xff\xff\xff\xffmdat",
    ],
)
def test_a_walk_ends_where_there_is_no_box(end: bytes) -> None:
    content = box(b"ftyp") + end
    assert [one.kind for one in outline(io.BytesIO(content))][:1] == [b"ftyp"]
    assert [kind for kind, _ in inside(memoryview(content))] == [b"ftyp"]


def test_a_walk_over_a_file_is_bounded() -> None:
    file = Recorded(box(b"free") * 10_000)
    assert len(list(outline(file))) == 4096


def test_boxes_in_boxes() -> None:
    content = memoryview(
        box(b"aaaa", b"1") + wide(b"bbbb", box(b"cccc", b"2") + endless(b"dddd", b"34"))
    )
    assert [kind for kind, _ in inside(content)] == [b"aaaa", b"bbbb"]
    assert bytes(child(content, b"aaaa") or b"") == b"1"
    assert bytes(child(content, b"bbbb", b"dddd") or b"") == b"34"
    assert child(content, b"bbbb", b"eeee") is None
    assert child(content, b"eeee", b"cccc") is None


def test_numbers_are_big_endian_and_what_is_not_there_is_nothing() -> None:
    assert number(b"\0\1\2\3", 1, 2) == 0x0102
    assert number(b"\0\1\2\3", 2, 4) == 0x0203
    assert number(b"\0\1\2\3", 9, 4) == 0
