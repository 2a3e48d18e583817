"""What a client writes in its journal, and when: about each submission, and about each job.

A client without a journal has no ledger. What is called before a POST may raise, and then nothing
was sent; what is called after it never does (``_journal/journal.py``).
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from runcomfy_core.errors import JournalError
from runcomfy_core.journal.entries import new_local_id
from runcomfy_core.journal.texts import digest, is_clean, json_text
from runcomfy_core.wire.steps import work

from .submission import abandon, submit

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from runcomfy_core.journal import Ending, Entry, Journal
    from runcomfy_core.journal.texts import Mask
    from runcomfy_core.wire.clock import Ticks
    from runcomfy_core.wire.steps import Steps

    from .submission import Submission

#: A new submission's local id, or a plain entry that was there.
FoundT = TypeVar("FoundT", "str", "str | Entry")


@attrs.frozen
class Ledger:
    """A client's journal.

    Attributes:
        journal: The journal.
        origin: The client's base URL: request ids are one server's own.
        own: Whether the client opened it, and so closes it.
        mask: Takes the token out of a text. A journal that its caller opened has no mask of the
            client's, so everything that is stored goes through this one.
        mask_exactly: The same for inputs, which it changes only where the token itself stands: they
            are known again by their digests. If it is not given, ``mask`` does it.
    """

    journal: Journal
    origin: str
    own: bool
    mask: Mask = attrs.field(repr=False)
    mask_exactly: Mask | None = attrs.field(default=None, repr=False)

    def close(self) -> None:
        """Close the journal, unless it is its caller's."""
        if self.own:
            self.journal.close()

    def begin(self, model_id: str, wire: Mapping[str, Any], local_id: str | None = None) -> str:
        """Write a submission down, and return its local id.

        Raises:
            JournalError: It can't be written down.
        """
        own = self._own(wire)
        return self.journal.begin(model_id, own, origin=self.origin, local_id=local_id)

    def claim(
        self, model_id: str, wire: Mapping[str, Any], key: str, local_id: str | None = None
    ) -> str | Entry:
        """Write a submission down, unless it is there: then its entry.

        Raises:
            JournalError: It can't be written down.
        """
        own = self._own(wire)
        return self.journal.claim(model_id, own, origin=self.origin, key=key, local_id=local_id)

    def find(self, model_id: str, wire: Mapping[str, Any], key: str) -> Entry | None:
        """The submission of an input, if it is there and was not refused.

        Raises:
            JournalError: The journal can't be read.
        """
        clean = self._own(wire)
        name, earlier = digest(model_id, clean), self.journal.earlier(model_id, clean)
        with reading():
            return self.journal.find(name, origin=self.origin, key=key, earlier=earlier)

    def get(self, local_id: str) -> Entry | None:
        """The submission of a local id, or None.

        Raises:
            JournalError: The journal can't be read.
        """
        with reading():
            return self.journal.get(local_id)

    def status(self, request_id: str, status: str) -> None:
        """Note what the API says of a job that goes on."""
        self.journal.mark_status(request_id, self.mask(status), origin=self.origin)

    # Any: JSON that no schema vouches for.
    def finished(
        self, request_id: str, ending: Ending, raw: dict[str, Any] | None, error: str | None
    ) -> None:
        """Note how a job ended."""
        try:
            clean = None if raw is None else _masked(raw, self.mask)
        except (ValueError, RecursionError):  # deeper than a reader goes; the API tells it again
            clean = None
        said = None if error is None else self.mask(error)
        self.journal.mark_finished(request_id, ending, clean, origin=self.origin, error=said)

    def _own(self, wire: Mapping[str, Any]) -> dict[str, Any]:
        return _masked(wire, self.mask_exactly or self.mask)


def _masked(document: Mapping[str, Any], mask: Mask) -> dict[str, Any]:
    text = json_text(document, mask)
    # Not read again without need: an answer may be large.
    clean: dict[str, Any] = dict(document) if is_clean(document, mask) else json.loads(text)
    return clean


