"""Files, and parts of them: range requests (RFC 9110, section 14).

What servers may decide is decided as the common ones do it: a Range header that is malformed, or
that asks for several ranges, is ignored. There is no Last-Modified, so a date in If-Range, which
can't be known to be right, gets the whole file.
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

# A number of 19 digits or more counts as malformed: no file is that long.
_ONE_RANGE = re.compile(r"bytes=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*", re.IGNORECASE)


def whole(body: bytes, content_type: str) -> Answer:
    """A whole file, whose parts can be asked for.

    Args:
        body: The file's bytes.
        content_type: What they are.
    """
    headers = {"content-type": content_type, "accept-ranges": "bytes", "etag": _etag(body)}
    return Answer(200, body, headers)


def replaced(answer: Answer, body: bytes) -> Answer:
    """The same file with other content, which its ETag tells."""
    return attrs.evolve(answer, body=body, headers={**answer.headers, "etag": _etag(body)})


def asked(call: Call, answer: Answer) -> Answer:
    """What of a file was asked for.

    Args:
        call: The request.
        answer: The answer to it, whole. One that offers no ranges is given back as it is.

    Returns:
        The whole file, or HTTP 206 with a part of it, or HTTP 416 if that part is not there.
    """
    body = answer.body
    good = answer.status == HTTPStatus.OK
    offered = good and answer.headers.get("accept-ranges") == "bytes"
    # A range has a meaning in a GET only, so HEAD tells of the whole file.
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
    """The positions of the bytes, none if they are beyond the file; None if it is malformed."""
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
    """Whether the caller's part is of this file: the strong comparison, weak tags never match."""
    return if_range is None or (if_range == etag and not etag.startswith("W/"))


def _etag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'
