"""What a client records in its journal about submissions and jobs, and when.

Rules:

- A client without a journal has no ledger.
- A call before the POST may raise, and then nothing is sent. A call after the POST never raises,
  because the journal does not (``journal/journal.py``).
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
from runcomfy_core.interrupts import pass_on
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

#: The local id of a new submission, or the entry that the journal had already.
FoundT = TypeVar("FoundT", "str", "str | Entry")


@attrs.frozen
class Ledger:
    """A client's journal.

    Attributes:
        journal: The journal.
        origin: The client's base URL, because a request id belongs to one server.
        own: Whether the client opened the journal, and so closes it.
        mask: Removes the token from a text. A journal that the user opened does not know the
            client's token, so everything that is stored goes through this mask.
        mask_exactly: Removes the token from an input, and changes nothing else there, because
            inputs are recognized by their digests. If it is None, ``mask`` is used.
    """

    journal: Journal
    origin: str
    own: bool
    mask: Mask = attrs.field(repr=False)
    mask_exactly: Mask | None = attrs.field(default=None, repr=False)

    def close(self) -> None:
        """Close the journal, unless the user opened it."""
        if self.own:
            self.journal.close()

    def begin(self, model_id: str, wire: Mapping[str, Any], local_id: str | None = None) -> str:
        """Record a submission, and return its local id.

        Raises:
            JournalError: The journal can't be written.
        """
        own = self._own(wire)
        return self.journal.begin(model_id, own, origin=self.origin, local_id=local_id)

    def claim(
        self, model_id: str, wire: Mapping[str, Any], key: str, local_id: str | None = None
    ) -> str | Entry:
        """Record a submission, and return its local id; return the entry if there is one already.

        Raises:
            JournalError: The journal can't be written.
        """
        own = self._own(wire)
        return self.journal.claim(model_id, own, origin=self.origin, key=key, local_id=local_id)

    def find(self, model_id: str, wire: Mapping[str, Any], key: str) -> Entry | None:
        """Return the entry of an input that was submitted and not refused, or None.

        Raises:
            JournalError: The journal can't be read.
        """
        clean = self._own(wire)
        name, earlier = digest(model_id, clean), self.journal.earlier(model_id, clean)
        with reading():
            return self.journal.find(name, origin=self.origin, key=key, earlier=earlier)

    def get(self, local_id: str) -> Entry | None:
        """Return the entry with this local id, or None.

        Raises:
            JournalError: The journal can't be read.
        """
        with reading():
            return self.journal.get(local_id)

    def status(self, request_id: str, status: str) -> None:
        """Record the state of a job that is not over."""
        self.journal.mark_status(request_id, self.mask(status), origin=self.origin)

    # Any: JSON that no schema vouches for.
    def finished(
        self, request_id: str, ending: Ending, raw: dict[str, Any] | None, error: str | None
    ) -> None:
        """Record how a job ended."""
        try:
            clean = None if raw is None else _masked(raw, self.mask)
        except (ValueError, RecursionError) as fault:
            pass_on(fault)
            # Too deeply nested to read; the API still has it.
            clean = None
        said = None if error is None else self.mask(error)
        self.journal.mark_finished(request_id, ending, clean, origin=self.origin, error=said)

    def _own(self, wire: Mapping[str, Any]) -> dict[str, Any]:
        return _masked(wire, self.mask_exactly or self.mask)


def _masked(document: Mapping[str, Any], mask: Mask) -> dict[str, Any]:
    text = json_text(document, mask)
    # An answer may be large, so the masked text is parsed only if masking changed it.
    clean: dict[str, Any] = dict(document) if is_clean(document, mask) else json.loads(text)
    return clean


@contextlib.contextmanager
def reading() -> Generator[None]:
    """Have a JournalError in this block say that it is unknown what was submitted before."""
    try:
        yield
    except JournalError as error:
        raise JournalError(error.path, error.reason, submitted=None) from None


class SubmissionNotes:
    """The journal's record of one submission.

    The local id is made before the entry is written. So if the caller is interrupted while another
    thread writes the entry, the entry can still be marked as never sent.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.local_id = new_local_id()
        self._gone: str | None = None

    def begin(self, write: Callable[[], FoundT]) -> FoundT:
        """Write the entry, and return what *write* returns: a local id, or an earlier entry.

        Raises:
            JournalError: The journal can't be written.
        """
        found = write()
        # The caller may have been interrupted while this thread wrote. Each side checks on the
        # other after its own step, so at least one of them sees both.
        if self._gone is not None:
            self.left(self._gone, sent=False)
        return found

    def submitted(self, request_id: str) -> None:
        """Record that the submission became a job."""
        self._ledger.journal.mark_submitted(self.local_id, request_id)

    def uncertain(self, error: str, request_id: str | None) -> None:
        """Record that the submission may have become a job."""
        said = self._ledger.mask(error)
        self._ledger.journal.mark_uncertain(self.local_id, said, request_id)

    def refused(self, error: str) -> None:
        """Record that the submission provably became no job."""
        self._ledger.journal.mark_refused(self.local_id, self._ledger.mask(error))

    def left(self, error: str, *, sent: bool) -> None:
        """Record that the caller is gone. This never replaces a more definite record."""
        self._gone = None if sent else error
        words = "the answer" if sent else "the POST"
        self._ledger.journal.mark_left(self.local_id, f"{error} came before {words}", sent=sent)

    def cancelled(self, request_id: str) -> None:
        """Record that the job was cancelled at once."""
        self._ledger.finished(request_id, "cancelled", None, None)


def submit_noted(
    submission: Submission, wire: Mapping[str, Any], ledger: Ledger, clock: Ticks
) -> Steps[str]:
    """Record a submission in the journal, submit it, and return its request id.

    Raises:
        JournalError: The journal can't be written; nothing was sent.
        RunComfyError: ``submit`` raised this.
    """
    notes = SubmissionNotes(ledger)
    begin = partial(ledger.begin, submission.model_id, wire, notes.local_id)
    return (yield from _submit(submission, notes, begin, clock))


def submit_once(
    submission: Submission, wire: Mapping[str, Any], ledger: Ledger, clock: Ticks, key: str
) -> Steps[str | Entry]:
    """Submit an input that the journal does not have yet, and return its request id.

    If the journal has the submission already, return its entry, and send nothing.

    Args:
        submission: The submission.
        wire: Its input.
        ledger: Where the submission is recorded.
        clock: Tells the time.
        key: Tells several submissions of equal inputs apart.

    Raises:
        JournalError: The journal can't be written; nothing was sent.
        RunComfyError: ``submit`` raised this.
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
    """Call *begin*, which records the submission, and submit; if it returns an entry, return it."""
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
    """Numbers equal inputs of one caller, to tell them apart."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: Counter[str] = Counter()

    def key(self, model_id: str, wire: Mapping[str, Any]) -> str:
        """Count an input, and return its number among its equals, as text."""
        name = digest(model_id, wire)
        with self._lock:
            self._seen[name] += 1
            return str(self._seen[name])
