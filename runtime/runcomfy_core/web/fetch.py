"""From URLs to files that can be read: redirects, and what the first answer means.

Rules:

- One request for the first 64 KiB; that suffices for a picture whose header is at its front. A
  server that gets ranges wrong is asked once more, for the file.
- Each hop of a redirect is checked as the first one is, and looked up anew.
- What can't be read is said with the URL where it began and the one where it ended.
"""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Final

from runcomfy_core.http.fields import OK, PARTIAL, UNSATISFIABLE

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
        line = Line(target, addresses, about, self._deadline)
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


def _close(lines: Iterable[Line]) -> None:
    for line in lines:
        line.close()


def _about(hops: list[str]) -> str:
    """A file as a message names it: where it was said to be, and where that led."""
    if len(hops) == 1:
        return shown(hops[0])
    return f"{shown(hops[0])} redirects to {shown(hops[-1])}, which"


def _first_answer(line: Line) -> Answer:
    """The first part of a file, or all of it; whatever else the server says stays as it is."""
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
