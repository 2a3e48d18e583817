"""What comes back for a request: an answer, or that there is none; and what any answer may say."""

from __future__ import annotations

import functools
import re
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final, cast

import attrs

from .documents import SMALL, read_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runcomfy_core.config import Token

#: The longest pause that a server can ask for, in seconds.
MAX_RETRY_AFTER: Final = 3600.0


@attrs.frozen
class Answer:
    """What came back for a request, whole or not.

    Attributes:
        status: The HTTP status.
        headers: By lower-case name.
        body: What of the body arrived.
        fault: Why the body is not whole, or None when it is.
        token: What to mask in any excerpt.
        base_url: Where it was asked, or "" where that does not matter.
    """

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)
    fault: str | None = None
    token: Token | None = attrs.field(default=None, repr=False)
    base_url: str = ""

    @functools.cached_property
    def document(self) -> dict[str, Any] | None:
        """The body as a JSON object, or None; read once, for a large one takes a second."""
        return _parse(self, whole=True)

    @functools.cached_property
    def gist(self) -> dict[str, Any] | None:
        """The same, but for long texts in a large one, which may be cut."""
        return self.document if len(self.body) <= SMALL else _parse(self, whole=False)

    def mask(self, text: str, limit: int | None = None) -> str:
        """``text``, or as many of its characters as the limit says, without the token."""
        return text[:limit] if self.token is None else self.token.mask(text, limit)


@attrs.frozen
class NoAnswer:
    """That no answer came, and what is known of it.

    A value and not an exception, so that nothing of the HTTP library's hangs on what is raised.

    Attributes:
        reason: One line.
        left: Whether any byte of the request may have left. False is a proof that none did.
    """

    reason: str
    left: bool


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that ``Retry-After`` asks for, given as seconds or as a date; at most an hour."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value, re.ASCII):
        return min(float(value), MAX_RETRY_AFTER)
    then = moment(value)
    if then is None:
        return None
    # By the server's own clock if it tells it: ours may be wrong.
    now = moment(headers.get("date", ""))
    return min(max(then - (time.time() if now is None else now), 0.0), MAX_RETRY_AFTER)


def moment(text: str) -> float | None:
    """An HTTP date as seconds since 1970."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError, OSError):
        return None


def _parse(answer: Answer, *, whole: bool) -> dict[str, Any] | None:
    """The body as a JSON object, or None: never raises."""
    if answer.fault is not None:
        return None
    try:
        body = read_json(answer.body, whole=whole)
    # ValueError also stands for an integer of too many digits and for text that is not UTF-8.
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", body) if isinstance(body, dict) else None
