from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runcomfy_core.files.local import Content, OpenFile, UnreadableFile, load, open_local

if TYPE_CHECKING:
    from collections.abc import Callable

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


class Pipe(io.RawIOBase):
    """A file that gives a few bytes at a time, once."""

    def __init__(self, data: bytes) -> None:
        self._rest = data

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        piece = self._rest[: min(7, len(buffer))]
        self._rest = self._rest[len(piece) :]
        buffer[: len(piece)] = piece
        return len(piece)


def on_disk(tmp_path: Path) -> object:
    path = tmp_path / "a.txt"  # the name says nothing
    path.write_bytes(PNG)
    return path


MAKE: dict[str, Callable[[Path], Any]] = {
    "path": on_disk,
    "bytes": lambda _: PNG,
    "bytearray": lambda _: bytearray(PNG),
    "memoryview": lambda _: memoryview(PNG),
    "file object": lambda _: io.BytesIO(PNG),
    "pipe": lambda _: Pipe(PNG),
}


@pytest.mark.parametrize("form", MAKE)
def test_a_file_is_loaded_whole(form: str, tmp_path: Path) -> None:
    content = load(MAKE[form](tmp_path), 1000)
    assert content.data == PNG
    assert (content.size, content.bytes_read, content.count(5)) == (108, 108, 108)
    assert content.type == "image/png"
    assert content.read(1, 3) == b"PNG"
    assert "PNG" not in repr(content)


@pytest.mark.parametrize("form", MAKE)
def test_a_file_may_have_just_as_many_bytes_as_there_is_room(form: str, tmp_path: Path) -> None:
    assert load(MAKE[form](tmp_path), 108).size == 108
    with pytest.raises(UnreadableFile) as caught:
        load(MAKE[form](tmp_path), 107)
    assert "is too large to be sent in the request" in str(caught.value)
    assert "upload it and pass its URL" in str(caught.value)


def test_content_of_no_known_type_is_sent_as_bytes() -> None:
    assert Content(b"\x00\x01").type == "application/octet-stream"


def test_a_file_object_is_read_from_where_it_stands_and_put_back() -> None:
    file = io.BytesIO(b"before" + PNG)
    file.seek(6)
    assert load(file, 1000).data == PNG
    assert load(file, 1000).data == PNG
    opened = open_local(file)
    assert isinstance(opened, OpenFile)
    assert (opened.size, opened.read(1, 3), opened.bytes_read) == (108, b"PNG", 3)
    opened.close()
    assert file.tell() == 6


@pytest.mark.parametrize("start", [108, 200])
def test_a_file_object_at_its_end_is_empty(start: int) -> None:
    file = io.BytesIO(PNG)
    file.seek(start)
    with pytest.raises(UnreadableFile) as caught:
        load(file, 1000)
    assert str(caught.value) == (
        f"is empty; it was read from where it stood, {start} bytes behind its beginning: "
        "call seek(0) first to have all of it"
    )
    opened = open_local(file)
    assert isinstance(opened, OpenFile)
    assert (opened.size, opened.start, opened.read(0, 10)) == (0, start, b"")
    opened.close()
    assert load(io.BytesIO(), 1000).size == 0


@pytest.mark.parametrize("read", [load, lambda value, _: open_local(value)])
def test_where_a_file_object_stood_is_known(read: Callable[[object, int], Any]) -> None:
    file = io.BytesIO(b"before" + PNG)
    file.seek(6)
    assert read(file, 1000).start == 6


def test_the_beginning_of_a_file_is_read_once() -> None:
    data = bytes(range(256)) * 1000
    opened = open_local(io.BytesIO(data))
    assert isinstance(opened, OpenFile)
    assert opened.read(0, 100) == data[:100]
    assert opened.read(0, 65536) == data[:65536]
    assert opened.bytes_read == 65536
    assert opened.read(10, 65536) == data[10:65546], "the rest is read where it begins"
    assert opened.bytes_read == 65546
    assert opened.read(255_990, 100) == data[-10:]
    assert opened.read(256_000, 1) == b""
    assert opened.read(0, 256_000) == data
    assert opened.read(0, 65536) == data[:65536]


def test_a_path_is_opened_and_closed(tmp_path: Path) -> None:
    opened = open_local(on_disk(tmp_path))
    assert isinstance(opened, OpenFile)
    assert opened.read(100, 100) == bytes(8)
    assert opened.count(1) == 108
    opened.close()
    with pytest.raises(UnreadableFile, match="closed file"):
        opened.read(0, 1)


def test_a_pipe_is_left_to_the_submission() -> None:
    assert open_local(Pipe(PNG)) is None


@pytest.mark.parametrize("value", [PNG, "data:image/png;base64,iVBORw0KGgo="])
def test_content_in_memory_is_opened_as_it_is(value: object) -> None:
    opened = open_local(value)
    assert isinstance(opened, Content)
    assert opened.type == "image/png"
    opened.close()


class NoSeek(io.BytesIO):
    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:  # noqa: ARG002 - as its base has it
        raise OSError(22, "Invalid argument")


def closed(_: Path) -> object:
    file = io.BytesIO(PNG)
    file.close()
    return file


class TextReader:
    """Says nothing of being a text file, and is one."""

    def read(self, _size: int) -> str:
        return "text"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: folder / "none.png", "none.png"),
        (lambda _: Path("none.png"), "there is no such file: none.png"),
        (lambda _: Path("~/none.png"), "there is no such file: ~/none.png; call .expanduser()"),
        (lambda folder: folder, "can't be read: Is a directory"),
        (closed, "can't be read: I/O operation on closed file"),
        (lambda _: NoSeek(PNG), "can't be read: Invalid argument"),
        (lambda _: Path("a\0b"), "can't be read: embedded null byte"),
    ],
)
@pytest.mark.parametrize("use", [lambda value: load(value, 1000), open_local])
def test_a_file_that_cannot_be_read_says_why(
    make: Callable[[Path], object], words: str, use: Callable[[object], object], tmp_path: Path
) -> None:
    with pytest.raises(UnreadableFile) as caught:
        use(make(tmp_path))
    assert words in str(caught.value)


def test_a_reader_of_text_is_told_to_be_opened_in_binary() -> None:
    with pytest.raises(UnreadableFile, match="gives text when it is read"):
        load(TextReader(), 1000)


@pytest.mark.skipif(os.name == "nt", reason="named pipes are made with mkfifo")
def test_a_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    for use in (open_local, lambda value: load(value, 1000)):
        with pytest.raises(UnreadableFile, match="pipe is a named pipe and no file; open it your"):
            use(path)