@contextlib.contextmanager
def reading() -> Generator[None]:
    """Have a JournalError say that nobody knows what was submitted before."""
    try:
        yield
    except JournalError as error:
        raise JournalError(error.path, error.reason, submitted=None) from None


class SubmissionNotes:
    """What is written down of one submission.

    Its local id is made first, so that whatever is raised while it is being written down, perhaps
    by another thread, the entry can be told that nothing was sent.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.local_id = new_local_id()
        self._gone: str | None = None

    def begin(self, write: Callable[[], FoundT]) -> FoundT:
        """Write it down, by a call that may find that it is there already.

        Raises:
            JournalError: It can't be written down.
        """
        found = write()
        # Whoever asked for it may have gone away meanwhile. Each of the two looks after it has
        # said what it did, so one of them at least knows both.
        if self._gone is not None:
            self.left(self._gone, sent=False)
        return found

    def submitted(self, request_id: str) -> None:
        """It became a job."""
        self._ledger.journal.mark_submitted(self.local_id, request_id)

    def uncertain(self, error: str, request_id: str | None) -> None:
        """It may have become a job."""
        said = self._ledger.mask(error)
        self._ledger.journal.mark_uncertain(self.local_id, said, request_id)

    def refused(self, error: str) -> None:
        """It provably became none."""
        self._ledger.journal.mark_refused(self.local_id, self._ledger.mask(error))

    def left(self, error: str, *, sent: bool) -> None:
        """Whoever submitted is gone; counts only where nothing better is known."""
        self._gone = None if sent else error
        words = "the answer" if sent else "the POST"
        self._ledger.journal.mark_left(self.local_id, f"{error} came before {words}", sent=sent)

    def cancelled(self, request_id: str) -> None:
        """The job that it became was cancelled at once."""
        self._ledger.finished(request_id, "cancelled", None, None)


def submit_noted(
    submission: Submission, wire: Mapping[str, Any], ledger: Ledger, clock: Ticks
) -> Steps[str]:
    """Write a submission down, submit it, and return its request id.

    Raises:
        JournalError: It can't be written down; nothing was sent.
        RunComfyError: What ``submit`` raises.
    """
    notes = SubmissionNotes(ledger)
    begin = partial(ledger.begin, submission.model_id, wire, notes.local_id)
    return (yield from _submit(submission, notes, begin, clock))


def submit_once(
    submission: Submission, wire: Mapping[str, Any], ledger: Ledger, clock: Ticks, key: str
) -> Steps[str | Entry]:
    """The same, unless the journal has this submission already: then what it knows of it.

    Args:
        submission: What is submitted.
        wire: Its input.
        ledger: Where it is written down.
        clock: Tells the time.
        key: Which of several equal submissions it is.

    Raises:
        JournalError: It can't be written down; nothing was sent.
        RunComfyError: What ``submit`` raises.
    """
    notes = SubmissionNotes(ledger)
    claim = partial(ledger.claim, submission.model_id, wire, key, notes.local_id)
    return (yield from _submit(submission, notes, claim, clock))


def _submit(
    submission: Submission,
    notes: SubmissionNotes,
    begin: Callable[[], FoundT],
    clock: Ticks,
) -> Steps[FoundT | str]:
    """Submit what *begin* writes down; if it finds an entry instead, return that."""
    submission.notes = notes
    try:
        found = yield from work(partial(notes.begin, begin))
        return (yield from submit(submission, clock)) if isinstance(found, str) else found
    except (GeneratorExit, JournalError):
        raise
    except BaseException as stop:
        yield from abandon(submission, stop)
        raise


class Occurrences:
    """Tells equal inputs of one caller apart: each is the first, second… of its kind."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: Counter[str] = Counter()

    def key(self, model_id: str, wire: Mapping[str, Any]) -> str:
        """Which one of its kind an input is; counts it."""
        name = digest(model_id, wire)
        with self._lock:
            self._seen[name] += 1
            return str(self._seen[name])
