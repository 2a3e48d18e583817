from __future__ import annotations

import json
import pathlib
import tracemalloc
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from support_client import picture

from runcomfy_core.files.body import Body
from runcomfy_core.files.data import decode
from runcomfy_core.media.encode import encode

if TYPE_CHECKING:
    from pathlib import Path


@given(st.lists(st.binary(min_size=1, max_size=200), max_size=4), st.text())
def test_files_stand_where_they_were(files: list[bytes], text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    body = encode("a/b", {"x": files, "y": {"z": [text, *files]}})
    assert body.length == len(b"".join(body))
    sent = json.loads(b"".join(body))
    assert [decode(one)[1] for one in sent["x"]] == files
    assert sent["y"]["z"][0] == text
    assert [decode(one)[1] for one in sent["y"]["z"][1:]] == files


def test_a_body_names_its_files() -> None:
    body = encode("a/b", {"a": [picture()], "b": "text"})
    assert {path: file.type for path, file in body.files.items()} == {"/a/0": "image/png"}
    assert body.files["/a/0"].data == picture()


def test_it_can_be_sent_again() -> None:
    body = encode("a/b", {"a": picture()})
    assert list(body) == list(body)


def test_a_large_file_is_in_memory_once(tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    path.write_bytes(bytes(32 * 1024 * 1024))
    tracemalloc.start()
    try:
        body = encode("a/b", {"a": pathlib.Path(path)})
        sent = sum(map(len, body))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sent == body.length > 42 * 1024 * 1024
    assert peak < 34 * 1024 * 1024


def test_what_it_holds_is_not_shown() -> None:
    assert repr(Body((b'{"secret": 1}',), {})) == "Body(files={})"
