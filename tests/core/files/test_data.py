from __future__ import annotations

import base64
import sys
import tracemalloc
from urllib.parse import quote, quote_from_bytes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support_time import little_time

from runcomfy_core.files import data

#: Characters that are decoded at a time, where a fault is most easily overlooked.
SLICE = 64 * 1024

LOOKS_LIKE = "it looks like data:image/png;base64,iVBORw0…"
WRONG_PADDING = "is not base64 to its end: it is cut off, or its padding (=) is wrong"
WHITE_SPACE = "has white space in its base64; take it out"
NO_TEXT = "has line breaks or control characters in it; percent-encode them"
NO_ESCAPE = "has a % that two hexadecimal digits don't follow"
BASE64URL = (
    "is in the base64 of file names (base64url, with - and _); encode it with base64.b64encode"
)


@pytest.mark.parametrize(
    ("uri", "media_type", "content"),
    [
        ("data:,A%20brief%20note", "text/plain", b"A brief note"),
        ("data:;base64,QUJD", "text/plain", b"ABC"),
        ("DATA:IMAGE/PNG;BASE64,QUJDRA==", "image/png", b"ABCD"),
        ("data:image/png;base64,QUJDREU=", "image/png", b"ABCDE"),
        ("data:image/svg+xml;charset=utf-8,<svg/>", "image/svg+xml", b"<svg/>"),
        ('data:image/svg+xml;a=b;c="d e";base64,QUJD', "image/svg+xml", b"ABC"),
        ("data:;charset=UTF-8,%EB%91%90", "text/plain", "두".encode()),
        ("data:image/png;base64,%2B%2f%2B%2F", "image/png", b"\xfb\xff\xbf"),
        ("data:image/png;base64,QUJDRA%3D%3d", "image/png", b"ABCD"),
        ("data:image/png,not;base64,but text", "image/png", b"not;base64,but text"),
        ("data:application/vnd.a-b.c_d+json,{}", "application/vnd.a-b.c_d+json", b"{}"),
    ],
)
def test_what_decodes(uri: str, media_type: str, content: bytes) -> None:
    assert data.is_data(uri)
    assert data.data_fault(uri) is None
    assert data.decode(uri) == (media_type, content)


@pytest.mark.parametrize(
    ("uri", "fault"),
    [
        ("", "does not begin with data:"),
        ("https://example.com/a,b", "does not begin with data:"),
        (" data:,a", "does not begin with data:"),
        ("data:", f"has no comma before its content; {LOOKS_LIKE}"),
        ("data:image/png;base64", f"has no comma before its content; {LOOKS_LIKE}"),
        ("data:,", "is empty"),
        ("data:image/png;base64,", "is empty"),
        ("data:base64,QUJD", f"has 'base64' where its media type belongs; {LOOKS_LIKE}"),
        ("data:image,QUJD", f"has 'image' where its media type belongs; {LOOKS_LIKE}"),
        ("data:image/,QUJD", f"has 'image/' where its media type belongs; {LOOKS_LIKE}"),
        (
            "data:image/png; base64,QUJD",
            f"has 'image/png; base64' where its media type belongs; {LOOKS_LIKE}",
        ),
        (
            "data:image/png;utf8,QUJD",
            f"has 'image/png;utf8' where its media type belongs; {LOOKS_LIKE}",
        ),
        (
            "data:image/png;base64;a=b,QUJD",
            f"has 'image/png;base64;a=b' where its media type belongs; {LOOKS_LIKE}",
        ),
        (
            "data:ima\nge/" + "x" * 99 + ",QUJD",
            f"has 'ima ge/{'x' * 53}…' where its media type belongs; {LOOKS_LIKE}",
        ),
        ("data:image/png;base64,QUJDRA", WRONG_PADDING),
        ("data:image/png;base64,QUJDRA=", WRONG_PADDING),
        ("data:image/png;base64,QUJDR", WRONG_PADDING),
        ("data:image/png;base64,QUJD=", WRONG_PADDING),
        ("data:image/png;base64,QUJD====", WRONG_PADDING),
        ("data:image/png;base64,====", WRONG_PADDING),
        ("data:image/png;base64,Q===", WRONG_PADDING),
        ("data:image/png;base64,QQ=Q", WRONG_PADDING),
        ("data:image/png;base64,QQ==QUJD", WRONG_PADDING),
        ("data:image/png;base64,QUJDRA==" + "Q" * SLICE, WRONG_PADDING),
        ("data:image/png;base64," + "Q" * (SLICE - 1) + "=" + "QUJD", WRONG_PADDING),
        ("data:image/png;base64," + "Q" * (SLICE - 1) + "=" + "Q", WRONG_PADDING),
        ("data:image/png;base64," + "Q" * SLICE + "====", WRONG_PADDING),
        ("data:image/png;base64,QU JD", WHITE_SPACE),
        ("data:image/png;base64,QUJD\n", WHITE_SPACE),
        ("data:image/png;base64, QUJD", WHITE_SPACE),
        ("data:image/png;base64,QU%20JD", WHITE_SPACE),
        ("data:image/png;base64,-_-_", BASE64URL),
        ("data:image/png;base64,QUJDQQ-", BASE64URL),
        (
            "data:image/png;base64,QU!D",
            "is not base64: it has '!' as character 3 of its content",
        ),
        (
            "data:image/png;base64,QUJD,QQQ",
            "is not base64: it has ',' as character 5 of its content",
        ),
        (
            "data:image/png;base64," + "Q" * SLICE + "QUJDQ%00=",
            "is not base64: it has '\\x00' as character 65,542 of its content",
        ),
        ("data:image/png;base64,QU%zz", NO_ESCAPE),
        ("data:image/png;base64,QUJD%3", NO_ESCAPE),
        ("data:,100%", NO_ESCAPE),
        ("data:,%%41", NO_ESCAPE),
        ("data:,a\nb", NO_TEXT),
        ("data:,a\x7fb", NO_TEXT),
        ("data:,두", "has characters that are not ASCII; percent-encode them"),
        ("data:;base64,QUJ두", "has characters that are not ASCII; percent-encode them"),
        ("data:;base64,\ud800", "has characters that are not ASCII; percent-encode them"),
    ],
)
def test_what_does_not_decode(uri: str, fault: str) -> None:
    assert data.data_fault(uri) == fault
    with pytest.raises(ValueError, match=r".") as raised:
        data.decode(uri)
    assert str(raised.value) == fault


