"""``data:`` URIs (RFC 2397): a file's content inside a text.

Rules:

- Decoding is strict, so that every other decoder gets the same bytes: base64 uses the standard
  alphabet, has its padding and holds no white space. Percent-encoding is undone first.
- A URI may be as long as a request, 64 MiB. It is decoded and encoded slice by slice, so that a
  check needs no second copy of it.
- Every model module imports this file. So imports that few URIs need are made where they are
  needed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from runcomfy_core.interrupts import pass_on
from runcomfy_core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The number of characters that are decoded at a time, and the number of bytes that are encoded to
#: as many characters. The first is a multiple of four, the second of three.
_SLICE: Final = 64 * 1024
_ENCODED_SLICE: Final = _SLICE // 4 * 3

# These patterns are compiled when a URI first needs them.
_TOKEN: Final = r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]++"  # noqa: S105 - no secret: RFC 2045 calls a name a token
_HEAD: Final = (
    rf"({_TOKEN}/{_TOKEN})?(?:;{_TOKEN}=(?:{_TOKEN}|\"[^\"]*+\"))*+(;[Bb][Aa][Ss][Ee]64)?"
)
_BROKEN_ESCAPE: Final = rb"%(?![0-9A-Fa-f]{2})"
_CONTROL: Final = rb"[\x00-\x1f\x7f]"
_NOT_BASE64: Final = rb"[^A-Za-z0-9+/=]"

_LOOKS_LIKE = "it looks like data:image/png;base64,iVBORw0…"
_WRONG_PADDING = "is not base64 to its end: it is cut off, or its padding (=) is wrong"


def is_data(text: str) -> bool:
    """Return whether *text* begins like a ``data:`` URI, valid or not."""
    return text[:5].lower() == "data:"


def data_fault(uri: str) -> str | None:
    """Return why a ``data:`` URI can't be decoded, in words that follow "…: ", or None if it can.

    Empty content counts as a fault, too.
    """
    try:
        _, slices = _opened(uri)
        return None if sum(map(len, slices)) else "is empty"
    except ValueError as error:
        pass_on(error)
        return str(error)


def decode(uri: str) -> tuple[str, bytes]:
    """Decode a ``data:`` URI.

    Returns:
        The media type that it states, in lower case and without parameters (``text/plain`` when it
        states none), and its content.

    Raises:
        ValueError: It can't be decoded. The message is what :func:`data_fault` returns.
    """
    media_type, slices = _opened(uri)
    content = b"".join(slices)
    if not content:
        raise ValueError("is empty")
    return media_type, content


def encoded_size(size: int, media_type: str) -> int:
    """Return the length of the ``data:`` URI that :func:`encoded` makes of *size* bytes."""
    return len(_head(media_type)) + (size + 2) // 3 * 4


def encoded(content: bytes | memoryview, media_type: str) -> Iterator[bytes]:
    """Encode content as a ``data:`` URI in base64.

    Args:
        content: The content, which is not copied.
        media_type: The media type, such as ``image/png``.

    Yields:
        The beginning of the URI, then 64 KiB at a time, in ASCII.
    """
    from binascii import b2a_base64  # noqa: PLC0415 - only where there is a file

    yield _head(media_type)
    view = memoryview(content).cast("B")
    for begin in range(0, len(view), _ENCODED_SLICE):
        yield b2a_base64(view[begin : begin + _ENCODED_SLICE], newline=False)


def _head(media_type: str) -> bytes:
    return f"data:{media_type};base64,".encode("ascii")


def _opened(uri: str) -> tuple[str, Iterator[bytes]]:
    """Return the stated media type, and an iterator of the content, which raises ValueError too.

    Raises:
        ValueError: The part before the content is malformed.
    """
    if not is_data(uri):
        raise ValueError("does not begin with data:")
    comma = uri.find(",")
    if comma < 0:
        raise ValueError(f"has no comma before its content; {_LOOKS_LIKE}")
    stated = uri[len("data:") : comma]
    head = re.fullmatch(_HEAD, stated)
    if head is None:
        raise ValueError(
            f"has {one_line(stated, 60)!r} where its media type belongs; {_LOOKS_LIKE}"
        )
    slices = _slices(uri, comma + 1)
    content = _from_base64(slices) if head[2] else _from_text(slices)
    return (head[1] or "text/plain").lower(), content


def _slices(uri: str, begin: int) -> Iterator[bytes]:
    """Yield a URI from *begin* on in slices, none of which ends inside a percent escape."""
    if not uri.isascii():
        raise ValueError("has characters that are not ASCII; percent-encode them")
    while begin < len(uri):
        end = begin + _SLICE
        cut = uri.find("%", end - 2, end)
        end = end if cut < 0 else cut
        yield uri[begin:end].encode("ascii")
        begin = end


def _from_text(slices: Iterator[bytes]) -> Iterator[bytes]:
    for piece in slices:
        if re.search(_CONTROL, piece):
            raise ValueError("has line breaks or control characters in it; percent-encode them")
        yield _unescaped(piece)


def _from_base64(slices: Iterator[bytes]) -> Iterator[bytes]:
    from binascii import Error, a2b_base64  # noqa: PLC0415 - only where there is a file

    done = 0
    rest = b""
    padded = False
    for piece in slices:
        text = rest + _unescaped(piece)
        whole = len(text) // 4 * 4
        rest = text[whole:]
        try:
            content = a2b_base64(text[:whole], strict_mode=True)
        except Error:
            raise ValueError(_base64_fault(text, done)) from None
        # Python 3.11 accepts a whole group of padding.
        if (padded and text) or text.endswith(b"===", 0, whole):
            raise ValueError(_WRONG_PADDING)
        padded = text.endswith(b"=", 0, whole)
        done += whole
        yield content
    if rest:
        raise ValueError(_base64_fault(rest, done))


def _unescaped(piece: bytes) -> bytes:
    if b"%" not in piece:
        return piece
    from urllib.parse import unquote_to_bytes  # noqa: PLC0415 - few URIs have escapes

    if re.search(_BROKEN_ESCAPE, piece):
        raise ValueError("has a % that two hexadecimal digits don't follow")
    return unquote_to_bytes(piece)


def _base64_fault(text: bytes, done: int) -> str:
    """Return why a slice of base64, which follows *done* characters, can't be decoded."""
    bad = re.search(_NOT_BASE64, text)
    if bad is None:
        return _WRONG_PADDING
    if bad[0] in b"-_":
        return (
            "is in the base64 of file names (base64url, with - and _); encode it with "
            "base64.b64encode"
        )
    if bad[0].isspace():
        return "has white space in its base64; take it out"
    place = done + bad.start() + 1
    return f"is not base64: it has {chr(bad[0][0])!r} as character {place:,} of its content"
