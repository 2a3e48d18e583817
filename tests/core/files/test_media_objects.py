"""Objects of other libraries, and odd ones, in the place of a file: each entry point says why."""

from __future__ import annotations

import asyncio
import bz2
import gc
import gzip
import io
import lzma
import os
import pathlib
import zipfile
from typing import TYPE_CHECKING, Any

import anyio
import pytest
import requests
import urllib3
from PIL import Image
from starlette.datastructures import UploadFile
from support_client import picture
from support_server import FaultServer

from runcomfy import AsyncClient, Client, errors
from runcomfy.models.wan_ai import wan_2_6_image_to_image as model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PNG = picture(400, 400)
AWAIT = "is read by awaiting: await its read() first and pass the bytes"
RESPONSE = "is an HTTP response; pass its content: response.content"


class HttpxResponse:
    """A response as httpx has it: its content is a property that may raise, read takes no size."""

    status_code = 200

    @property
    def content(self) -> bytes:
        raise RuntimeError("not read yet")

    def read(self) -> bytes:
        return PNG


class Gives:
    """A file object whose every read gives the same."""

    def __init__(self, what: object) -> None:
        self._what = what

    def read(self, _size: int = -1) -> object:
        if isinstance(self._what, BaseException):
            raise self._what
        return self._what


class AwaitedLater(Gives):
    """Its read is no coroutine function, but gives a coroutine all the same."""

    def read(self, _size: int = -1) -> object:
        return asyncio.sleep(0, PNG)


class NotAwaited:
    """What a coroutine function gives, and a future."""

    def __await__(self) -> Iterator[object]:
        raise AssertionError("nobody awaits it")


class Awaited(io.BytesIO):
    """Half of it is asynchronous."""

    async def seekable(self) -> bool:  # type: ignore[override]  # that is what is wrong with it
        return True


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


class OddPath(os.PathLike[str]):
    def __fspath__(self) -> str:
        raise KeyError("no path")


class BytesPath(os.PathLike[bytes]):
    def __fspath__(self) -> bytes:
        return b"/none/\xff.png"


def cut_gzip() -> object:
    return gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(os.urandom(50_000))[:-20_000]))


def cut_bz2() -> object:
    return bz2.BZ2File(io.BytesIO(bz2.compress(os.urandom(50_000))[:-20_000]))


def cut_lzma() -> object:
    return lzma.LZMAFile(io.BytesIO(lzma.compress(os.urandom(50_000))[:-20_000]))


