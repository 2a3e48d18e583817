"""How a file is asked for, and what the answer means: HTTP's rules of ranges (RFC 9110), pure.

Rules:

- The rest of a file is asked for with ``If-Range``, under a validator that stands for its very
  bytes: a strong ETag, else a Last-Modified that is strong. Without one, the file starts over.
- A part must go on exactly where we are, in a file of the same length and validator.
- What is whole is known from a length or from chunks. An answer that just ends is refused: half a
  file would look like all of it.
- A packed answer is refused, since none was asked for and its ranges would be those of the pack.
"""

from __future__ import annotations

import http
import re
from typing import TYPE_CHECKING, Final

import attrs

from .._text import one_line
from .._wire.answer import moment, retry_after
from .faults import Dropped, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

OK: Final = 200
PARTIAL: Final = 206
UNSATISFIABLE: Final = 416

#: It may go better later.
_LATER: Final = frozenset([408, 425, 429, *range(500, 600)])
#: What a server says of an address that was good once.
_EXPIRED: Final = frozenset([401, 403, 404, 410])

_CONTENT_RANGE = re.compile(r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18}|\*)", re.ASCII)
_STRONG_ETAG = re.compile(r'"[\x21\x23-\x7e]{1,1000}"')


@attrs.frozen
class Known:
    """What earlier answers brought of a file.

    Attributes:
        size: Bytes of it that are on disk.
        total: Its length, or None.
        validator: What ``If-Range`` can say, or None.
    """

    size: int = 0
    total: int | None = None
    validator: str | None = None


@attrs.frozen
class Body:
    """Where an answer's body belongs.

    Attributes:
        offset: Its first byte's place in the file.
        total: The file's length, or None. Equal to ``offset`` when there is nothing to read.
        validator: For a later ``If-Range``, or None.
    """

    offset: int
    total: int | None
    validator: str | None


def ask(known: Known) -> dict[str, str]:
    """The headers that ask for the rest of a file, or for all of it."""
    if known.size == 0 or known.validator is None:
        return {}
    return {"Range": f"bytes={known.size}-", "If-Range": known.validator}


def read(status: int, headers: Mapping[str, str], known: Known) -> Body:
    """What an answer to :func:`ask` brings.

    Args:
        status: The HTTP status.
        headers: By lower-case name.
        known: As it was when the request went out.

    Raises:
        Dropped: Nothing that can be used now.
        Refused: Nothing, now or later.
    """
    if status == OK:
        return _whole(headers)
    if ask(known) and status == PARTIAL:
        return _rest(headers, known)
    if ask(known) and status == UNSATISFIABLE:
        return _nothing_left(headers, known)
    reason = f"the server answers HTTP {status} {_phrase(status)}".rstrip()
    if status in _LATER:
        raise Dropped(reason, retry_after=retry_after(headers))
    if status in _EXPIRED:
        reason += (
            "; its address may have expired: ask for the job's result again, with its model's "
            "job(client, request_id).wait()"
        )
    raise Refused(reason)


def _whole(headers: Mapping[str, str]) -> Body:
    _check_packing(headers)
    total = _length(headers)
    if total is None and not _chunked(headers):
        raise Refused("the server doesn't say how long it is, so half of it would look like all")
    return Body(0, total, _validator(headers))


def _rest(headers: Mapping[str, str], known: Known) -> Body:
    _check_packing(headers)
    shown = headers.get("content-range", "")
    match = _CONTENT_RANGE.fullmatch(shown.strip())
    if match is None or match[1] is None or int(match[1]) != known.size:
        raise Dropped(
            f"the rest from byte {known.size} was asked for, and the server sent "
            f"{one_line(shown, 80)!r}",
            restart=True,
        )
    total = known.total if match[3] == "*" else int(match[3])
    if known.total not in {None, total} or _changed(headers, known):
        raise Dropped("the file changed on the server meanwhile", restart=True)
    return Body(known.size, total, known.validator)


def _nothing_left(headers: Mapping[str, str], known: Known) -> Body:
    """For an answer that there is nothing from here on: then it is whole, or another file."""
    match = _CONTENT_RANGE.fullmatch(headers.get("content-range", "").strip())
    # Where a length was known, there was more to come.
    if match is None or match[3] != str(known.size) or known.total is not None:
        raise Dropped("the server has no rest of the file to send", restart=True)
    return Body(known.size, known.size, known.validator)


def _check_packing(headers: Mapping[str, str]) -> None:
    encoding = headers.get("content-encoding", "").strip().lower()
    if encoding not in {"", "identity"}:
        raise Refused(f"it came packed as {one_line(encoding, 40)!r}, which was not asked for")


def _length(headers: Mapping[str, str]) -> int | None:
    text = headers.get("content-length", "").strip()
    if _chunked(headers) or not re.fullmatch(r"\d{1,18}", text, re.ASCII):
        return None
    return int(text)


def _chunked(headers: Mapping[str, str]) -> bool:
    return "chunked" in headers.get("transfer-encoding", "").lower()


def _validator(headers: Mapping[str, str]) -> str | None:
    etag = headers.get("etag", "").strip()
    if _STRONG_ETAG.fullmatch(etag):
        return etag
    modified = headers.get("last-modified", "").strip()
    then, now = moment(modified), moment(headers.get("date", ""))
    # In the second in which it was made, a file can still become another with the same date.
    if then is None or now is None or now - then < 1:
        return None
    return modified


def _changed(headers: Mapping[str, str], known: Known) -> bool:
    """Whether a part names another validator: some servers don't look at ``If-Range``."""
    name = "etag" if (known.validator or "").startswith('"') else "last-modified"
    return headers.get(name, "").strip() not in {"", known.validator}


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return ""
