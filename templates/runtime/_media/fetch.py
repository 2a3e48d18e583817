"""From URLs to files that can be read: redirects, and what the first answer means.

Rules:

- One request for the first 64 KiB; that suffices for a picture whose header is at its front. A
  server that gets ranges wrong is asked once more, for the file.
- Each hop of a redirect is checked as the first one is, and looked up anew.
- What can't be read is said with the URL where it began and the one where it ended.
"""

from __future__ import annotations

import functools
import http.client
import os
import threading
import weakref
from typing import TYPE_CHECKING, Final

from urllib3.util import create_urllib3_context

from .faults import Unreadable
from .line import Line
from .refusal import refused
from .remote import FIRST, Remote
from .resolve import resolve, slow_look_up
from .target import redirected, target_of
from .urls import is_url, private_fault, shown

if TYPE_CHECKING:
    import ssl

    from .answer import Answer
    from .deadline import Deadline
    from .faults import OwnNetwork
    from .target import Target

#: Redirects that are followed, at most.
MOST_REDIRECTS: Final = 5

#: The environment variables that say which certificates OpenSSL trusts.
_CERTIFICATES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR")

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_EMPTY: Final = frozenset({204, 205})
_WHOLE: Final = frozenset({200, 203})
_FIRST_PART: Final = {"Range": f"bytes=0-{FIRST - 1}"}


class Fetcher:
    """Fetches the files of one input, from any number of threads, before one deadline.

    Args:
        deadline: When all has to be over.
        control: A name that can be looked up while this machine's network works, such as the
            API's host; "" if none is known.
        allow_private: Whether URLs may be http, or lead to this machine or its network.
    """

    def __init__(self, deadline: Deadline, *, control: str = "", allow_private: bool) -> None:
        self._deadline = deadline
        self._control = control
        self._allow_private = allow_private
        self._lock = threading.Lock()
        self._lines: weakref.WeakSet[Line] = weakref.WeakSet()
        self._looked_up: dict[int, str] = {}  # the host that each thread waits for

    def fetch(self, url: str) -> Remote:
        """Ask for a file, and follow redirects to it.

        Args:
            url: One that :func:`~.urls.is_url` accepts.

        Returns:
            The file, of which at least one byte is there. It has to be closed.

        Raises:
            Unreadable: It can't be read, and the API could not read it either.
            OwnNetwork: This machine's network, or its proxy, doesn't lead to it.
        """
        hops = [url]
        while True:
            found = self._hop(hops)
            if isinstance(found, Remote):
                return found
            hops.append(found)

    def abort(self) -> None:
        """End whatever any thread waits for here: the deadline is over."""
        self._deadline.end()
        with self._lock:
            lines = list(self._lines)
        for line in lines:
            line.cut()

    def hanging(self) -> OwnNetwork | None:
        """The fault of this machine's name server, if any thread still waits for it."""
        with self._lock:
            host = next(iter(self._looked_up.values()), None)
        return None if host is None else slow_look_up(host, self._deadline)

    def _hop(self, hops: list[str]) -> Remote | str:
        """The file, or the URL where it is said to be."""
        about = _about(hops)
        line = self._line(hops[-1], about)
        try:
            answer = _first_answer(line)
            if answer.status in _REDIRECTS:
                found: Remote | str = _redirect(answer, hops, about)
            else:
                found = _file(answer, line, hops, about)
        except BaseException:
            line.close()
            raise
        if isinstance(found, str):
            line.close()
        return found

    def _line(self, url: str, about: str) -> Line:
        """A connection to where a URL leads, if it may lead there."""
        fault = None if self._allow_private else private_fault(url)
        if fault is not None:
            raise Unreadable(
                f"{about} can't be read by the API: {fault}",
                limit="a public https URL",
                actual=shown(url),
            )
        try:
            target = target_of(url)
        except ValueError:
            raise Unreadable(
                f"{about} can't be read: its host or port can't be one",
                limit="a URL",
                actual=shown(url),
            ) from None
        addresses = self._addresses(target, about)
        tls = _tls(*map(os.environ.get, _CERTIFICATES)) if target.scheme == "https" else None
        line = Line(target, addresses, about, self._deadline, tls)
        with self._lock:
            self._lines.add(line)
        return line

    def _addresses(self, target: Target, about: str) -> list[str]:
        """Look a target's host up, and have it known for as long as that takes."""
        me = threading.get_ident()
        with self._lock:
            self._looked_up[me] = target.host
        try:
            return resolve(target, about, control=self._control, allow_private=self._allow_private)
        finally:
            with self._lock:
                del self._looked_up[me]


@functools.lru_cache(maxsize=4)
def _tls(_file: str | None, _directory: str | None) -> ssl.SSLContext:
    """The certificates to trust, kept: loading them takes longer (30 ms) than a whole check.

    Args:
        _file: Where OpenSSL takes them from; another place makes another context.
        _directory: Likewise.
    """
    context = create_urllib3_context()
    context.load_default_certs()
    return context


def _about(hops: list[str]) -> str:
    """A file as a message names it: where it was said to be, and where that led."""
    if len(hops) == 1:
        return shown(hops[0])
    return f"{shown(hops[0])} redirects to {shown(hops[-1])}, which"


def _first_answer(line: Line) -> Answer:
    """The first part of a file, or all of it; whatever else the server says stays as it is."""
    answer = line.get(_FIRST_PART)
    if answer.status == http.client.PARTIAL_CONTENT:
        sound = answer.span is not None and answer.span.first == 0
    else:
        refuses = answer.status == http.client.REQUESTED_RANGE_NOT_SATISFIABLE
        sound = not refuses or answer.total_alone == 0
    if sound:
        return answer
    answer.close()
    return line.get({})


def _redirect(answer: Answer, hops: list[str], about: str) -> str:
    """Where an answer leads on to."""
    location = answer.headers.get("location", "").strip()
    if not location:
        raise Unreadable(
            f"{about} answers {answer.phrase} without saying where to",
            limit=200,
            actual=answer.status,
        )
    try:
        url = redirected(hops[-1], location)
    except ValueError:
        url = ""
    if not is_url(url):
        raise Unreadable(
            f"{about} redirects to what is no https URL", limit=200, actual=answer.status
        )
    way = " to ".join(shown(hop) for hop in [*hops, url])
    if url in hops:
        raise Unreadable(f"redirects in a circle: {way}", limit=200, actual=answer.status)
    if len(hops) > MOST_REDIRECTS:
        raise Unreadable(
            f"redirects more than {MOST_REDIRECTS} times: {way}",
            limit=MOST_REDIRECTS,
            actual=len(hops),
        )
    return url


def _file(answer: Answer, line: Line, hops: list[str], about: str) -> Remote:
    """The file that an answer is, or the beginning of.

    Raises:
        Unreadable: It is none, it is empty, or its beginning doesn't come.
    """
    if answer.status in _EMPTY or answer.total_alone == 0:
        raise _is_empty(about)
    first = answer.span is not None and answer.span.first == 0
    if answer.status not in _WHOLE and not first:
        raise refused(answer, about)
    remote = Remote(hops[-1], about, line, answer, len(hops) - 1)
    if not remote.read(0, 1):
        raise _is_empty(about)
    return remote


def _is_empty(about: str) -> Unreadable:
    return Unreadable(f"{about} is empty", limit="a file", actual="no bytes")