def bad_zip() -> object:
    """A file in an archive whose content does not have its checksum."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.png", PNG)
    content = bytearray(packed.getvalue())
    content[60] ^= 0xFF
    return zipfile.ZipFile(io.BytesIO(content)).open("a.png")


def closed() -> object:
    file = io.BytesIO(PNG)
    file.close()
    return file


def released() -> object:
    view = memoryview(PNG)
    view.release()
    return view


def write_only() -> object:
    return io.BufferedWriter(io.BytesIO(PNG))


def requests_response() -> object:
    response = requests.Response()
    response.status_code = 200
    return response


def member(folder: pathlib.Path) -> object:
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("a.png", PNG)
    return zipfile.Path(folder / "a.zip", "a.png")


def fifo(folder: pathlib.Path) -> object:
    os.mkfifo(folder / "fifo")
    return folder / "fifo"


#: What makes an object, and what its problem says.
OBJECTS: dict[str, tuple[Callable[[pathlib.Path], Any], str]] = {
    "gzip": (lambda _: cut_gzip(), "can't be read: EOFError: Compressed file ended before"),
    "bz2": (lambda _: cut_bz2(), "can't be read: EOFError: Compressed file ended before"),
    "lzma": (lambda _: cut_lzma(), "can't be read: EOFError: Compressed file ended before"),
    "zip": (lambda _: bad_zip(), "can't be read: BadZipFile: Bad CRC-32"),
    "httpx": (lambda _: HttpxResponse(), RESPONSE),
    "requests": (lambda _: requests_response(), RESPONSE),
    "urllib3": (
        lambda _: urllib3.HTTPResponse(PNG, status=200),
        "is empty: it was read already; pass its .data",
    ),
    "starlette": (lambda _: UploadFile(io.BytesIO(PNG)), f"{AWAIT}, or pass its .file"),
    "anyio": (lambda _: anyio.wrap_file(io.BytesIO(PNG)), AWAIT),
    "a coroutine": (lambda _: AwaitedLater(None), AWAIT),
    "not awaited": (lambda _: NotAwaited(), "is to be awaited; pass what comes of that"),
    "half asynchronous": (lambda _: Awaited(PNG), AWAIT),
    "Pillow": (lambda _: Image.new("RGB", (9, 9)), "is a picture in memory; save it to an io.By"),
    "zipfile.Path": (member, "is no file of this machine; pass what its read_bytes() gives"),
    "text": (lambda _: io.StringIO("text"), "is a file opened as text; open it in binary: open("),
    "gives text": (lambda _: Gives("text"), "gives text when it is read; open it in binary"),
    "gives None": (lambda _: Gives(None), "gives no bytes yet: it does not wait for them; read it"),
    "gives a list": (lambda _: Gives([PNG]), "gives a value of type list when it is read, not by"),
    "no end": (lambda _: Gives(bytes(1 << 20)), "is too large to be sent in the request"),
    "TypeError": (lambda _: Gives(TypeError("two")), "can't be read: TypeError: two"),
    "KeyError": (lambda _: Gives(KeyError("secret")), "can't be read: KeyError: 'secret'"),
    "MemoryError": (lambda _: Gives(MemoryError()), "can't be read: MemoryError"),
    "StopIteration": (lambda _: Gives(StopIteration()), "can't be read: StopIteration"),
    "RecursionError": (lambda _: Gives(RecursionError("deep")), "can't be read: RecursionError"),
    "no words": (lambda _: Gives(UnspeakableError()), "can't be read: UnspeakableError"),
    "FileNotFoundError": (lambda _: Gives(FileNotFoundError("s3")), "the file can't be read: s3"),
    "closed": (lambda _: closed(), "can't be read: I/O operation on closed file"),
    "released": (lambda _: released(), "can't be read: operation forbidden on released memory"),
    "to be written": (lambda _: write_only(), "can't be read"),
    "a class": (lambda _: io.BytesIO, "not a value of type type"),
    "a directory": (lambda folder: folder, "can't be read: Is a directory"),
    "a named pipe": (fifo, "fifo is a named pipe and no file; open it yourself and pass the bytes"),
    "/dev/zero": (lambda _: pathlib.Path("/dev/zero"), "/dev/zero is a device and no file"),
    "NUL": (lambda _: pathlib.Path("a\0b"), "can't be read: embedded null byte"),
    "a surrogate": (lambda _: pathlib.Path("\udcff.png"), "there is no such file: .png"),
    "half a pair": (lambda _: pathlib.Path("\ud800.png"), "can't be read: 'utf-8' codec can't enc"),
    "an odd path": (lambda _: OddPath(), "can't be read: KeyError: 'no path'"),
    "a path in bytes": (lambda _: BytesPath(), "there is no such file: b'/none/"),
}


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running
        assert running.requests == [], "nothing is sent"


def submitted(server: FaultServer, value: object) -> list[Any]:
    with Client("token", base_url=server.base_url) as client:
        model.submit(client, prompt="p", image_urls=[PNG, value])  # type: ignore[list-item]
    raise AssertionError("it was submitted")


def awaited(server: FaultServer, value: object) -> list[Any]:
    async def main() -> None:
        async with AsyncClient("token", base_url=server.base_url) as client:
            await model.submit(client, {"prompt": "p", "image_urls": [PNG, value]})

    asyncio.run(main())
    raise AssertionError("it was submitted")


def mapped(server: FaultServer, value: object) -> list[Any]:
    with Client("token", base_url=server.base_url) as client:
        [(_, outcome)] = model.map(client, [{"prompt": "p", "image_urls": [PNG, value]}])
    assert isinstance(outcome, errors.RunComfyError)
    raise outcome


def of_any_model(server: FaultServer, value: object) -> list[Any]:
    with Client("token", base_url=server.base_url) as client:
        client.submit("a/b", {"prompt": "p", "image_urls": [PNG, value]})
    raise AssertionError("it was submitted")


@pytest.mark.parametrize("call", [submitted, awaited, mapped, of_any_model])
@pytest.mark.parametrize("name", OBJECTS)
def test_it_is_a_problem_at_its_place(
    name: str,
    call: Callable[[FaultServer, object], object],
    server: FaultServer,
    tmp_path: pathlib.Path,
) -> None:
    make, words = OBJECTS[name]
    value = make(tmp_path)
    with pytest.raises(errors.InvalidInput) as caught:
        call(server, value)
    [problem] = caught.value.problems
    assert problem.path == "/image_urls/1"
    if name != "a class" or call is not of_any_model:  # without a schema: "a … is not JSON"
        assert words in problem.message
    str(caught.value).encode()  # it can be printed
    gc.collect()  # a coroutine that nobody awaits would be a warning, which is an error here


#: What can be read only once is left to the submission.
ONCE = {
    "urllib3",
    "a coroutine",
    "gives text",
    "gives None",
    "gives a list",
    "no end",
    "TypeError",
    "KeyError",
    "MemoryError",
    "StopIteration",
    "RecursionError",
    "no words",
    "FileNotFoundError",
}


@pytest.mark.parametrize("name", sorted(set(OBJECTS) - ONCE))
def test_a_check_says_so(name: str, tmp_path: pathlib.Path) -> None:
    make, words = OBJECTS[name]
    report = model.check_media({"image_urls": [PNG, make(tmp_path)]})
    [problem] = report.problems
    assert problem.path == "/image_urls/1"
    assert words in problem.message
    gc.collect()


class Pieces(io.RawIOBase):
    """A file that can seek, and gives less than it is asked for."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: Any, /) -> int:
        piece = self._file.read(min(len(buffer), 100))
        buffer[: len(piece)] = piece
        return len(piece)


