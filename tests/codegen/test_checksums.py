from __future__ import annotations

import pytest

from runcomfy_codegen.checksums import is_as_written, with_checksum
from runcomfy_codegen.render import HEADER

PATH = "models/acme/paint.py"
MADE = with_checksum(PATH, f"{HEADER}\nx = 1\ny = 2\n".encode())


def test_the_checksum_is_the_second_line() -> None:
    header, checksum, *rest = MADE.decode().splitlines()
    assert header == HEADER
    assert checksum.startswith("# The checksum of this file, by which an edit is noticed: ")
    assert rest == ["x = 1", "y = 2"]
    assert is_as_written(PATH, MADE)


def test_a_file_that_was_not_rendered_gets_none() -> None:
    assert with_checksum("py.typed", b"") == b""
    assert with_checksum("a.py", b"x = 1\n") == b"x = 1\n"


@pytest.mark.parametrize(
    "edited",
    [
        MADE.replace(b"x = 1", b"x = 3"),
        MADE.replace(b"Do not edit", b"Do edit"),
        MADE + b"\n",
        MADE.removesuffix(b"\n"),
        MADE[:-1] + b" \n",
        MADE.replace(b"noticed: ", b"noticed: 0"),
        b"\n" + MADE,
        b"\xef\xbb\xbf" + MADE,
        MADE.split(b"\n", 1)[0],
        b"\n".join(MADE.split(b"\n")[::2]),
        b"",
        b"<<<<<<< HEAD\n" + MADE,
    ],
)
def test_any_edit_is_noticed(edited: bytes) -> None:
    assert not is_as_written(PATH, edited)


@pytest.mark.parametrize("path", ["models/acme/paint_2.py", "models/other/paint.py", "paint.py"])
def test_a_copy_under_another_name_is_noticed(path: str) -> None:
    assert not is_as_written(path, MADE)


def test_line_ends_do_not_count() -> None:
    assert is_as_written(PATH, MADE.replace(b"\n", b"\r\n"))
