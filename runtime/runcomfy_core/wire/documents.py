"""The JSON of an answer, read in little more memory than what comes of it.

Python stores a text with as many bytes for each character as its widest one takes: a single emoji
makes four of each, of the whole answer and then of each text in it. An answer of 60 MB took 520.

Rules:

- A large answer's long texts are read apart from the rest, each for itself and in pieces.
- Where an answer is only looked at, its long texts are not read but for their beginnings.
- What is read is the same as :func:`json.loads` reads, errors included.
"""

from __future__ import annotations

import codecs
import io
import json
import os
import re
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Bytes of an answer that are read as they are.
SMALL: Final = 1024 * 1024

#: Bytes of a text that is read apart, of the pieces in which it is read, and of a beginning.
_LONG: Final = 1024
_PIECE: Final = 256 * 1024
_BEGINNING: Final = 8 * 1024

#: A text in JSON. One that has no end is taken as well, or each quote in it would be tried.
_TEXT: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)

#: What a text that is written as it is does not have.
_SPECIAL: Final = re.compile(rb"[\\\x00-\x1f]")

#: A place where no character and no escape is cut: none of the two halves of an emoji, either.
_BETWEEN: Final = re.compile(rb"[^\\]{12}(?![\x80-\xbf])")

#: Bytes of characters beyond ASCII, and how rare they are if an answer is mostly ASCII.
_WIDE: Final = bytes(range(0x80, 0x100))
_WIDE_RUN: Final = re.compile(rb"[\x80-\xff]+")
_RARE: Final = 1 / 100

#: An escape, escaped once more, would become something else.
_ESCAPED: Final = re.compile(rb"\\[\x80-\xff]")


def read_json(body: bytes, *, whole: bool = True) -> object:
    """Return what a JSON text holds.

    Args:
        body: In UTF-8.
        whole: Whether long texts are wanted whole. If not, each that has over 1 KiB may be cut, if
            the answer has over 1 MiB.

    Raises:
        ValueError: It is not JSON, or not UTF-8, or holds a number of too many digits.
        RecursionError: It is nested too deeply.
    """
    body = body.removeprefix(codecs.BOM_UTF8)
    if len(body) <= SMALL:
        return json.loads(body.decode())
    mark = os.urandom(8).hex()
    spans = (found.span() for found in _TEXT.finditer(body))
    # One that ends with the answer is not a part of it, and may have no end.
    long = [span for span in spans if span[1] - span[0] > _LONG and span[1] < len(body)]
    document = json.loads(_narrow(b"".join(_without(body, long, mark))))
    read = _whole if whole else _beginning
    texts = {f"{mark}{number}": read(body, *span) for number, span in enumerate(long)}
    return _filled(document, texts)


def _without(body: bytes, spans: list[tuple[int, int]], mark: str) -> Iterator[bytes]:
    """A JSON text with a name in the place of each of some texts in it."""
    done = 0
    for number, (begin, end) in enumerate(spans):
        yield body[done:begin]
        yield f'"{mark}{number}"'.encode()
        done = end
    yield body[done:]


def _narrow(body: bytes) -> str:
    """A JSON text, with its few characters beyond ASCII escaped."""
    wide = len(body) - len(body.translate(None, _WIDE))
    is_plain = len(body) <= SMALL or not 0 < wide < len(body) * _RARE
    if is_plain or _ESCAPED.search(body):
        return body.decode()
    return _WIDE_RUN.sub(lambda run: json.dumps(run[0].decode())[1:-1].encode(), body).decode()


def _whole(body: bytes, begin: int, end: int) -> str:
    """A text that stands between quotes."""
    begin, end = begin + 1, end - 1
    if _SPECIAL.search(body, begin, end) is None:
        return str(memoryview(body)[begin:end], "utf-8")
    text = io.StringIO(newline="")
    while begin < end:
        cut = _BETWEEN.search(body, begin + _PIECE, end)
        over = end if cut is None else cut.end()
        text.write(_unescaped(body[begin:over]))
        begin = over
    return text.getvalue()


def _beginning(body: bytes, begin: int, end: int) -> str:
    """The beginning of such a text; "" where it can't be cut."""
    begin, end = begin + 1, end - 1
    if end - begin > _BEGINNING:
        cut = _BETWEEN.search(body, begin + _BEGINNING - _LONG, begin + _BEGINNING)
        end = begin if cut is None else cut.end()
    return _unescaped(body[begin:end])


def _unescaped(content: bytes) -> str:
    text: str = json.loads(f'"{content.decode()}"')
    return text


def _filled(document: object, texts: dict[str, str]) -> object:
    """A document with the texts in the places of their names; it is changed."""
    if isinstance(document, str):
        return texts.get(document, document)
    pending = [document]
    # A stack of its own, because a server chooses the depth.
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            fields = cast("dict[str, object]", part)
            pairs = [(texts.get(name, name), value) for name, value in fields.items()]
            fields.clear()
            fields.update((name, _text(value, texts)) for name, value in pairs)
            pending.extend(value for _, value in pairs)
        elif isinstance(part, list):
            items = cast("list[object]", part)
            items[:] = [_text(value, texts) for value in items]
            pending.extend(items)
    return document


def _text(value: object, texts: dict[str, str]) -> object:
    return texts.get(value, value) if isinstance(value, str) else value
