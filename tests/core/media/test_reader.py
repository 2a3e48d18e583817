from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

import pytest

from runcomfy_core.media.reader import Reader, Tap, part

if TYPE_CHECKING:
    from collections.abc import Callable


class Ranges:
    """A source that notes what it is asked for."""

    def __init__(self, content: bytes, *, sized: bool = True) -> None:
        self.content = content
        self.size = len(content) if sized else None
        self.asked: list[tuple[int, int]] = []

    def read(self, offset: int, size: int, /) -> bytes:
        self.asked.append((offset, size))
        return self.content[offset : offset + size]


class Failing(io.BytesIO):
    """A file of which the second half can't be read."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(bytes(100))
        self.error = error

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() >= 50:
            raise self.error
        return super().read(size)


def test_a_source_as_a_file() -> None:
    source = Ranges(bytes(range(100)))
    file = Reader(source)
    assert file.readable()
    assert file.seekable()
    assert file.read(3) == bytes([0, 1, 2])
    assert file.tell() == 3
    assert file.seek(2, os.SEEK_CUR) == 5
    assert file.read(1) == bytes([5])
    assert file.seek(-4, os.SEEK_END) == 96
    assert file.read(10) == bytes([96, 97, 98, 99])
    assert source.asked == [(0, 3), (5, 1), (96, 10)]


def test_nothing_is_asked_for_behind_the_end() -> None:
    source = Ranges(bytes(10))
    file = Reader(source)
    assert file.seek(10) == 10
    assert file.read(5) == b""
    assert file.seek(2**70) == 2**70
    assert file.read(5) == b""
    assert source.asked == []


def test_a_source_of_unknown_size() -> None:
    file = Reader(Ranges(b"abc", sized=False))
    with pytest.raises(io.UnsupportedOperation, match="the size of the file is not known"):
        file.seek(0, os.SEEK_END)
    assert file.readall() == b"abc"


def test_there_is_nothing_before_the_beginning() -> None:
    with pytest.raises(ValueError, match="there is no position -1 in a file"):
        Reader(Ranges(b"abc")).seek(-1)


def test_a_source_that_gives_too_much_overruns_nothing() -> None:
    class Generous(Ranges):
        def read(self, offset: int, size: int, /) -> bytes:
            return super().read(offset, size + 7)

    file = Reader(Generous(bytes(range(100))))
    assert file.read(3) == bytes([0, 1, 2])
    assert file.read(1) == bytes([3])


def test_a_tap_reads_and_seeks_as_the_file_does() -> None:
    tap = Tap(io.BytesIO(bytes(range(100))), most=100)
    assert tap.seekable()
    assert tap.read(2) == bytes([0, 1])
    assert tap.seek(3, os.SEEK_CUR) == 5
    assert tap.read(1) == bytes([5])
    assert tap.seek(-1, os.SEEK_END) == 99
    assert tap.read(5) == bytes([99])
    assert tap.tell() == 100
    assert tap.read(5) == b""
    assert tap.seek(-1) == -1
    assert tap.tell() == 100
    assert tap.seek(2**70) == 2**70
    assert tap.read(5) == b""
    assert not tap.spent
    tap.settle()


def test_a_tap_begins_at_the_beginning() -> None:
    file = io.BytesIO(b"abcdef")
    file.seek(4)
    assert Tap(file, most=100).read(2) == b"ab"


def test_a_tap_over_an_unknown_size_does_not_seek_from_the_end() -> None:
    tap = Tap(Reader(Ranges(b"abc", sized=False)), most=100)
    assert not tap.seekable()
    with pytest.raises(io.UnsupportedOperation, match="the size of the file is not known"):
        tap.seek(0, os.SEEK_END)
    assert tap.read(5) == b"abc"


@pytest.mark.parametrize(
    "error", [OSError("gone"), ValueError("odd"), KeyboardInterrupt(), GeneratorExit()]
)
def test_an_error_of_the_file_looks_like_its_end_until_it_is_raised(error: BaseException) -> None:
    tap = Tap(Failing(error), most=1000)
    assert tap.read(10) == bytes(10)
    tap.seek(60)
    assert tap.read(10) == b""
    tap.seek(0)
    assert tap.read(10) == b""
    with pytest.raises(type(error)) as caught:
        tap.settle()
    assert caught.value is error
    assert error.__context__ is None


def test_a_tap_gives_no_more_than_it_may() -> None:
    tap = Tap(io.BytesIO(bytes(100)), most=30)
    assert [len(tap.read(20)) for _ in range(3)] == [20, 10, 0]
    assert tap.spent


@pytest.mark.parametrize("most", [100, 101])
def test_a_file_of_just_the_size_that_may_be_read(most: int) -> None:
    tap = Tap(io.BytesIO(bytes(100)), most=most)
    assert len(tap.read(100)) == 100
    assert not tap.spent


def test_a_tap_reads_no_more_often_than_it_may() -> None:
    tap = Tap(io.BytesIO(bytes(100_000)), most=100_000)
    assert sum(len(tap.read(1)) for _ in range(100_000)) == 65_536
    assert tap.spent


class Generous(io.BytesIO):
    def read(self, size: int | None = -1, /) -> bytes:
        return super().read((size or 0) + 7)


@pytest.mark.parametrize("make", [io.BytesIO, Generous])
def test_a_tap_never_gives_more_bytes_than_asked_for(make: Callable[[bytes], io.BytesIO]) -> None:
    tap = Tap(make(bytes(range(100))), most=50)
    assert tap.read(3) == bytes([0, 1, 2])
    assert tap.read(1) == bytes([3])
    assert len(tap.read(99)) == 46


def test_a_part_of_a_file() -> None:
    file = io.BytesIO(b"abcdef")
    assert part(file, 1, 2) == b"bc"
    assert part(file, 5, 2) == b"f"
    assert part(file, 2**64, 2) == b""
