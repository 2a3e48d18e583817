from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support_media_server import MediaServer, drip, head, raw, whole

from runcomfy_core.http.deadline import Deadline
from runcomfy_core.web.faults import Unreadable
from runcomfy_core.web.fetch import Fetcher

if TYPE_CHECKING:
    from support_media_server import Page

LOGIN = b"<!doctype html><html><head><title>Sign in &amp; go on</title></head></html>"
NO_LOGIN = "; the API fetches without cookies or login, so anyone must be able to read the file"


def refusal(page: Page, seconds: float = 10.0) -> Unreadable:
    """What is said of a page, without the URL that it begins with."""
    with MediaServer({"/a": page}) as server:
        fetcher = Fetcher(Deadline(seconds), allow_private=True)
        with pytest.raises(Unreadable) as caught:
            fetcher.fetch(f"{server.origin}/a")
        assert caught.value.message.startswith(f"{server.origin}/a ")
        caught.value.message = caught.value.message.removeprefix(f"{server.origin}/a ")
    return caught.value


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (401, b'{"message": "no  token"}', f'answers HTTP 401 Reason ("no token"){NO_LOGIN}'),
        (
            403,
            LOGIN,
            f'answers HTTP 403 Reason ("Sign in & go on"){NO_LOGIN}; a signed URL may have expired',
        ),
        (
            404,
            b"no such\nfile \x1b[0m",
            'answers HTTP 404 Reason ("no such file [0m"); check the URL; the file may have been ',
        ),
        (410, b"", "answers HTTP 410 Reason; the file was deleted"),
        (418, b"", "answers HTTP 418 Reason"),
        (
            429,
            b"[]",
            "answers HTTP 429 Reason; too many requests for now; try again later, or host the file",
        ),
        (500, b"<p>oh</p>", "answers HTTP 500 Reason; its server fails; try again later"),
        (503, b"\xff\x00\x80", "answers HTTP 503 Reason; its server fails; try again later"),
        (503, b"[" * 16_000, "answers HTTP 503 Reason"),
        (202, b"", "answers HTTP 202 Reason"),
        (304, b"", "answers HTTP 304 Reason"),
    ],
)
def test_a_status_and_its_words(status: int, body: bytes, message: str) -> None:
    error = refusal(whole(body, status=status))
    assert error.message.startswith(message)
    assert len(error.message) < 400
    assert (error.rule, error.limit, error.actual) == ("readable", 200, status)


def test_a_bot_wall() -> None:
    page = b"<html><head><title>Just a moment...</title></head></html>"
    error = refusal(whole(page, "cf-mitigated: challenge", "Content-Type: text/html", status=403))
    assert error.message == (
        'is behind a bot wall, which answers HTTP 403 Reason ("Just a moment..."); '
        "the API fetches without cookies or login and can't pass one"
    )


def test_a_long_page_is_not_read_whole() -> None:
    error = refusal(whole(b"x" * 10_000_000, status=404))
    assert error.message.startswith(f'answers HTTP 404 Reason ("{"x" * 120}…");')


@pytest.mark.parametrize(
    "page",
    [
        raw(head(404, "Content-Length: 500") + b"gone"),
        drip(head(404, "Content-Length: 500") + b"gone", 0.001),
    ],
)
def test_a_page_that_does_not_come_whole(page: Page) -> None:
    assert refusal(page, 3.0).message.startswith('answers HTTP 404 Reason ("gone"); check')


def test_a_phrase_is_one_short_line() -> None:
    error = refusal(raw(head(404, "Content-Length: 0", reason="x\x07y" * 100)))
    assert error.message.startswith("answers HTTP 404 x yx y")
    assert error.message.isprintable()