@pytest.mark.parametrize(
    ("text", "whether"),
    [("data:", True), ("Data:x", True), ("data", False), ("", False), ("ﬁdata:", False)],
)
def test_what_begins_as_one(text: str, whether: bool) -> None:  # noqa: FBT001 - a table's column
    assert data.is_data(text) is whether


@given(st.binary(min_size=1, max_size=200))
def test_what_is_encoded_decodes(content: bytes) -> None:
    uri = b"".join(data.encoded(content, "image/x-y"))
    assert uri == b"data:image/x-y;base64," + base64.b64encode(content)
    assert len(uri) == data.encoded_size(len(content), "image/x-y")
    assert data.decode(uri.decode()) == ("image/x-y", content)


@pytest.mark.parametrize("around", [0, 49152, 65536, 98304, 131072, 196608])
@pytest.mark.parametrize("more", [-3, -2, -1, 0, 1, 2, 3])
def test_at_the_edges_of_slices(around: int, more: int) -> None:
    content = bytes(index % 251 for index in range(max(0, around + more)))
    chunks = list(data.encoded(content, "video/mp4"))
    assert max(map(len, chunks)) <= SLICE
    uri = b"".join(chunks).decode()
    assert len(uri) == data.encoded_size(len(content), "video/mp4")
    if content:
        assert data.decode(uri) == ("video/mp4", content)
        escaped = "data:video/mp4;base64," + quote(uri.partition(",")[2], safe="")
        assert data.decode(escaped) == ("video/mp4", content)
        text = "data:video/mp4," + quote_from_bytes(content, safe="")
        assert data.decode(text) == ("video/mp4", content)


def test_any_buffer_is_encoded_by_its_bytes() -> None:
    numbers = memoryview(bytes(range(12))).cast("I")
    assert b"".join(data.encoded(numbers, "a/b")) == b"data:a/b;base64,AAECAwQFBgcICQoL"
    part = memoryview(b"xABCx")[1:4]
    assert b"".join(data.encoded(part, "a/b")) == b"data:a/b;base64,QUJD"


@given(st.text() | st.text(st.sampled_from("aZ9+/=-_%2B3D ,;\n\x00é")).map("data:;base64,".__add__))
@example("data:;base64,%")
@example("data:,%" + "2" * SLICE)
@example("data:;base64," + "=" * 100)
def test_no_text_raises(text: str) -> None:
    fault = data.data_fault(text)
    if fault is None:
        assert data.decode(text)[1]
    else:
        assert fault.isprintable()
        with pytest.raises(ValueError, match=r"."):
            data.decode(text)


@given(st.text(st.sampled_from("AQz9+/="), min_size=1, max_size=12))
def test_it_is_as_strict_as_the_standard(payload: str) -> None:
    bare = payload.rstrip("=")
    padding = len(payload) - len(bare)
    sound = "=" not in bare and padding <= 2 and len(payload) % 4 == 0
    assert (data.data_fault(f"data:;base64,{payload}") is None) is sound


@pytest.mark.parametrize(
    "uri",
    [
        "data:" + ";a=b" * 1_000_000,
        "data:" + ";a=b" * 1_000_000 + ";,x",
        "data:" + "a/" * 1_000_000 + ",x",
        'data:;a="' + '"' * 1_000_000 + ",x",
        "data:;base64," + "%" * 1_000_000,
        "data:;base64," + "=" * 1_000_000,
    ],
    ids=range(6),
)
def test_a_hostile_uri_costs_little(uri: str) -> None:
    with little_time():
        assert data.data_fault(uri) is not None


def test_a_large_uri_costs_no_second_copy() -> None:
    size = 12 * 1024 * 1024
    uri = "data:video/mp4;base64," + "QUJD" * (size // 4)
    content = bytes(size)
    tracemalloc.start()
    try:
        assert data.data_fault(uri) is None
        assert sum(map(len, data.encoded(content, "video/mp4"))) == len(uri) + size // 3
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1024 * 1024


def test_a_plain_uri_needs_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "urllib.parse", None)
    monkeypatch.setitem(sys.modules, "base64", None)
    assert data.data_fault("data:image/png;base64,QUJD") is None