class NoPlace(io.BytesIO):
    """Its seek gives nothing, as those of some older libraries do."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        super().seek(offset, whence)
        return None  # type: ignore[return-value]  # that is what is odd


class NotPutBack(io.BytesIO):
    """It can't be put back where it stood once it was read to its end."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        if self.tell() == len(PNG) and offset == 0 and whence == 0 and self.read_once:
            raise OSError("no way back")
        return super().seek(offset, whence)

    read_once = False

    def read(self, size: int | None = -1, /) -> bytes:
        self.read_once = True
        return super().read(size)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Pieces(PNG),
        lambda: NoPlace(PNG),
        lambda: NotPutBack(PNG),
        lambda: gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(PNG))),
        lambda: urllib3.HTTPResponse(io.BytesIO(PNG), preload_content=False),
    ],
)
def test_what_can_be_read_is_sent_whole(make: Callable[[], Any]) -> None:
    from runcomfy_core.media.encode import encode  # noqa: PLC0415 - not needed elsewhere here

    body = encode("a/b", {"x": make()})
    assert body.files["/x"].data == PNG


@pytest.mark.parametrize("wrap", [bytearray, memoryview])
def test_any_kind_of_bytes_is_taken(wrap: Callable[[bytes], object]) -> None:
    from runcomfy_core.media.encode import encode  # noqa: PLC0415 - only this test needs it

    class Once(Gives):
        def read(self, _size: int = -1) -> object:
            given, self._what = self._what, b""
            return given

    assert encode("a/b", {"x": Once(wrap(PNG))}).files["/x"].data == PNG


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_is_no_error_goes_through(error: type[BaseException]) -> None:
    from runcomfy_core.media.encode import encode  # noqa: PLC0415 - only this test needs it

    with pytest.raises(error):
        encode("a/b", {"x": Gives(error())})
