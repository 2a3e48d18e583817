"""The outcomes of a request: an answer or none; and headers that any answer may have."""

from __future__ import annotations

import functools
import re
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final, cast

import attrs

from runcomfy_core.interrupts import pass_on

from .documents import SMALL, read_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runcomfy_core.config import Token

#: The longest pause that a server can ask for, in seconds.
MAX_RETRY_AFTER: Final = 3600.0


@attrs.frozen
class Answer:
    """An HTTP answer, whole or not.

    Attributes:
        status: The HTTP status.
        headers: The header, by lower-case name.
        body: The body, as far as it arrived.
        fault: Why the body is not whole, or None when it is.
        token: The token, which is masked in every excerpt.
        base_url: The base URL of the API that answered, or "" where that does not matter.
    """

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)
    fault: str | None = None
    token: Token | None = attrs.field(default=None, repr=False)
    base_url: str = ""

    @functools.cached_property
    def document(self) -> dict[str, Any] | None:
        """The body as a JSON object, or None. It is cached, since parsing may take a second."""
        return _parse(self, whole=True)

    @functools.cached_property
    def gist(self) -> dict[str, Any] | None:
        """The body as a JSON object, or None. In a large body, long strings may be cut."""
        return self.document if len(self.body) <= SMALL else _parse(self, whole=False)

    def mask(self, text: str, limit: int | None = None) -> str:
        """Return ``text`` without the token, cut to ``limit`` characters if a limit is given."""
        return text[:limit] if self.token is None else self.token.mask(text, limit)


@attrs.frozen
class NoAnswer:
    """The outcome of a request that got no answer.

    It is a value and not an exception, so that what is raised later holds no reference to the HTTP
    library's objects.

    Attributes:
        reason: Why no answer came, in one line.
        left: Whether any byte of the request may have left. False is a proof that none did.
    """

    reason: str
    left: bool


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that ``Retry-After`` asks for, at most an hour, or None.

    The header may hold seconds or a date.
    """
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value, re.ASCII):
        return min(float(value), MAX_RETRY_AFTER)
    then = moment(value)
    if then is None:
        return None
    # The server's clock is used if the answer has a date, because ours may be wrong.
    now = moment(headers.get("date", ""))
    return min(max(then - (time.time() if now is None else now), 0.0), MAX_RETRY_AFTER)


def moment(text: str) -> float | None:
    """Return an HTTP date as seconds since 1970, or None if it is none."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError, OSError) as error:
        pass_on(error)
        return None


def _parse(answer: Answer, *, whole: bool) -> dict[str, Any] | None:
    """Return the body as a JSON object, or None. This never raises."""
    if answer.fault is not None:
        return None
    try:
        body = read_json(answer.body, whole=whole)
    # ValueError also means an integer of too many digits, or text that is not UTF-8.
    except (ValueError, RecursionError) as error:
        pass_on(error)
        return None
    return cast("dict[str, Any]", body) if isinstance(body, dict) else None
