"""Redirects, which are followed here and by no library: each is checked like the first URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, TypeVar
from urllib.parse import quote, urldefrag, urljoin

from runcomfy_core.http.fields import OK, REDIRECTS

from .urls import is_url, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Redirects that are followed, at most.
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
        message: Words that follow the file, or those that name the whole way.
        names_way: Whether they do.
        limit: What is asked for: a status, or a number of redirects.
        actual: What there is.
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
    """Ask for a file, and wherever it is said to be.

    Args:
        hops: The URL; those that redirects lead to are added.
        ask: Asks for the last of them.

    Returns:
        The first answer that is no redirect.

    Raises:
        Astray: A redirect leads nowhere, or in a circle; or there are too many.
    """
    while (answer := ask()).status in REDIRECTS:
        answer.close()
        hops.append(_next(answer, hops))
    return answer


def _next(answer: _Answer, hops: Sequence[str]) -> str:
    """Where an answer leads on to."""
    location = answer.fields.get("location", "")
    if not location:
        raise Astray(f"answers {answer.phrase} without saying where to", actual=answer.status)
    try:
        url = redirected(hops[-1], location)
    except ValueError:
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
    # A header's bytes come as Latin-1; those that are not ASCII are nearly always UTF-8. Blanks
    # are not allowed either, and are sent by some.
    raw = location.strip().encode("latin-1", "replace")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = quote(raw, safe=_ASCII)
    return urldefrag(urljoin(url, text.replace(" ", "%20"))).url
