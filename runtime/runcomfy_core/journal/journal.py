"""Every submission on disk, from before its POST until its result is there.

Rules:

- What is called before a POST raises when it can't write: nothing is paid yet. What is called after
  it never raises: a job that was paid for matters more than its note. It warns, and the note is
  kept in memory and written before the next one.
- A submission, its request id and a doubt about it outlast a power cut. The rest outlasts the end
  of the process; after a power cut the API is asked again.
- Any number of threads and processes may write and read at once. A forked child, too.
- The journal is not given the token, and a mask takes it out of the texts of others.
"""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import attrs

from runcomfy_core.config import seconds
from runcomfy_core.errors import JournalError
from runcomfy_core.interrupts import interrupts, pass_on
from runcomfy_core.logs import log
from runcomfy_core.normal_url import normal_url

from . import place, privacy, table
from .claims import Claim
from .entries import STATES, Row, new_local_id
from .faults import raising, warn, warning, why
from .pruning import prune
from .reader import Reader, answer
from .store import MOST_KEPT, Store, Write
from .texts import condensed, digest, first_format_digests, json_text, plain

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import TracebackType

    from .entries import Ending, Entry, State
    from .texts import Mask

#: Why a submission that its caller will not make was refused.
_NEVER_SENT: Final = "interrupted before it was sent"


