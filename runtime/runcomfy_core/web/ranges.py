"""How a file is asked for, and what the answer means: HTTP's rules of ranges (RFC 9110), pure.

Rules:

- The rest of a file is asked for with ``If-Range``, under a validator that stands for its very
  bytes: a strong ETag, else a Last-Modified that is strong. Without one, the file starts over.
- Some servers don't look at ``If-Range``. So a part must show itself that it is of the same
  version, by that very validator and the same length of the whole file, and must go on exactly
  where we are.
- What is whole is known from a length or from chunks. An answer that just ends is refused: half a
  file would look like all of it. So is one whose end is in doubt.
- A packed answer is refused, since none was asked for and its ranges would be those of the pack.
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
from runcomfy_core.text import one_line
from runcomfy_core.wire.answer import retry_after

from .faults import Dropped, Refused

#: It may go better later.
_LATER: Final = frozenset([408, 425, 429])
#: From here on a server says that it fails. Statuses end at 599; one that is beyond may pass, too.
_FAILS: Final = 500
#: What a server says of an address that was good once.
_EXPIRED: Final = frozenset([401, 403, 404, 410])

_CHANGED: Final = "the file changed on the server meanwhile, or the server mixes its versions"


class Head(Protocol):
    """What an answer says before its body; :class:`~.._http.response.Response` is one."""

    status: int
    fields: dict[str, str]
    length: int | None
    doubt: str | None


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
        end: The place after its last byte, or None. Equal to ``offset`` when there is nothing to
            read.
        total: The file's length, or None.
        validator: For a later ``If-Range``, or None.
    """

    offset: int
    end: int | None
    total: int | None
    validator: str | None


def ask(known: Known) -> dict[str, str]:
    """The headers that ask for the rest of a file, or for all of it."""
    if known.size == 0 or known.validator is None:
        return {}
    return {"Range": f"bytes={known.size}-", "If-Range": known.validator}


def read(head: Head, known: Known) -> Body:
    """What an answer to :func:`ask` brings.

    Args:
        head: What it says.
        known: As it was when the request went out.

    Raises:
        Dropped: Nothing that can be used now.
        Refused: Nothing, now or later.
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
    """For an answer that there is nothing from here on: then it is whole, or another file."""
    # Where a length was known, there was more to come.
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
    """Whether an answer is of the very version that is known, and says so itself."""
    name = "etag" if (known.validator or "").startswith('"') else "last-modified"
    return head.fields.get(name) == known.validator is not None


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return ""
