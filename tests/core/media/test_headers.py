from __future__ import annotations

import io
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from support_media import exif, picture

from runcomfy_core.media.headers import ask, is_sideways
from runcomfy_core.media.reader import Tap

if TYPE_CHECKING:
    from collections.abc import Callable

    from runcomfy_core.media.headers import Info


def asked(content: bytes) -> Info | None:
    return ask(Tap(io.BytesIO(content), most=1_000_000))


def test_a_header() -> None:
    info = asked(picture("JPEG"))
    assert info is not None
    assert (info.width, info.height) == (60, 40)
    assert not is_sideways(info)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_orientation(orientation: int) -> None:
    info = asked(picture("JPEG", exif=exif(orientation)))
    assert info is not None
    assert info.rotation == orientation
    assert is_sideways(info) == (orientation > 4)


@pytest.mark.parametrize("content", [b"\xff\xd8\xff\xe0\0\0", b"GIF89a" + bytes(1), b"II*\0" * 5])
def test_a_header_that_it_cannot_read(content: bytes) -> None:
    info = asked(content)
    assert info is None or info.width == -1


class OddError(Exception):
    """An error of a kind that nobody foresaw."""


def patched(monkeypatch: pytest.MonkeyPatch, get_info: Callable[..., object]) -> None:
    monkeypatch.setitem(sys.modules, "imagesize", SimpleNamespace(get_info=get_info))


def test_it_gets_the_file_object_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []

    def get_info(file: object, **_: object) -> object:
        given.append(file)
        raise ValueError("unsound")

    patched(monkeypatch, get_info)
    tap = Tap(io.BytesIO(b"/etc/passwd"), most=100)
    assert ask(tap) is None
    assert given == [tap]


@pytest.mark.parametrize(
    "kind", [OddError, TypeError, KeyError, IndexError, io.UnsupportedOperation]
)
def test_what_goes_wrong_inside_it_goes_through(
    monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    def get_info(file: Any, **_: object) -> object:
        file.read(5)
        raise kind("a")

    patched(monkeypatch, get_info)
    with pytest.raises(kind):
        asked(b"content")
    # An error that comes of being stopped says nothing.
    assert ask(Tap(io.BytesIO(b"content"), most=4)) is None


def test_an_error_of_the_file_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(io.BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            raise OSError("gone")

    def get_info(file: Any, **_: object) -> object:
        assert file.read(5) == b""
        raise OddError

    patched(monkeypatch, get_info)
    with pytest.raises(OSError, match="gone"):
        ask(Tap(Failing(), most=100))


def test_a_version_that_reads_in_another_way_accuses_no_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # imagesize 2.0.0 calls read() without a size.
    patched(monkeypatch, lambda file, **_: file.read())
    with pytest.raises(TypeError, match="size"):
        asked(b"content")
