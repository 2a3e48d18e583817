"""A record of every submission on disk, from before its POST until its result.

Rules:

- A method that is called before the POST raises when it can't write, because nothing is paid yet. A
  method that is called after the POST never raises, because a job that was paid for matters more
  than its record. It warns, and the write is kept in memory and done before the next one.
- A submission, its request id, and a note that it is uncertain survive a power cut. Everything else
  survives the end of the process; after a power cut the API can be asked again.
- Any number of threads and processes may read and write at once, forked children included.
- The journal is never given the token, and a mask removes it from every text.
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

#: The error of a submission that was interrupted before it was sent.
_NEVER_SENT: Final = "interrupted before it was sent"


class Journal:
    """An open journal file.

    Args:
        path: The file. If it does not exist, it is created, with the directories above it, for this
            user only.
        store_inputs: Whether inputs are stored; their digests always are.
        mask: Removes from a text what must not be stored, above all the token.

    Attributes:
        path: The file's absolute path, with symbolic links resolved.

    Raises:
        JournalError: The file can't be opened or created, belongs to another application, was made
            by a later version of this package, is damaged, or is open to other users.
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
        """Return ``$RUNCOMFY_JOURNAL``, or a file in the system's directory for a user's state.

        Raises:
            ConfigurationError: ``$RUNCOMFY_JOURNAL`` is not an absolute path, or the user has no
                home directory.
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
        """Record a submission before its POST. The record is on the disk when this returns.

        Args:
            model_id: The model.
            input: The input in wire form; see :func:`~.texts.wire_input` for one with files.
            origin: The base URL that the POST goes to.
            key: The caller's name for the submission, such as its position in a map.
            local_id: A new local id, for a caller that must know the id even if this is
                interrupted.

        Returns:
            The local id.

        Raises:
            JournalError: The journal can't be written. Nothing was sent, and nothing should be.
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
        """Record a submission before its POST, unless the journal has the same one already.

        This is :meth:`find` and :meth:`begin` in one transaction, so that if several processes work
        through the same inputs, only one of them submits each.

        Returns:
            The local id of the new submission, or the entry that the journal has already.

        Raises:
            JournalError: The journal can't be written. Nothing was sent, and nothing should be.
        """
        local_id = local_id or new_local_id()
        try:
            with raising(self.path, "; nothing was sent"):
                row = self._row(local_id, model_id, input, origin, key)
                claim = Claim(row.digest, row.origin, row.key, self.earlier(model_id, input))
                while not self._begin(partial(_insert_unless, row=row, claim=claim), row):
                    found = self.find(row.digest, origin=origin, key=key, earlier=claim.earlier)
                    if found is not None:  # None: it was refused since, so the claim is tried again
                        return found
            return local_id  # noqa: TRY300 - an interruption may come here, too
        except BaseException as stop:
            self._take_back(local_id, stop)
            raise

    def mark_submitted(self, local_id: str, request_id: str) -> None:
        """Record the job that a submission became. This never raises."""
        about = f"submission {local_id} is request {request_id}"
        self._change(local_id, about, state="submitted", request_id=request_id)

    def mark_uncertain(self, local_id: str, error: str, request_id: str | None = None) -> None:
        """Record that a submission may have become a job. This never raises."""
        named = "" if request_id is None else f", perhaps as request {request_id}"
        about = f"submission {local_id} may have been taken{named}"
        self._change(local_id, about, state="uncertain", request_id=request_id, error=error)

    def mark_refused(self, local_id: str, error: str = "found to have become no job") -> None:
        """Record that a submission provably became no job. This never raises."""
        about = f"submission {local_id} was refused"
        self._change(local_id, about, state="refused", error=error)

    def mark_left(self, local_id: str, error: str, *, sent: bool) -> None:
        """Record that the caller is gone, unless the outcome of the submission is known.

        A submission that was never recorded is ignored. This raises nothing but interruptions.

        Args:
            local_id: The submission.
            error: Why the caller is gone.
            sent: Whether the POST may have been sent. False means that it provably never is.
        """
        state: State = "uncertain" if sent else "refused"
        about = f"submission {local_id} was left, and is {state}"
        with warning(self.path, about):
            said = self._plain(error)
            changes = {"state": state, "error": said, "updated": time.time()}
            act = partial(_change_open, local_id=local_id, changes=changes)
            self._note(Write(act, about, len(said)))

    def mark_status(self, request_id: str, status: str, *, origin: str) -> None:
        """Record the state of a job that is not over. This never raises.

        Only a new state is written. If the write fails, it is dropped, because a later state will
        follow.
        """
        try:
            job = (self._plain(request_id), normal_url(self._plain(origin)))
            act = partial(_note_status, job=job, status=self._plain(status), now=time.time())
            self._store.write(Write(act, "", durable=False, keep=False))
        except Exception as error:  # noqa: BLE001 - after a POST, no failed write may raise
            pass_on(error)
            log.debug("the journal %s: a status was not recorded: %s", self.path, why(error))

    def mark_finished(
        self,
        request_id: str,
        state: Ending,
        result: Mapping[str, object] | None,
        *,
        origin: str,
        error: str | None = None,
    ) -> None:
        """Record how a job ended, and its result as the API gave it. This never raises.

        A job of which the journal has no submission is ignored. If the write fails, a result of
        more than a mebibyte is not kept in memory. The job stays ``submitted`` then, so that the
        API is asked for the result again.
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
        """Return the submissions, the oldest first.

        Only submissions that exist at the time of the call are returned. Each is read when its turn
        comes, since its result may be long, and nothing is locked in between.

        Args:
            state: Return only submissions in this state, or in one of these states.
            model_id: Return only submissions to this model.

        Raises:
            JournalError: The journal can't be read, or there is no such state.
        """
        states = STATES if state is None else self._states(state)
        model = self._plain_or_none(model_id)
        return self._reader.each(states, lambda row: model in {None, row.model_id})

    def unfinished(self, *, origin: str | None = None) -> list[Entry]:
        """Return the jobs that can be waited for, since they aren't known to be over, oldest first.

        They include uncertain submissions whose request id is known.

        Args:
            origin: Return only jobs that were submitted at this base URL.

        Raises:
            JournalError: The journal can't be read.
        """
        base = None if origin is None else normal_url(self._plain(origin))

        def wanted(row: Row) -> bool:
            return row.request_id is not None and base in {None, normal_url(row.origin)}

        return list(self._reader.each({"submitted", "uncertain"}, wanted))

    def uncertain(self) -> list[Entry]:
        """Return the submissions that may have become a job, and may be billed, the oldest first.

        They include submissions whose process ended before an answer was recorded. Look each of
        them up in the account's request history, and record what you find with
        :meth:`mark_submitted` or :meth:`mark_refused`.

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
        """Return the latest submission of an input under a key that was not refused, or None.

        Args:
            digest: The digest of model and input (:func:`~.texts.digest`).
            origin: The base URL.
            key: The key that :meth:`begin` was given; None finds submissions without a key.
            earlier: What :meth:`earlier` returns for the input.

        Raises:
            JournalError: The journal can't be read.
        """
        with raising(self.path):
            claim = Claim(digest, self._plain(origin), self._plain_or_none(key), earlier)
        return self._reader.answer(claim)

    def earlier(self, model_id: str, input: Mapping[str, object]) -> tuple[str, ...]:  # noqa: A002 - as in the API
        """Return the digests of an input in format 1, if this journal has rows with such digests.

        Raises:
            TypeError: A value in the input is not JSON.
            ValueError: A number in the input is not JSON, or the input contains itself.
        """
        return first_format_digests(model_id, input) if self._has_earlier else ()

    def get(self, local_id: str) -> Entry | None:
        """Return the submission with this local id, or None.

        Raises:
            JournalError: The journal can't be read.
        """
        return self._reader.by_local_id(local_id)

    def prune(self, *, older_than: float) -> int:
        """Forget submissions that are over, and return how many there were.

        A job that a map submitted keeps its row, because without it a later map over the same
        inputs would submit the job again, and pay again. The row loses its input, and also its
        result if the job succeeded: the later map gets the result from the API, which costs nothing
        and works as long as the API has it. Every other submission that is over is removed whole. A
        submission that may still become a job, a job that is not known to be over, and the latest
        submission are left alone. The file does not shrink, but its space is used again.

        Args:
            older_than: Seconds since they last changed.

        Returns:
            How many were forgotten, whole or in part.

        Raises:
            ConfigurationError: ``older_than`` is not a number of seconds.
            JournalError: The journal can't be written. Some submissions may be forgotten already.
        """
        before = time.time() - seconds(older_than, "older_than", zero=True)
        with raising(self.path):
            return prune(self._store, before)

    def close(self) -> None:
        """Do the writes that are still kept in memory, and close the file. This never raises.

        A submission of this process whose outcome was not recorded becomes uncertain.
        """
        with warning(self.path, "what was kept in memory"):
            for write in self._store.close():
                warn(self.path, f"it was closed; not recorded: {write.about}")

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
        """Write a new row by *act*; return False if *act* found another row that answers."""
        write = Write(act, row.local_id, begins=True, keep=False)
        self._store.write(write)
        return bool(write.found)

    def _take_back(self, local_id: str, stop: BaseException) -> None:
        """Mark a submission as never sent, if an interruption left open whether it was recorded.

        An error that is no interruption means that nothing was recorded.
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
                warn(self.path, f"it has no submission {local_id}; not recorded: {about}")

    def _note(self, write: Write[bool]) -> bool:
        """Do a write, or warn; return whether the write was done."""
        try:
            self._store.write(write)
        except Exception as error:  # noqa: BLE001 - after a POST, no failed write may raise
            pass_on(error)
            if write.state == "pending":
                kept = "; it is kept in memory, and written before the next record"
            elif write.size > MOST_KEPT:
                kept = "; it is too long to be kept in memory; the API gives it again"
            else:
                kept = ""
            warn(self.path, f"{why(error)}; not recorded: {write.about}{kept}")
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


# The functions below run in a transaction, and a second run changes nothing: after an interruption
# it may be unknown whether the first run was committed.


def _insert(connection: sqlite3.Connection, row: Row) -> bool:
    table.insert(connection, row)
    return True


def _insert_unless(connection: sqlite3.Connection, row: Row, claim: Claim) -> bool:
    """Add a row unless another one answers for its input; return whether the row is there."""
    found = answer(connection, claim)
    if found is None:
        table.insert(connection, row)
    return found is None or found.local_id == row.local_id


# Any: the values of columns.
def _change(connection: sqlite3.Connection, local_id: str, changes: dict[str, Any]) -> bool:
    """Change the row with a local id; return whether there is one."""
    row = table.by_local_id(connection, local_id)
    if row is None:
        return False
    table.change(connection, row, attrs.evolve(row, **changes))
    return True


# Any: the values of columns.
def _change_open(connection: sqlite3.Connection, local_id: str, changes: dict[str, Any]) -> bool:
    """Change the row with a local id, if its state is still ``posting``; return whether it is."""
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
    """Return the rows with a request id at a base URL."""
    request_id, origin = job
    rows = table.by_request_id(connection, request_id)
    return [row for row in rows if normal_url(row.origin) == origin]


def _as_it_is(text: str) -> str:
    return text
