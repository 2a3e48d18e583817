from __future__ import annotations

import attrs
import pytest

from runcomfy_sandbox import ranges
from runcomfy_sandbox.answers import Answer, Call, error

BODY = b"0123456789"
FILE = ranges.whole(BODY, "image/png")
ETAG = FILE.headers["etag"]


def _asked(
    wanted: str | None, *, file: Answer = FILE, method: str = "GET", if_range: str | None = None
) -> Answer:
    return ranges.asked(Call("", "", method=method, range=wanted, if_range=if_range), file)


def test_a_whole_file() -> None:
    assert FILE.status == 200
    assert FILE.headers.items() >= {"content-type": "image/png", "accept-ranges": "bytes"}.items()
    assert _asked(None) is FILE


def test_the_etag_is_strong_and_of_the_content() -> None:
    assert ETAG.startswith('"')
    assert ETAG.endswith('"')
    assert ranges.whole(BODY, "image/gif").headers["etag"] == ETAG
    other = ranges.replaced(FILE, b"9876543210")
    assert other.body == b"9876543210"
    assert other.headers["etag"] != ETAG
    assert other.headers["content-type"] == "image/png"


@pytest.mark.parametrize(
    ("wanted", "place", "body"),
    [
        ("bytes=0-0", "0-0", b"0"),
        ("bytes=2-4", "2-4", b"234"),
        ("bytes=0-9", "0-9", BODY),
        ("bytes=0-65535", "0-9", BODY),
        ("bytes=9-9", "9-9", b"9"),
        ("bytes=4-", "4-9", b"456789"),
        ("bytes=-1", "9-9", b"9"),
        ("bytes=-10", "0-9", BODY),
        ("bytes=-99", "0-9", BODY),
        ("bytes= 2-4 ", "2-4", b"234"),
        ("Bytes=2-4", "2-4", b"234"),
    ],
)
def test_a_part(wanted: str, place: str, body: bytes) -> None:
    answer = _asked(wanted)
    assert (answer.status, answer.body) == (206, body)
    assert answer.headers == {**FILE.headers, "content-range": f"bytes {place}/10"}


@pytest.mark.parametrize("wanted", ["bytes=10-", "bytes=10-12", "bytes=99-100", "bytes=-0"])
def test_a_part_that_is_not_there(wanted: str) -> None:
    answer = _asked(wanted)
    assert answer.status == 416
    assert answer.headers["content-range"] == "bytes */10"
    assert "etag" not in answer.headers


@pytest.mark.parametrize(
    "wanted",
    [
        "bytes=0-1,4-5",
        "bytes=0-1,",
        "bytes=4-2",
        "bytes=-",
        "bytes=",
        "bytes",
        "",
        "bytes=a-b",
        "bytes=+1-2",
        "bytes=1 -2",
        "bytes=٠-٤",
        "bytes=--1",
        "bytes=0-" + "9" * 5000,
        "pixels=0-1",
        " bytes=0-1",
    ],
    ids=lambda wanted: wanted[:16],
)
def test_what_is_malformed_or_several_is_ignored(wanted: str) -> None:
    assert _asked(wanted) is FILE


def test_a_range_means_something_in_a_get_only() -> None:
    assert _asked("bytes=0-1", method="HEAD") is FILE


@pytest.mark.parametrize(
    ("if_range", "status"),
    [
        (ETAG, 206),
        ('"another"', 200),
        (f"W/{ETAG}", 200),
        (ETAG.strip('"'), 200),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 200),
        ("", 200),
    ],
)
def test_if_range(if_range: str, status: int) -> None:
    assert _asked("bytes=0-1", if_range=if_range).status == status


def test_if_range_never_matches_a_weak_tag() -> None:
    weak = attrs.evolve(FILE, headers={**FILE.headers, "etag": 'W/"a"'})
    assert _asked("bytes=0-1", file=weak, if_range='W/"a"') is weak
    assert _asked("bytes=0-1", file=weak).status == 206


@pytest.mark.parametrize("wanted", ["bytes=0-", "bytes=0-9", "bytes=-5"])
def test_an_empty_file_has_no_parts(wanted: str) -> None:
    assert _asked(wanted, file=ranges.whole(b"", "image/png")).status == 416


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, BODY),
        Answer(200, BODY, {"accept-ranges": "none"}),
        error(404, 404001, "no"),
        attrs.evolve(FILE, status=500),
        attrs.evolve(FILE, body="a text"),
    ],
)
def test_not_every_answer_has_parts(answer: Answer) -> None:
    assert _asked("bytes=0-1", file=answer) is answer