class Journal:
    """A journal file, open.

    Args:
        path: The file. It is made if it isn't there, with the folders above it, for this user
            alone.
        store_inputs: Whether inputs are written down; their digests always are.
        mask: Takes out of a text what must not be stored, the token above all.

    Attributes:
        path: The file, absolute and without links.

    Raises:
        JournalError: It can't be opened or made, is another application's file, was made by a
            later version of this package, is damaged, or is not this user's alone.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, store_inputs: bool = True, mask: Mask | None = None
    ) -> None:
        self._store_inputs = store_inputs
        self._mask: Mask = mask or _as_it_is
        self.path = path = place.as_file(path)
        with raising(self.path):
            privacy.check_link(path)
            self.path = Path(os.path.realpath(path))
            self._store = Store(self.path)
            self._has_earlier = self._store.look(table.has_earlier)
        self._reader = Reader(self._store)

    @staticmethod
    def default_path() -> Path:
        """Where a user's journal stands: ``$RUNCOMFY_JOURNAL``, or a file among the user's state.

        Raises:
            ConfigurationError: There is no such place.
        """
        return place.default_path()

    def begin(
        self,
        model_id: str,
        input: Mapping[str, object],  # noqa: A002 - as in the API
        *,
        origin: str,
        key: str | None = None,
        local_id: str | None = None,
    ) -> str:
        """Write a submission down, before its POST. It is on the disk when this returns.

        Args:
            model_id: To what.
            input: In wire form; see :func:`~.texts.wire_input` for one with files.
            origin: The base URL that it goes to.
            key: What the caller calls it, such as its position among many.
            local_id: A new one that the caller has made, to speak of the submission even if this is
                interrupted.

        Returns:
            Its local id.

        Raises:
            JournalError: It can't be written down. Nothing was sent, and nothing should be.
        """
        local_id = local_id or new_local_id()
        try:
            with raising(self.path, "; nothing was sent"):
                row = self._row(local_id, model_id, input, origin, key)
                self._begin(partial(_insert, row=row), row)
            return local_id  # noqa: TRY300 - an interruption may come here, too
        except BaseException as stop:
            self._take_back(local_id, stop)
            raise

    def claim(
        self,
        model_id: str,
        input: Mapping[str, object],  # noqa: A002 - as in the API
        *,
        origin: str,
        key: str | None = None,
        local_id: str | None = None,
    ) -> str | Entry:
        """Begin a submission unless the same one is there already: :meth:`find`, then `begin`.

        Both are one step, so that of several processes that work through the same inputs, one
        alone submits each.

        Returns:
            Its local id, or the entry that is there.

        Raises:
            JournalError: It can't be written down. Nothing was sent, and nothing should be.
        """
        local_id = local_id or new_local_id()
        try:
            with raising(self.path, "; nothing was sent"):
                row = self._row(local_id, model_id, input, origin, key)
                claim = Claim(row.digest, row.origin, row.key, self.earlier(model_id, input))
                while not self._begin(partial(_insert_unless, row=row, claim=claim), row):
                    found = self.find(row.digest, origin=origin, key=key, earlier=claim.earlier)
                    if found is not None:  # or it was refused at this very moment
                        return found
            return local_id  # noqa: TRY300 - an interruption may come here, too
        except BaseException as stop:
            self._take_back(local_id, stop)
            raise

    def mark_submitted(self, local_id: str, request_id: str) -> None:
        """Note the job that a submission became. Never raises."""
        about = f"submission {local_id} is request {request_id}"
        self._change(local_id, about, state="submitted", request_id=request_id)

    def mark_uncertain(self, local_id: str, error: str, request_id: str | None = None) -> None:
        """Note that a submission may have become a job. Never raises."""
        named = "" if request_id is None else f", perhaps as request {request_id}"
        about = f"submission {local_id} may have been taken{named}"
        self._change(local_id, about, state="uncertain", request_id=request_id, error=error)

    def mark_refused(self, local_id: str, error: str = "found to have become no job") -> None:
        """Note that a submission provably became no job. Never raises."""
        about = f"submission {local_id} was refused"
        self._change(local_id, about, state="refused", error=error)

    def mark_left(self, local_id: str, error: str, *, sent: bool) -> None:
        """Note that whoever submitted is gone; counts only while nothing else is known.

        Of a submission that was not written down it says nothing. Raises only what interrupts it.

        Args:
            local_id: The submission.
            error: Why.
            sent: Whether it may have been sent; False is a proof that it never is.
        """
        state: State = "uncertain" if sent else "refused"
        about = f"submission {local_id} was left, and is {state}"
        with warning(self.path, about):
            said = self._plain(error)
            changes = {"state": state, "error": said, "updated": time.time()}
            act = partial(_change_open, local_id=local_id, changes=changes)
            self._note(Write(act, about, len(said)))

    def mark_status(self, request_id: str, status: str, *, origin: str) -> None:
        """Note what the API says of a job that goes on. Never raises.

        It is written only when it is new, and forgotten when it can't be: the next one says more.
        """
        try:
            job = (self._plain(request_id), normal_url(self._plain(origin)))
            act = partial(_note_status, job=job, status=self._plain(status), now=time.time())
            self._store.write(Write(act, "", durable=False, keep=False))
        except Exception as error:  # noqa: BLE001 - the rule: the job was paid for
            pass_on(error)
            log.debug("the journal %s: a status was not written down: %s", self.path, why(error))

    def mark_finished(
        self,
        request_id: str,
        state: Ending,
        result: Mapping[str, object] | None,
        *,
        origin: str,
        error: str | None = None,
    ) -> None:
        """Note how a job ended, and its result as the API gave it. Never raises.

        A job that no submission here became is not noted. A result of more than a mebibyte that
        can't be written is not kept in memory: the job stays ``submitted`` here, so that the next
        one to look asks the API for it.
        """
        text: str | None = None
        with warning(self.path, f"the result of request {request_id}"):
            text = None if result is None else json_text(result, self._mask)
        about = f"request {request_id} is {state}"
        with warning(self.path, about):
            job = (self._plain(request_id), normal_url(self._plain(origin)))
            said = self._plain_or_none(error)
            changes = {"state": state, "error": said, "updated": time.time()}
            if text is not None:
                changes["result"] = text
            act = partial(_note_end, job=job, changes=changes)
            size = len(text or "") + len(said or "")
            self._note(Write(act, about, size, durable=False))

    def jobs(
        self, state: State | Iterable[State] | None = None, *, model_id: str | None = None
    ) -> Iterator[Entry]:
        """Submissions, the oldest first.

        Each is read when its turn comes, since its result may be long. Those that were there when
        this was called are given, and nothing is locked meanwhile.

        Args:
            state: Only those in this state, or in one of these.
            model_id: Only those to this model.

        Raises:
            JournalError: The journal can't be read, or there is no such state.
        """
        states = STATES if state is None else self._states(state)
        model = self._plain_or_none(model_id)
        return self._reader.each(states, lambda row: model in {None, row.model_id})

    def unfinished(self, *, origin: str | None = None) -> list[Entry]:
        """Jobs that are not known to be over: those that can be waited for, the oldest first.

        That includes an uncertain submission whose request id is known.

        Args:
            origin: Only those that were submitted at this base URL.

        Raises:
            JournalError: The journal can't be read.
        """
        base = None if origin is None else normal_url(self._plain(origin))

        def wanted(row: Row) -> bool:
            return row.request_id is not None and base in {None, normal_url(row.origin)}

        return list(self._reader.each({"submitted", "uncertain"}, wanted))

    def uncertain(self) -> list[Entry]:
        """Submissions that need a look, the oldest first: a job may exist, and be billed.

        Those whose process ended before the answer was written down are among them. After the
        look, :meth:`mark_submitted` or :meth:`mark_refused` says what is true.

        Raises:
            JournalError: The journal can't be read.
        """
        return list(self.jobs("uncertain"))

    def find(
        self,
        digest: str,
        *,
        origin: str,
        key: str | None = None,
        earlier: tuple[str, ...] = (),
    ) -> Entry | None:
        """The latest submission of the same input under the same key, unless it was refused.

        Args:
            digest: Of model and input (:func:`~.texts.digest`).
            origin: The base URL.
            key: As it was passed to :meth:`begin`; None finds those without one.
            earlier: What :meth:`earlier` returns for the input.

        Raises:
            JournalError: The journal can't be read.
        """
        with raising(self.path):
            claim = Claim(digest, self._plain(origin), self._plain_or_none(key), earlier)
        return self._reader.answer(claim)

    def earlier(self, model_id: str, input: Mapping[str, object]) -> tuple[str, ...]:  # noqa: A002 - as in the API
        """The digests that format 1 had for an input, if this journal holds rows of such.

        Raises:
            TypeError: Part of the input is not JSON.
            ValueError: Likewise.
        """
        return first_format_digests(model_id, input) if self._has_earlier else ()

    def get(self, local_id: str) -> Entry | None:
        """The submission of a local id, or None.

        Raises:
            JournalError: The journal can't be read.
        """
        return self._reader.by_local_id(local_id)

    def prune(self, *, older_than: float) -> int:
        """Forget submissions that are over, and say how many that were.

        A job that a map made keeps its row, or a map over the same inputs would submit it, and pay
        for it, again. Its input goes, and its result if it went well: such a map asks the API for
        that, which costs nothing and works as long as the API has it. Of all others that are over,
        nothing stays. What may still become a job, or may still be one, is left alone, and so is
        the latest submission. The file keeps its size; its room is used again.

        Args:
            older_than: Seconds since they last changed.

        Returns:
            How many were forgotten, whole or in part.

        Raises:
            ConfigurationError: ``older_than`` is not a number of seconds.
            JournalError: The journal can't be written. Some may be forgotten.
        """
        before = time.time() - seconds(older_than, "older_than", zero=True)
        with raising(self.path):
            return prune(self._store, before)

    def close(self) -> None:
        """Write down what is still kept in memory, and close. Never raises.

        What this process has begun and not marked becomes uncertain.
        """
        with warning(self.path, "what was kept in memory"):
            for write in self._store.close():
                warn(self.path, f"it was closed; not written down: {write.about}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<journal {self.path}>"

    def _row(
        self,
        local_id: str,
        model_id: str,
        body: Mapping[str, object],
        origin: str,
        key: str | None,
    ) -> Row:
        now = float(time.time())
        return Row(
            number=0,
            local_id=local_id,
            session=self._store.session(),
            model_id=self._plain(model_id),
            origin=normal_url(self._plain(origin)),
            digest=digest(model_id, body),
            key=self._plain_or_none(key),
            request_id=None,
            state="posting",
            status=None,
            created=now,
            updated=now,
            error=None,
            input=json_text(condensed(body), self._mask) if self._store_inputs else None,
            result=None,
        )

    def _begin(self, act: Callable[[sqlite3.Connection], bool], row: Row) -> bool:
        """Write a row down, unless there is one that stands for it; whether it is written."""
        write = Write(act, row.local_id, begins=True, keep=False)
        self._store.write(write)
        return bool(write.found)

    def _take_back(self, local_id: str, stop: BaseException) -> None:
        """Note that a submission will not be sent, if it was interrupted: it may be written down.

        An error that is no interruption says itself that nothing is.
        """
        if interrupts(stop):
            changes = {"state": "refused", "error": _NEVER_SENT, "updated": time.time()}
            act = partial(_change, local_id=local_id, changes=changes)
            self._note(Write(act, f"submission {local_id} was never sent"))

    def _change(
        self,
        local_id: str,
        about: str,
        *,
        state: State,
        request_id: str | None = None,
        error: str | None = None,
    ) -> None:
        with warning(self.path, about):
            said = self._plain_or_none(error)
            changes = {"state": state, "error": said, "updated": time.time()}
            if request_id is not None:
                changes["request_id"] = self._plain(request_id)
            act = partial(_change, local_id=local_id, changes=changes)
            write = Write(act, about, len(said or ""))
            if self._note(write) and not write.found:
                warn(self.path, f"it has no submission {local_id}; not written down: {about}")

    def _note(self, write: Write[bool]) -> bool:
        """Do a write, or warn; whether it is done."""
        try:
            self._store.write(write)
        except Exception as error:  # noqa: BLE001 - the rule: the job was paid for
            pass_on(error)
            if write.state == "pending":
                kept = "; it is kept in memory, and written before the next note"
            elif write.size > MOST_KEPT:
                kept = "; it is too long to be kept in memory; the API tells it again"
            else:
                kept = ""
            warn(self.path, f"{why(error)}; not written down: {write.about}{kept}")
            return False
        return True

    def _states(self, state: str | Iterable[str]) -> frozenset[str]:
        states = frozenset({state} if isinstance(state, str) else state)
        if unknown := states - STATES:
            raise JournalError(
                self.path,
                f"there is no state {', '.join(map(repr, sorted(unknown)))}; "
                f"there are {', '.join(sorted(STATES))}",
            )
        return states

    def _plain(self, text: str) -> str:
        return plain(text, self._mask)

    def _plain_or_none(self, text: str | None) -> str | None:
        return None if text is None else self._plain(text)


# What follows is done in a transaction, and comes to the same when it is done again: a thread that
# is interrupted after its end leaves open whether it was done.


def _insert(connection: sqlite3.Connection, row: Row) -> bool:
    table.insert(connection, row)
    return True


def _insert_unless(connection: sqlite3.Connection, row: Row, claim: Claim) -> bool:
    """Add a row unless another answers for its input; whether it is there."""
    found = answer(connection, claim)
    if found is None:
        table.insert(connection, row)
    return found is None or found.local_id == row.local_id


# Any: the values of columns.
def _change(connection: sqlite3.Connection, local_id: str, changes: dict[str, Any]) -> bool:
    """Change the row of a local id; whether there is one."""
    row = table.by_local_id(connection, local_id)
    if row is None:
        return False
    table.change(connection, row, attrs.evolve(row, **changes))
    return True


# Any: as above.
def _change_open(connection: sqlite3.Connection, local_id: str, changes: dict[str, Any]) -> bool:
    """The same, unless more is known of it than that it is being submitted."""
    row = table.by_local_id(connection, local_id)
    is_open = row is not None and row.state == "posting"
    return is_open and _change(connection, local_id, changes)


def _note_status(
    connection: sqlite3.Connection, job: tuple[str, str], status: str, now: float
) -> None:
    for row in _rows_of(connection, job):
        new = row.state == "uncertain" or (row.state == "submitted" and row.status != status)
        if new:
            changed = attrs.evolve(row, state="submitted", status=status, error=None, updated=now)
            table.change(connection, row, changed)


# Any: the values of columns.
def _note_end(
    connection: sqlite3.Connection, job: tuple[str, str], changes: dict[str, Any]
) -> bool:
    rows = _rows_of(connection, job)
    for row in rows:
        table.change(connection, row, attrs.evolve(row, **changes))
    return bool(rows)


def _rows_of(connection: sqlite3.Connection, job: tuple[str, str]) -> list[Row]:
    """The rows of a request id at a base URL."""
    request_id, origin = job
    rows = table.by_request_id(connection, request_id)
    return [row for row in rows if normal_url(row.origin) == origin]


def _as_it_is(text: str) -> str:
    return text
