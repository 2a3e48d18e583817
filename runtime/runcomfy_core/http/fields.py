"""Header fields that describe a file: which part of it came, and of which version (RFC 9110)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import attrs

from runcomfy_core.wire.answer import moment

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The statuses of redirects.
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

OK: Final = 200
PARTIAL: Final = 206
UNSATISFIABLE: Final = 416

_RANGE: Final = re.compile(
    r"bytes +(\d{1,18})-(\d{1,18})/(?:(\d{1,18})|\*)", re.ASCII | re.IGNORECASE
)
_LENGTH_ALONE: Final = re.compile(r"bytes +\*/(\d{1,18})", re.ASCII | re.IGNORECASE)
_STRONG_ETAG: Final = re.compile(r'"[\x21\x23-\x7e]{1,1000}"')


@attrs.frozen
class Span:
    """A part of a file, as Content-Range describes it.

    Attributes:
        first: The offset of its first byte.
        end: The offset after its last one.
        total: The file's size, or None when the server doesn't know it.
    """

    first: int
    end: int
    total: int | None

    @property
    def length(self) -> int:
        """The number of bytes in the part."""
        return self.end - self.first


def span(headers: Mapping[str, str], length: int | None) -> Span | None:
    """Return which part of a file a body is, or None if the header names none that fits the body.

    Args:
        headers: The answer's header, by lower-case name.
        length: The length of the body in bytes, or None when it is unknown.
    """
    match = _RANGE.fullmatch(headers.get("content-range", ""))
    if match is None or packing(headers):
        return None
    first, end = int(match[1]), int(match[2]) + 1
    total = int(match[3]) if match[3] else None
    fits = first < end <= (end if total is None else total) and length in {None, end - first}
    return Span(first, end, total) if fits else None


def total_alone(headers: Mapping[str, str]) -> int | None:
    """Return a file's size from an answer that says that the range lies beyond the file's end."""
    match = _LENGTH_ALONE.fullmatch(headers.get("content-range", ""))
    return int(match[1]) if match else None


def packing(headers: Mapping[str, str]) -> str:
    """Return how a body is compressed, or "" if it is not. No request asks for compression."""
    encoding = headers.get("content-encoding", "").lower()
    return "" if encoding == "identity" else encoding


def strong_etag(headers: Mapping[str, str]) -> str | None:
    """Return the ETag if it is a strong one, which identifies a file byte for byte."""
    etag = headers.get("etag", "")
    return etag if _STRONG_ETAG.fullmatch(etag) else None


def validator(headers: Mapping[str, str]) -> str | None:
    """Return a value for ``If-Range`` that identifies a file byte for byte, or None.

    A strong ETag is preferred; a Last-Modified that is strong comes second.
    """
    etag, modified = strong_etag(headers), headers.get("last-modified", "")
    then, now = moment(modified), moment(headers.get("date", ""))
    # Within the second of its Last-Modified, a file can change again and keep the same date.
    strong = then is not None and now is not None and now - then >= 1
    return etag or (modified if strong else None)
