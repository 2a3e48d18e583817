"""Fetching files for media checks: following redirects and judging the first answer.

Rules:

- The first request asks for the first 64 KiB, which suffices for an image whose header is at its
  front. If the server gets the range wrong, a second request asks for the whole file.
- Each URL on the way is checked like the first one, and its host is resolved anew.
- A message names the first URL, and the last one if there were redirects.
"""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Final

from runcomfy_core.http.fields import OK, PARTIAL, UNSATISFIABLE
from runcomfy_core.interrupts import pass_on

from .faults import Unreadable
from .line import Line
from .pages import refused
from .redirects import Astray, follow
from .remote import FIRST, Remote
from .resolve import resolve, slow_look_up
from .target import target_of
from .urls import private_fault, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runcomfy_core.http.deadline import Deadline
    from runcomfy_core.http.target import Target

    from .answer import Answer
    from .faults import OwnNetwork

_EMPTY: Final = frozenset({204, 205})
_WHOLE: Final = frozenset({OK, 203})
_FIRST_PART: Final = {"Range": f"bytes=0-{FIRST - 1}"}


class Fetcher:
    """A fetcher for the files of one input, for any number of threads, with one deadline.

    Args:
        deadline: The deadline of the whole check.
        control: A host name that resolves as long as this machine's network works, such as the
            API's host; "" if none is known.
        allow_private: Whether URLs may be plain http, or lead to this machine or its network.
    """

    def __init__(self, deadline: Deadline, *, control: str = "", allow_private: bool) -> None:
        self._deadline = deadline
        self._control = control
        self._allow_private = allow_private
        self._lock = threading.Lock()
        self._lines: weakref.WeakSet[Line] = weakref.WeakSet()
        self._looked_up: dict[int, str] = {}  # thread ids, and the hosts that they are resolving

    def fetch(self, url: str) -> Remote:
        """Request a file, and follow redirects to it.

        Args:
            url: A URL that :func:`~.urls.is_url` accepts.

        Returns:
            The file. It has at least one byte. The caller must close it.

        Raises:
            Unreadable: The file can't be read, and the API could not read it either.
            OwnNetwork: This machine's network or its proxy doesn't lead to the file.
        """
        hops = [url]
        lines: list[Line] = []

        def ask() -> Answer:
            lines.append(self._line(hops[-1], _about(hops)))
            return _first_answer(lines[-1])

        try:
            found = _file(follow(hops, ask), lines[-1], hops, _about(hops))
        except Astray as astray:
            _close(lines)
            words = astray.message if astray.names_way else f"{_about(hops)} {astray.message}"
            raise Unreadable(words, limit=astray.limit, actual=astray.actual) from None
        except BaseException:
            _close(lines)
            raise
        _close(lines[:-1])
        return found

    def abort(self) -> None:
        """End the deadline now, and cut all connections, so that no thread waits any longer."""
        self._deadline.end()
        with self._lock:
            lines = list(self._lines)
        for line in lines:
            line.cut()

    def hanging(self) -> OwnNetwork | None:
        """Return the fault of this machine's name server if a thread waits for it, else None."""
        with self._lock:
            host = next(iter(self._looked_up.values()), None)
        return None if host is None else slow_look_up(host, self._deadline)

    def _line(self, url: str, about: str) -> Line:
        """Return a connection to a URL's server.

        Raises:
            Unreadable: The URL must not be fetched, or its host can't be one.
        """
        fault = None if self._allow_private else private_fault(url)
        if fault is not None:
            raise Unreadable(
                f"{about} can't be read by the API: {fault}",
                limit="a public https URL",
                actual=shown(url),
            )
        try:
            target = target_of(url)
        except ValueError as error:
            pass_on(error)
            raise Unreadable(
                f"{about} can't be read: its host or port can't be one",
                limit="a URL",
                actual=shown(url),
            ) from None
        addresses = self._addresses(target, about)
        line = Line(target, addresses, about, self._deadline)
        with self._lock:
            self._lines.add(line)
        return line

    def _addresses(self, target: Target, about: str) -> list[str]:
        """Resolve a target's host, and note in the meantime that this thread waits for it."""
        me = threading.get_ident()
        with self._lock:
            self._looked_up[me] = target.host
        try:
            return resolve(target, about, control=self._control, allow_private=self._allow_private)
        finally:
            with self._lock:
                del self._looked_up[me]


def _close(lines: Iterable[Line]) -> None:
    for line in lines:
        line.close()


def _about(hops: list[str]) -> str:
    """Return how a message names a file: by its URL, and by the URL that it redirects to."""
    if len(hops) == 1:
        return shown(hops[0])
    return f"{shown(hops[0])} redirects to {shown(hops[-1])}, which"


def _first_answer(line: Line) -> Answer:
    """Request the first part of a file, or else all of it, and return the answer, good or bad."""
    answer = line.get(_FIRST_PART)
    if answer.status == PARTIAL:
        sound = answer.span is not None and answer.span.first == 0
    else:
        refuses = answer.status == UNSATISFIABLE
        sound = not refuses or answer.total_alone == 0
    if sound:
        return answer
    answer.close()
    return line.get({})


def _file(answer: Answer, line: Line, hops: list[str], about: str) -> Remote:
    """Return the file whose whole, or whose beginning, an answer holds.

    Raises:
        Unreadable: The answer is no file, the file is empty, or its beginning doesn't arrive.
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
