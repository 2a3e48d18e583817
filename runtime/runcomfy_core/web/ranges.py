"""HTTP range requests (RFC 9110): which headers to send, and what an answer means. No I/O.

Rules:

- The rest of a file is requested with ``If-Range`` and a validator that identifies the file byte
  for byte: a strong ETag, or else a Last-Modified that is strong. Without a validator, the download
  starts over.
- Some servers ignore ``If-Range``. So a part must prove that it belongs to the same version: it
  must have the same validator and the same total length, and begin exactly where the file on disk
  ends.
- A length or chunks must show where a file ends. An answer that ends when the connection closes is
  refused, since half a file would look whole. An answer whose end is in doubt is refused, too.
- A compressed answer is refused: no request asks for one, and its ranges would count compressed
  bytes.
"""

from __future__ import annotations

import http
from typing import Final, Protocol

import attrs

from runcomfy_core.http.fields import (
    OK,
    PARTIAL,
    UNSATISFIABLE,
    packing,
    span,
    total_alone,
    validator,
)
from runcomfy_core.interrupts import pass_on
from runcomfy_core.text import one_line
from runcomfy_core.wire.answer import retry_after

from .faults import Dropped, Refused

#: Statuses below 500 after which a retry may help.
_LATER: Final = frozenset([408, 425, 429])
#: The lowest status of a server's own failures, after which a retry may help. Statuses beyond 599
#: don't exist, and are treated the same way.
_FAILS: Final = 500
#: Statuses that a server gives for a URL that has expired.
_EXPIRED: Final = frozenset([401, 403, 404, 410])

_CHANGED: Final = "the file changed on the server meanwhile, or the server mixes its versions"


class Head(Protocol):
    """The header of an answer; :class:`~runcomfy_core.http.response.Response` has these."""

    status: int
    fields: dict[str, str]
    length: int | None
    doubt: str | None


@attrs.frozen
class Known:
    """What is known of a file from earlier answers.

    Attributes:
        size: The number of its bytes that are on disk.
        total: Its total length in bytes, or None.
        validator: The value for ``If-Range``, or None.
    """

    size: int = 0
    total: int | None = None
    validator: str | None = None


@attrs.frozen
class Body:
    """Where an answer's body belongs in the file.

    Attributes:
        offset: The offset of the body's first byte in the file.
        end: The offset after its last byte, or None. Equal to ``offset`` when there is nothing to
            read.
        total: The file's total length in bytes, or None.
        validator: The value for a later ``If-Range``, or None.
    """

    offset: int
    end: int | None
    total: int | None
    validator: str | None


def ask(known: Known) -> dict[str, str]:
    """Return the headers that request the rest of a file, or all of it."""
    if known.size == 0 or known.validator is None:
        return {}
    return {"Range": f"bytes={known.size}-", "If-Range": known.validator}


def read(head: Head, known: Known) -> Body:
    """Return what the answer to a request with the headers of :func:`ask` brings.

    Args:
        head: The header of the answer.
        known: What was known when the request was sent.

    Raises:
        Dropped: The answer is no use, and a retry may help.
        Refused: The answer is no use, and a retry would not help.
    """
    status = head.status
    if status == OK:
        return _whole(head)
    if ask(known) and status == PARTIAL:
        return _rest(head, known)
    if ask(known) and status == UNSATISFIABLE:
        return _nothing_left(head, known)
    reason = f"the server answers HTTP {status} {_phrase(status)}".rstrip()
    if status in _LATER or status >= _FAILS:
        raise Dropped(reason, retry_after=retry_after(head.fields))
    if status in _EXPIRED:
        reason += (
            "; its address may have expired: ask for the job's result again, with its model's "
            "job(client, request_id).wait()"
        )
    raise Refused(reason)


def _whole(head: Head) -> Body:
    _check_framing(head)
    if "content-range" in head.fields:
        part = span(head.fields, head.length)
        if part is None or part.first != 0 or part.total != part.end:
            raise Refused("the server sent a part of it as if it were all")
    return Body(0, head.length, head.length, validator(head.fields))


def _rest(head: Head, known: Known) -> Body:
    _check_framing(head)
    part = span(head.fields, head.length)
    if part is None or part.first != known.size:
        shown = one_line(head.fields.get("content-range", ""), 80)
        raise Dropped(
            f"the rest from byte {known.size} was asked for, and the server sent {shown!r}",
            restart=True,
        )
    if known.total not in {None, part.total} or not _is_same(head, known):
        raise Dropped(_CHANGED, restart=True)
    return Body(known.size, part.end, part.total, known.validator)


def _nothing_left(head: Head, known: Known) -> Body:
    """Read an answer that there is no rest: the file is whole, or has become another one."""
    # If the total length is known, a rest was requested only because some was missing.
    if total_alone(head.fields) != known.size or known.total is not None:
        raise Dropped("the server has no rest of the file to send", restart=True)
    if not _is_same(head, known):
        raise Dropped(_CHANGED, restart=True)
    return Body(known.size, known.size, known.size, known.validator)


def _check_framing(head: Head) -> None:
    if head.doubt is not None:
        raise Refused(f"where the server's answer ends is in doubt: {head.doubt}")
    if packed := packing(head.fields):
        raise Refused(f"it came packed as {one_line(packed, 40)!r}, which was not asked for")
    if head.length is None and head.fields.get("transfer-encoding") is None:
        raise Refused("the server doesn't say how long it is, so half of it would look like all")


def _is_same(head: Head, known: Known) -> bool:
    """Return whether an answer proves that it is of the same version of the file."""
    name = "etag" if (known.validator or "").startswith('"') else "last-modified"
    return head.fields.get(name) == known.validator is not None


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError as error:
        pass_on(error)
        return ""
