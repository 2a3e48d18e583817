"""What a client writes in its journal, and when: about each submission, and about each job.

A client without a journal has no ledger. What is called before a POST may raise, and then nothing
was sent; what is called after it never does (``_journal/journal.py``).
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs

from .._journal.texts import digest, json_text
from .._wire.steps import work
from ..errors import JournalError
from .submission import submit

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from .._journal import Ending, Entry, Journal
    from .._journal.texts import Mask
    from .._wire.clock import Ticks
    from .._wire.steps import Steps
    from .submission import Submission

#: A new submission's local id, or a plain entry that was there.
FoundT = TypeVar("FoundT", "str", "str | Entry")

_NEVER_SENT: Final = "interrupted before it was sent"


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

    def begin(self, model_id: str, wire: Mapping[str, Any]) -> str:
        """Write a submission down, and return its local id.

        Raises:
            JournalError: It can't be written down.
        """
        return self.journal.begin(model_id, self._own(wire), origin=self.origin)

    def claim(self, model_id: str, wire: Mapping[str, Any], key: str) -> str | Entry:
        """Write a submission down, unless it is there: then its entry.

        Raises:
            JournalError: It can't be written down.
        """
        return self.journal.claim(model_id, self._own(wire), origin=self.origin, key=key)

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
    clean: dict[str, Any] = json.loads(json_text(document, mask))
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

    Whoever is interrupted has only a doubt: that counts while nothing else is known.
    """

    def __init__(self, ledger: Ledger, local_id: str) -> None:
        self._ledger = ledger
        self._local_id = local_id
        # Notes come from the caller's thread, and from one that settles after it.
        self._lock = threading.Lock()
        self._settled = False

    def submitted(self, request_id: str) -> None:
        """It became a job."""
        with self._lock:
            self._settled = True
            self._ledger.journal.mark_submitted(self._local_id, request_id)

    def uncertain(self, error: str, request_id: str | None) -> None:
        """It may have become a job."""
        with self._lock:
            self._settled = True
            said = self._ledger.mask(error)
            self._ledger.journal.mark_uncertain(self._local_id, said, request_id)

    def refused(self, error: str) -> None:
        """It provably became none."""
        with self._lock:
            self._settled = True
            self._ledger.journal.mark_refused(self._local_id, self._ledger.mask(error))

    def interrupted(self, error: str, *, sent: bool) -> None:
        """Whoever submitted is gone."""
        with self._lock:
            if self._settled:
                return
            if sent:
                words = f"{error} came before the answer"
                self._ledger.journal.mark_uncertain(self._local_id, words)
            else:
                self._ledger.journal.mark_refused(self._local_id, f"{error} came before the POST")

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
    local_id = yield from _begun(ledger, lambda: ledger.begin(submission.model_id, wire))
    return (yield from _submit(submission, ledger, local_id, clock))


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
    found = yield from _begun(ledger, lambda: ledger.claim(submission.model_id, wire, key))
    if not isinstance(found, str):
        return found
    return (yield from _submit(submission, ledger, found, clock))


def _submit(submission: Submission, ledger: Ledger, local_id: str, clock: Ticks) -> Steps[str]:
    noted = attrs.evolve(submission, notes=SubmissionNotes(ledger, local_id))
    return (yield from submit(noted, clock))


def _begun(ledger: Ledger, write: Callable[[], FoundT]) -> Steps[FoundT]:
    """What a write finds; one whose caller went away meanwhile is taken back."""
    beginning = _Beginning(ledger.journal)
    try:
        return (yield from work(lambda: beginning.note(write())))
    except GeneratorExit:
        raise
    except BaseException:
        beginning.take_back()
        raise


class _Beginning:
    """A submission that is being written down, perhaps in another thread."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self._local_id: str | None = None
        self._unwanted = False

    def note(self, found: FoundT) -> FoundT:
        """It is written down."""
        with self._lock:
            if isinstance(found, str):
                self._local_id = found
                if self._unwanted:
                    self._journal.mark_refused(found, _NEVER_SENT)
        return found

    def take_back(self) -> None:
        """It will not be sent."""
        with self._lock:
            self._unwanted = True
            if self._local_id is not None:
                self._journal.mark_refused(self._local_id, _NEVER_SENT)


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
