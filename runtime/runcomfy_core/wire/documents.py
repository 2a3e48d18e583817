"""Parsing an answer's JSON in little more memory than the result needs.

Python stores every character of a string in as many bytes as the widest one needs. With a single
emoji in it, the text of a whole answer takes four bytes a character, and then each string in it
does. An answer of 60 MB took 520 MB this way.

Rules:

- The long strings of a large answer are parsed apart from the rest, one by one and in pieces.
- If long strings are not wanted whole, only their beginnings are parsed.
- The result equals the result of :func:`json.loads`, errors included.
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

#: The size in bytes up to which an answer is parsed by json.loads alone.
SMALL: Final = 1024 * 1024

#: Sizes in bytes: above which a string is long, of the pieces in which it is parsed, and of the
#: beginning that is kept of one that is not wanted whole.
_LONG: Final = 1024
_PIECE: Final = 256 * 1024
_BEGINNING: Final = 8 * 1024

#: A string in JSON. One without a closing quote matches too; otherwise the search would start again
#: at each quote in it.
_TEXT: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)

#: Bytes that keep a string's text from being its value: escapes, and invalid control characters.
_SPECIAL: Final = re.compile(rb"[\\\x00-\x1f]")

#: A place where a cut divides no character, no escape and no pair of escaped surrogates.
_BETWEEN: Final = re.compile(rb"[^\\]{12}(?![\x80-\xbf])")

#: Bytes of characters beyond ASCII, and their share below which they are worth escaping.
_WIDE: Final = bytes(range(0x80, 0x100))
_WIDE_RUN: Final = re.compile(rb"[\x80-\xff]+")
_RARE: Final = 1 / 100

#: A backslash before a character beyond ASCII, which is an error. Escaping the character would hide
#: the error.
_ESCAPED: Final = re.compile(rb"\\[\x80-\xff]")


def read_json(body: bytes, *, whole: bool = True) -> object:
    """Return the value that a JSON text stands for.

    Args:
        body: The text in UTF-8.
        whole: Whether long strings are wanted whole. If not, strings of over 1 KiB may be cut in
            an answer of over 1 MiB.

    Raises:
        ValueError: The text is not JSON, is not UTF-8, or holds a number of too many digits.
        RecursionError: The text is nested too deeply.
    """
    body = body.removeprefix(codecs.BOM_UTF8)
    if len(body) <= SMALL:
        return json.loads(body.decode())
    mark = os.urandom(8).hex()
    spans = (found.span() for found in _TEXT.finditer(body))
    # A string that ends where the answer ends is left to json.loads: it may have no closing quote.
    long = [span for span in spans if span[1] - span[0] > _LONG and span[1] < len(body)]
    document = json.loads(_narrow(b"".join(_without(body, long, mark))))
    read = _whole if whole else _beginning
    texts = {f"{mark}{number}": read(body, *span) for number, span in enumerate(long)}
    return _filled(document, texts)


def _without(body: bytes, spans: list[tuple[int, int]], mark: str) -> Iterator[bytes]:
    """Yield a JSON text in pieces, with the strings at some spans replaced by short names."""
    done = 0
    for number, (begin, end) in enumerate(spans):
        yield body[done:begin]
        yield f'"{mark}{number}"'.encode()
        done = end
    yield body[done:]


def _narrow(body: bytes) -> str:
    """Return a JSON text as a str. If characters beyond ASCII are rare, they are escaped."""
    wide = len(body) - len(body.translate(None, _WIDE))
    is_plain = len(body) <= SMALL or not 0 < wide < len(body) * _RARE
    if is_plain or _ESCAPED.search(body):
        return body.decode()
    return _WIDE_RUN.sub(lambda run: json.dumps(run[0].decode())[1:-1].encode(), body).decode()


def _whole(body: bytes, begin: int, end: int) -> str:
    """Return the value of the string at a span, which includes its quotes."""
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
    """Return the beginning of the string at a span, or "" if there is no place to cut it."""
    begin, end = begin + 1, end - 1
    if end - begin > _BEGINNING:
        cut = _BETWEEN.search(body, begin + _BEGINNING - _LONG, begin + _BEGINNING)
        end = begin if cut is None else cut.end()
    return _unescaped(body[begin:end])


def _unescaped(content: bytes) -> str:
    text: str = json.loads(f'"{content.decode()}"')
    return text


def _filled(document: object, texts: dict[str, str]) -> object:
    """Put the strings back where their names stand. A dict or list is changed in place."""
    if isinstance(document, str):
        return texts.get(document, document)
    pending = [document]
    # An explicit stack instead of recursion, because the server chooses the depth.
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
