"""Range requests for files (RFC 9110, section 14).

Where the RFC leaves a choice, the sandbox does as common servers do: a Range header that is
malformed, or that asks for several ranges, is ignored. Files have no Last-Modified, so a request
with a date in If-Range gets the whole file.
"""

from __future__ import annotations

import hashlib
import re
from http import HTTPStatus
from typing import TYPE_CHECKING

import attrs

from .answers import Answer

if TYPE_CHECKING:
    from .answers import Call

# A number of 19 digits or more counts as malformed, since no file is that long.
_ONE_RANGE = re.compile(r"bytes=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*", re.IGNORECASE)


def whole(body: bytes, content_type: str) -> Answer:
    """Return the answer with a whole file that supports range requests.

    Args:
        body: The file's bytes.
        content_type: The file's media type.
    """
    headers = {"content-type": content_type, "accept-ranges": "bytes", "etag": _etag(body)}
    return Answer(200, body, headers)


def replaced(answer: Answer, body: bytes) -> Answer:
    """Return *answer* with other content and the ETag for it."""
    return attrs.evolve(answer, body=body, headers={**answer.headers, "etag": _etag(body)})


def asked(call: Call, answer: Answer) -> Answer:
    """Return the answer with the part of a file that was asked for.

    Args:
        call: The request.
        answer: The answer with the whole file. If it supports no ranges, it is returned unchanged.

    Returns:
        The whole file, or HTTP 206 with a part of it, or HTTP 416 if the file has no such part.
    """
    body = answer.body
    good = answer.status == HTTPStatus.OK
    offered = good and answer.headers.get("accept-ranges") == "bytes"
    # A range has a meaning only in a GET, so a HEAD describes the whole file.
    if not (offered and isinstance(body, bytes) and call.method == "GET" and call.range):
        return answer
    found = _ONE_RANGE.fullmatch(call.range)
    if found is None or not _same(call.if_range, answer.headers.get("etag", "")):
        return answer
    span = _span(found[1], found[2], len(body))
    if span is None:
        return answer
    return _part(answer, body, span)


def _span(first: str, last: str, size: int) -> range | None:
    """Return the range of bytes, empty if it is beyond the file; None if it is malformed."""
    if not first:
        return range(max(0, size - int(last)), size) if last else None
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, size) if last else size)


def _part(answer: Answer, body: bytes, span: range) -> Answer:
    size = len(body)
    if not span:
        message = f"The file has {size} bytes, and none that were asked for."
        return Answer(416, message, {"accept-ranges": "bytes", "content-range": f"bytes */{size}"})
    place = f"bytes {span.start}-{span.stop - 1}/{size}"
    headers = {**answer.headers, "content-range": place}
    return attrs.evolve(answer, status=206, body=body[span.start : span.stop], headers=headers)


def _same(if_range: str | None, etag: str) -> bool:
    """Tell whether If-Range names this file, by strong comparison: weak tags never match."""
    return if_range is None or (if_range == etag and not etag.startswith("W/"))


def _etag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'
