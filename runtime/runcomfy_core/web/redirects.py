"""Redirects. No library follows them, because each URL must be checked like the first one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, TypeVar
from urllib.parse import quote, urldefrag, urljoin

from runcomfy_core.http.fields import OK, REDIRECTS
from runcomfy_core.interrupts import pass_on

from .urls import is_url, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: The most redirects that are followed.
MOST_REDIRECTS: Final = 5

_ASCII: Final = "".join(map(chr, range(0x20, 0x7F)))


class _Answer(Protocol):
    status: int
    phrase: str
    fields: dict[str, str]

    def close(self) -> None: ...


_AnswerT = TypeVar("_AnswerT", bound=_Answer)


class Astray(Exception):  # noqa: N818 - the name says what happened
    """A redirect leads nowhere.

    Attributes:
        message: Words that follow the file's name, or that name all URLs themselves.
        names_way: Whether the message names all URLs.
        limit: What was required: a status, or a number of redirects.
        actual: What was found instead.
    """

    def __init__(
        self, message: str, *, names_way: bool = False, limit: int = OK, actual: int
    ) -> None:
        super().__init__(message)
        self.message = message
        self.names_way = names_way
        self.limit = limit
        self.actual = actual


def follow(hops: list[str], ask: Callable[[], _AnswerT]) -> _AnswerT:
    """Request a file, and follow redirects.

    Args:
        hops: A list with the first URL. The URL of each redirect is appended to it.
        ask: Requests the last URL in ``hops``.

    Returns:
        The first answer that is no redirect.

    Raises:
        Astray: A redirect leads nowhere or in a circle, or there are too many.
    """
    while (answer := ask()).status in REDIRECTS:
        answer.close()
        hops.append(_next(answer, hops))
    return answer


def _next(answer: _Answer, hops: Sequence[str]) -> str:
    """Return the URL that a redirect leads to."""
    location = answer.fields.get("location", "")
    if not location:
        raise Astray(f"answers {answer.phrase} without saying where to", actual=answer.status)
    try:
        url = redirected(hops[-1], location)
    except ValueError as error:
        pass_on(error)
        url = ""
    if not is_url(url):
        raise Astray("redirects to what is no https URL", actual=answer.status)
    way = " to ".join(shown(hop) for hop in [*hops, url])
    if url in hops:
        raise Astray(f"redirects in a circle: {way}", names_way=True, actual=answer.status)
    if len(hops) > MOST_REDIRECTS:
        raise Astray(
            f"redirects more than {MOST_REDIRECTS} times: {way}",
            names_way=True,
            limit=MOST_REDIRECTS,
            actual=len(hops),
        )
    return url


def redirected(url: str, location: str) -> str:
    """Return the URL that a Location header in the answer for ``url`` names, without its fragment.

    Raises:
        ValueError: It can't be a URL.
    """
    # Headers are decoded as Latin-1, but bytes beyond ASCII are nearly always UTF-8. Some servers
    # send spaces, too, although a URL must not hold any.
    raw = location.strip().encode("latin-1", "replace")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        pass_on(error)
        text = quote(raw, safe=_ASCII)
    return urldefrag(urljoin(url, text.replace(" ", "%20"))).url
