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
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import attrs

from .._config import seconds
from .._logs import log
from ..errors import JournalError
from . import place
from .entries import COLUMNS, STATES, Row
from .faults import raising, warn, warning, why
from .pruning import prune
from .reader import Reader
from .store import Store, Write
from .texts import condensed, digest, json_text, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import TracebackType

    from .entries import Ending, Entry, State
    from .store import Value
    from .texts import Mask

_INSERT: Final = (
    f"INSERT INTO submission ({', '.join(COLUMNS)}) SELECT {', '.join('?' for _ in COLUMNS)}"
)
_SAME: Final = "digest = ? AND key IS ? AND origin = ? AND state != 'refused'"
_CLAIM: Final = f"{_INSERT} WHERE NOT EXISTS (SELECT 1 FROM submission WHERE {_SAME})"  # noqa: S608 - our names
_CHANGE: Final = (
    "UPDATE submission SET state = ?, request_id = COALESCE(?, request_id), error = ?, updated = ? "
    "WHERE local_id = ?"
)
_STATUS: Final = (
    "UPDATE submission SET state = 'submitted', status = ?, error = NULL, updated = ? "
    "WHERE request_id = ? AND origin = ? AND state IN ('submitted', 'uncertain') "
    "AND (state = 'uncertain' OR status IS NOT ?)"
)
_FINISH: Final = (
    "UPDATE submission SET state = ?, result = COALESCE(?, result), error = ?, updated = ? "
    "WHERE request_id = ? AND origin = ?"
)


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
        JournalError: It can't be opened or made, is another application's file, or was made by a
            later version of this package.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, store_inputs: bool = True, mask: Mask | None = None
    ) -> None:
        self._store_inputs = store_inputs
        self._mask: Mask = mask or _as_it_is
        self.path = path = place.as_file(path)
        with raising(self.path):
            self.path = Path(os.path.realpath(path))
            self._store = Store(self.path)
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
    ) -> str:
        """Write a submission down, before its POST. It is on the disk when this returns.

        Args:
            model_id: To what.
            input: In wire form; see :func:`~.texts.wire_input` for one with files.
            origin: The base URL that it goes to.
            key: What the caller calls it, such as its position among many.

        Returns:
            Its local id.

        Raises:
            JournalError: It can't be written down. Nothing was sent, and nothing should be.
        """
        with raising(self.path, "; nothing was sent"):
            row = self._row(model_id, input, origin, key)
            self._store.write(Write(_INSERT, _values(row), row.local_id, keep=False))
        return row.local_id

    def claim(
        self,
        model_id: str,
        input: Mapping[str, object],  # noqa: A002 - as in the API
        *,
        origin: str,
        key: str | None = None,
    ) -> str | Entry:
        """Begin a submission unless the same one is there already: :meth:`find`, then `begin`.

        Both are one step, so that of several processes that work through the same inputs, one
        alone submits each.

        Returns:
            Its local id, or the entry that is there.

        Raises:
            JournalError: It can't be written down. Nothing was sent, and nothing should be.
        """
        with raising(self.path, "; nothing was sent"):
            row = self._row(model_id, input, origin, key)
            same: tuple[Value, ...] = (row.digest, row.key, row.origin)
            while True:
                write = Write(_CLAIM, (*_values(row), *same), row.local_id, keep=False)
                self._store.write(write)
                if write.changed:
                    return row.local_id
                found = self.find(row.digest, origin=origin, key=key)
                if found is not None:  # or it was refused at this very moment
                    return found

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

    def mark_status(self, request_id: str, status: str, *, origin: str) -> None:
        """Note what the API says of a job that goes on. Never raises.

        It is written only when it is new, and forgotten when it can't be: the next one says more.
        """
        try:
            word = self._plain(status)
            values = (word, time.time(), self._plain(request_id), self._plain(origin), word)
            self._store.write(Write(_STATUS, values, "", durable=False, keep=False))
        except Exception as error:  # noqa: BLE001 - the rule: the job was paid for
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
            said = self._plain_or_none(error)
            job = (self._plain(request_id), self._plain(origin))
            self._note(Write(_FINISH, (state, text, said, time.time(), *job), about, durable=False))

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
        if model_id is None:
            return self._reader.each(states)
        return self._reader.each(states, "model_id = ?", self._plain(model_id))

    def unfinished(self, *, origin: str | None = None) -> list[Entry]:
        """Jobs that are not known to be over: those that can be waited for, the oldest first.

        That includes an uncertain submission whose request id is known.

        Args:
            origin: Only those that were submitted at this base URL.

        Raises:
            JournalError: The journal can't be read.
        """
        states = {"submitted", "uncertain"}
        if origin is None:
            return list(self._reader.each(states, "request_id IS NOT NULL"))
        condition = "request_id IS NOT NULL AND origin = ?"
        return list(self._reader.each(states, condition, self._plain(origin)))

    def uncertain(self) -> list[Entry]:
        """Submissions that need a look, the oldest first: a job may exist, and be billed.

        Those whose process ended before the answer was written down are among them. After the
        look, :meth:`mark_submitted` or :meth:`mark_refused` says what is true.

        Raises:
            JournalError: The journal can't be read.
        """
        return list(self.jobs("uncertain"))

    def find(self, digest: str, *, origin: str, key: str | None = None) -> Entry | None:
        """The latest submission of the same input under the same key, unless it was refused.

        Args:
            digest: Of model and input (:func:`~.texts.digest`).
            origin: The base URL.
            key: As it was passed to :meth:`begin`; None finds those without one.

        Raises:
            JournalError: The journal can't be read.
        """
        with raising(self.path):
            same = (digest, self._plain_or_none(key), self._plain(origin))
        return self._reader.first(f"{_SAME} ORDER BY id DESC", *same)

    def get(self, local_id: str) -> Entry | None:
        """The submission of a local id, or None.

        Raises:
            JournalError: The journal can't be read.
        """
        return self._reader.first("local_id = ?", local_id)

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

    def _row(self, model_id: str, body: Mapping[str, object], origin: str, key: str | None) -> Row:
        now = time.time()
        return Row(
            # As long as a UUID; the time comes first, so that ids sort as their submissions do.
            local_id=f"{int(now * 1000):012x}{secrets.token_hex(10)}",
            session=self._store.session(),
            model_id=self._plain(model_id),
            origin=self._plain(origin),
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
            named = self._plain_or_none(request_id)
            said = self._plain_or_none(error)
            write = Write(_CHANGE, (state, named, said, time.time(), local_id), about)
            if self._note(write) and not write.changed:
                warn(self.path, f"it has no submission {local_id}; not written down: {about}")

    def _note(self, write: Write) -> bool:
        """Do a write, or warn; whether it is done."""
        try:
            self._store.write(write)
        except Exception as error:  # noqa: BLE001 - the rule: the job was paid for
            kept = (
                "it is kept in memory, and written before the next note"
                if write.state == "pending"
                else "it is too long to be kept in memory; the API tells it again"
            )
            warn(self.path, f"{why(error)}; not written down: {write.about}; {kept}")
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


def _values(row: Row) -> tuple[Value, ...]:
    return attrs.astuple(row)


def _as_it_is(text: str) -> str:
    return text
