from __future__ import annotations

import io
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from runcomfy._media.headers import ask, is_sideways
from runcomfy._media.reader import Tap
from support_media import exif, picture

if TYPE_CHECKING:
    from runcomfy._media.headers import Info


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


def test_it_gets_the_file_object_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []

    def get_info(file: object, **_: object) -> object:
        given.append(file)
        raise ZeroDivisionError  # any error is its own affair

    monkeypatch.setitem(sys.modules, "imagesize", SimpleNamespace(get_info=get_info))
    tap = Tap(io.BytesIO(b"/etc/passwd"), most=100)
    assert ask(tap) is None
    assert given == [tap]
