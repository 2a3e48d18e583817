from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support_files import HEADS, PNG
from support_time import little_time

from runcomfy_core.web import pages


@pytest.mark.parametrize(
    ("page", "title"),
    [
        (b"<html><head><title>Log in</title>", "Log in"),
        (b"<TITLE lang='en'>\n  Log\t in </TITLE>", "Log in"),
        ("<title>로그인</title>".encode(), "로그인"),
        (b"<title>A &amp; B&#33;</title>", "A & B!"),
        (b"<title>never ends", "never ends"),
        (b"<title>" + b"x" * 200, "x" * 100 + "…"),
        (b"<title>half \xeb\x91", "half �"),
        (b"<titlebar>no</titlebar>", ""),
        (b"<title", ""),
        (b"<title lang", ""),
        (b"<title></title>", ""),
        (b"no page", ""),
        (b"", ""),
    ],
)
def test_the_title_of_a_page(page: bytes, title: str) -> None:
    assert pages.title(page) == title


AKAMAI = (
    b"<HTML><HEAD>\n<TITLE>Access Denied</TITLE>\n</HEAD><BODY>\n<H1>Access Denied</H1>\n"
    b"You don't have permission to access this server.<P>\nReference&#32;&#35;18&#46;2d351ab8"
)
S3 = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Access Denied</Message>"


@pytest.mark.parametrize(
    ("page", "headers", "status"),
    [
        (b"", {"CF-Mitigated": "challenge"}, 403),
        (PNG, {"cf-mitigated": " Challenge "}, 200),
        (b"", {"x-amzn-waf-action": "captcha"}, 405),
        (b"<title>Just a moment...</title>", {}, 503),
        (b"<title>Just a moment...</title>", {}, 200),
        (b"<title>Attention Required! | Cloudflare</title>", {}, 403),
        (b"<p>Enable JavaScript and cookies to continue</p>", {}, 200),
        (b"<p>Please verify you are human</p>", {}, 200),
        (b"<title>Robot Check</title>", {}, 200),
        (b"<div class='captcha'>", {}, 403),
        (b'{"url": "https://geo.captcha-delivery.com/captcha/"}', {}, 403),
        (AKAMAI, {}, 403),
    ],
)
def test_a_bot_wall(page: bytes, headers: dict[str, str], status: int) -> None:
    assert pages.is_bot_wall(page, headers, status)


@pytest.mark.parametrize(
    ("page", "headers", "status"),
    [
        (b"", {}, 403),
        (b"<title>Log in</title><div class='g-recaptcha'>", {"server": "cloudflare"}, 200),
        (b"<title>Log in</title><div class='g-recaptcha'>", {}, 401),
        (b"<title>Not found</title>", {"cf-ray": "1"}, 404),
        (b"<title>403 Forbidden</title>", {}, 403),
        (PNG + b"captcha, verify you are human", {}, 403),
        (S3, {}, 403),
        (b"", {"cf-mitigated": ""}, 403),
    ],
)
def test_no_bot_wall(page: bytes, headers: dict[str, str], status: int) -> None:
    assert not pages.is_bot_wall(page, headers, status)


@pytest.mark.parametrize(
    ("media_type", "head", "words"),
    [
        ("text/html", b"<title>Sign in</title>", "a web page titled 'Sign in'"),
        ("text/html", b"<p>", "a web page"),
        (
            "text/html",
            b"<title>Robot Check</title>",
            "a web page that keeps programs out (a bot wall)",
        ),
        ("application/json", b"{}", "a JSON text"),
        ("application/xml", b"<a/>", "an XML text"),
        ("text/plain", b"a", "a text"),
        ("application/pdf", b"%PDF-", "application/pdf"),
        (None, b"\x00\x01", "of no known type (it begins with 00 01)"),
    ],
)
def test_what_a_file_is_in_words(media_type: str | None, head: bytes, words: str) -> None:
    assert pages.described(media_type, head) == words
    assert pages.is_page(media_type) is words.startswith(("a ", "an "))


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (b'{"error": {"message": "link expired"}}', "link expired"),
        (b'{"other": 1}', ""),
        (b"[" * 20_000, "[" * 120 + "…"),
        (b"<title>Not found</title>", "Not found"),
        (b"<p>Not found</p>", ""),
        (b"Not\nfound", "Not found"),
        (b"\xff\xfe", ""),
        (b"", ""),
    ],
)
def test_the_words_of_a_page(page: bytes, words: str) -> None:
    assert pages.said(page) == words


@given(st.sampled_from([b"", *HEADS]), st.binary(max_size=300))
@example(b"", b"<title")
def test_no_bytes_raise(head: bytes, rest: bytes) -> None:
    page = head + rest
    assert pages.title(page).isprintable()
    assert pages.said(page).isprintable()
    pages.is_bot_wall(page, {}, 403)


@pytest.mark.parametrize("pattern", [b"<title", b"<title>", b"captch", b"&amp;", b"[ ", b" "])
def test_a_hostile_page_costs_little(pattern: bytes) -> None:
    page = pattern * (1024 * 1024 // len(pattern))
    with little_time():
        pages.title(page)
        pages.is_bot_wall(page, {}, 403)
