"""What a server says in place of a file, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .faults import Unreadable
from .pages import is_bot_wall, said

if TYPE_CHECKING:
    from .answer import Answer

#: Bytes of an error page that are read for its words.
_PAGE: Final = 16 * 1024

#: Statuses from here on are the server's own failures.
_ERRORS: Final = 500

_FETCH: Final = "the API fetches without cookies or login"
_HINTS: Final = {
    401: f"{_FETCH}, so anyone must be able to read the file",
    403: f"{_FETCH}, so anyone must be able to read the file; a signed URL may have expired",
    404: "check the URL; the file may have been moved or deleted",
    410: "the file was deleted",
    429: "too many requests for now; try again later, or host the file elsewhere",
}


def refused(answer: Answer, about: str) -> Unreadable:
    """The fault of an answer that is no file.

    Args:
        answer: Its body is read, as far as it holds words.
        about: The file, as a message names it.
    """
    page = _page(answer)
    words = said(page)
    what = answer.phrase + (f' ("{words}")' if words else "")
    if is_bot_wall(page, answer.headers, answer.status):
        message = f"{about} is behind a bot wall, which answers {what}; {_FETCH} and can't pass one"
    else:
        message = f"{about} answers {what}{_hint(answer.status)}"
    return Unreadable(message, limit=200, actual=answer.status)


def _hint(status: int) -> str:
    hint = _HINTS.get(status, "its server fails; try again later" if status >= _ERRORS else "")
    return f"; {hint}" if hint else ""


def _page(answer: Answer) -> bytes:
    """The beginning of the body; what goes wrong with it does not matter beside the status."""
    page = bytearray()
    try:
        while len(page) < _PAGE and (chunk := answer.read(_PAGE - len(page))):
            page += chunk
    except Unreadable:
        pass
    return bytes(page)
