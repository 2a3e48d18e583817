"""What a server sends instead of a file: a web page, an error or a bot wall.

A bot wall is a page that keeps programs out, with a challenge or a captcha.

Rules:

- The words about a page are one short line, fit for a message.
- Nothing here raises, whatever the bytes are, and everything takes linear time.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from runcomfy_core.files.sniff import kind, media_type
from runcomfy_core.interrupts import pass_on
from runcomfy_core.text import one_line
from runcomfy_core.text import words as words_of

from .faults import Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .answer import Answer

#: The types of what servers send instead of a file, in words.
_PAGES: Final = {
    "application/json": "a JSON text",
    "application/xml": "an XML text",
    "text/html": "a web page",
    "text/plain": "a text",
}

_TITLE = re.compile(rb"<title(?=[\s>])", re.IGNORECASE)

#: Words that occur only on the pages of bot walls.
_WALL_WORDS: Final = (
    b"_cf_chl_opt",  # Cloudflare
    b"_incapsula_resource",  # Imperva
    b"attention required! | cloudflare",
    b"captcha-delivery.com",  # DataDome
    b"checking your browser before",
    b"ddos protection by",
    b"enable javascript and cookies",
    b"errors.edgesuite.net",  # Akamai
    b"px-captcha",  # HUMAN
    b"reference&#32;&#35;",  # Akamai
    b"verify you are human",
    b"verify you are a human",
    b"verifying you are human",
)
#: Words that an ordinary page may hold too. They count in a title, and on a page with one of
#: _WALL_STATUSES.
_WEAK_WALL_WORDS: Final = (
    b"are you a robot",
    b"captcha",
    b"human verification",
    b"just a moment",
    b"robot check",
    b"unusual traffic",
)
_WALL_STATUSES: Final = frozenset({403, 405, 429, 503})
_WALL_HEADERS: Final = {
    "cf-mitigated": {"challenge"},
    "x-amzn-waf-action": {"challenge", "captcha"},
}

#: The most bytes of an error page that are read for its words.
_PAGE: Final = 16 * 1024

#: The lowest status of a server's own failures.
_ERRORS: Final = 500

_FETCH: Final = "the API fetches without cookies or login"
_HINTS: Final = {
    401: f"{_FETCH}, so anyone must be able to read the file",
    403: f"{_FETCH}, so anyone must be able to read the file; a signed URL may have expired",
    404: "check the URL; the file may have been moved or deleted",
    410: "the file was deleted",
    429: "too many requests for now; try again later, or host the file elsewhere",
}


def is_page(media_type: str | None) -> bool:
    """Return whether a media type is one that servers send instead of a file."""
    return media_type in _PAGES


def described(media_type: str | None, head: bytes) -> str:
    """Return what a file is, in words that follow "is", for a message that it is the wrong type.

    Args:
        media_type: The type, as :func:`~runcomfy_core.files.sniff.media_type` returns it.
        head: The file's first bytes.
    """
    if media_type is None:
        return f"of no known type (it begins with {head[:8].hex(' ')})"
    if media_type not in _PAGES:
        return media_type
    words = _PAGES[media_type]
    if is_bot_wall(head, {}, 200):
        return f"{words} that keeps programs out (a bot wall)"
    named = title(head)
    return f"{words} titled {named!r}" if named else words


def said(page: bytes) -> str:
    """Return the words of an error page: of a JSON error, an HTML title or a line of text."""
    try:
        document: Any = json.loads(page)
    except (ValueError, RecursionError) as error:
        pass_on(error)
        document = None
    if document is not None:
        return words_of(document, 120)
    text = page.decode("utf-8", "replace")
    if named := title(page):
        return one_line(named, 120)
    # Markup without a title has no words worth showing.
    return "" if "<" in text or "\ufffd" in text else one_line(text, 120)


def title(head: bytes) -> str:
    """Return the title of an HTML page as one short line, or ""."""
    tag = _TITLE.search(head)
    if tag is None:
        return ""
    begin = head.find(b">", tag.end()) + 1
    text = head[begin:].partition(b"<")[0] if begin else b""
    from html import unescape  # noqa: PLC0415 - needed only when a page came instead of a file

    # The result has at most 100 characters, so the rest of an endless title is not read.
    return one_line(unescape(text[:2000].decode("utf-8", "replace")), 100)


def is_bot_wall(head: bytes, headers: Mapping[str, str], status: int) -> bool:
    """Return whether an answer shows signs of a bot wall.

    Args:
        head: The body, as far as it was read.
        headers: The answer's header. The case of its names does not matter.
        status: The HTTP status.
    """
    for name, value in headers.items():
        if value.strip().lower() in _WALL_HEADERS.get(name.lower(), ()):
            return True
    if kind(media_type(head)):
        return False
    page = head.lower()
    if any(words in page for words in _WALL_WORDS):
        return True
    place = page if status in _WALL_STATUSES else title(page).encode()
    return any(words in place for words in _WEAK_WALL_WORDS)


def refused(answer: Answer, about: str) -> Unreadable:
    """Return the fault for an answer that is no file.

    Args:
        answer: The answer. The beginning of its body is read.
        about: The file, as a message names it.
    """
    page = _beginning(answer)
    words = said(page)
    what = answer.phrase + (f' ("{words}")' if words else "")
    if is_bot_wall(page, answer.fields, answer.status):
        message = f"{about} is behind a bot wall, which answers {what}; {_FETCH} and can't pass one"
    else:
        message = f"{about} answers {what}{_hint(answer.status)}"
    return Unreadable(message, limit=200, actual=answer.status)


def _hint(status: int) -> str:
    hint = _HINTS.get(status, "its server fails; try again later" if status >= _ERRORS else "")
    return f"; {hint}" if hint else ""


def _beginning(answer: Answer) -> bytes:
    """Return the beginning of the body. A fault in the body is ignored: the status says enough."""
    page = bytearray()
    try:
        while len(page) < _PAGE and (chunk := answer.read(_PAGE - len(page))):
            page += chunk
    except Unreadable:
        pass
    return bytes(page)
