"""What the fields of an answer say of a file: which part it is, and of which version (RFC 9110)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import attrs

from runcomfy_core.wire.answer import moment

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Those that say where else to look.
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
    """A part of a file, as Content-Range tells it.

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
        """How many bytes it has."""
        return self.end - self.first


def span(headers: Mapping[str, str], length: int | None) -> Span | None:
    """Return what part of a file a body is, or None where the header says none, or none that fits.

    Args:
        headers: By lower-case name.
        length: Bytes of the body, or None when it isn't told.
    """
    match = _RANGE.fullmatch(headers.get("content-range", ""))
    if match is None or packing(headers):
        return None
    first, end = int(match[1]), int(match[2]) + 1
    total = int(match[3]) if match[3] else None
    fits = first < end <= (end if total is None else total) and length in {None, end - first}
    return Span(first, end, total) if fits else None


def total_alone(headers: Mapping[str, str]) -> int | None:
    """Return a file's size from an answer that has none of it, being asked for bytes beyond."""
    match = _LENGTH_ALONE.fullmatch(headers.get("content-range", ""))
    return int(match[1]) if match else None


def packing(headers: Mapping[str, str]) -> str:
    """Return how a body is packed, or "" where it is not; nobody here asks for that."""
    encoding = headers.get("content-encoding", "").lower()
    return "" if encoding == "identity" else encoding


def strong_etag(headers: Mapping[str, str]) -> str | None:
    """Return the ETag that stands for the very bytes of a file, if there is one."""
    etag = headers.get("etag", "")
    return etag if _STRONG_ETAG.fullmatch(etag) else None


def validator(headers: Mapping[str, str]) -> str | None:
    """Return what stands for the very bytes of a file, for ``If-Range``, if anything does.

    A strong ETag does, and else a Last-Modified that is strong.
    """
    etag, modified = strong_etag(headers), headers.get("last-modified", "")
    then, now = moment(modified), moment(headers.get("date", ""))
    # In the second in which it was made, a file can still become another with the same date.
    strong = then is not None and now is not None and now - then >= 1
    return etag or (modified if strong else None)
