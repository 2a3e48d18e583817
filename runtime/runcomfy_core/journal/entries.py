"""A submission as the journal knows it.

Rules:

- Reading is lenient: an input or a result that can't be read is None, not an error, because the
  rest of the entry still says which job was paid for.
- A submission is ``uncertain`` if its process ended while its state was ``posting``. Nothing is
  written for that: it follows from the process being gone.
- Every row has a checksum of its values, which is computed on writing and checked on reading. So a
  bit that flips on the disk is an error, and does not look like an input that was never submitted.
"""

from __future__ import annotations

import hashlib
import json
import operator
import secrets
import time
from typing import Any, Final, Literal, TypeAlias, cast, get_args

import attrs

from runcomfy_core.interrupts import pass_on

#: ``posting``: recorded, and no answer to the POST is recorded yet. ``uncertain``: sent, and it is
#: not known whether a job was made. ``refused``: no job was made. ``submitted``: there is a job,
#: and it is not known to be over. The other states say how the job ended.
State: TypeAlias = Literal[
    "posting", "uncertain", "refused", "submitted", "completed", "failed", "cancelled"
]

#: How a job ended.
Ending: TypeAlias = Literal["completed", "failed", "cancelled"]

STATES: Final[frozenset[str]] = frozenset(get_args(State))

#: The prefix of a digest that format 1 wrote for a row without an input. Format 1 took numbers as
#: they were spelled, so equal inputs may have other digests now.
EARLIER: Final = "1:"

#: The error of a submission whose process is gone.
ENDED: Final = (
    "the process that submitted it ended before the answer was recorded: the job may exist "
    "and be billed; look at the account's request history before submitting again"
)


def new_local_id() -> str:
    """Return a new local id, which sorts after every earlier one."""
    # The time comes first, and random digits fill the id up to the length of a UUID.
    return f"{int(time.time() * 1000):012x}{secrets.token_hex(10)}"


@attrs.frozen
class Entry:
    """One submission.

    Attributes:
        local_id: The journal's own id of the submission; ids sort by time.
        model_id: The model.
        origin: The base URL that the POST went to.
        digest: The SHA-256 of model and input (:func:`~.texts.digest`).
        key: The caller's name for the submission, such as its position in a map, or None.
        input: The input, with files replaced by their type, checksum and size; None when inputs are
            not stored.
        request_id: The API's id of the job, or None while it is not known.
        state: How far the submission or its job has come.
        status: The last state that the API reported before the job was over, or None.
        error: Why the submission is uncertain or was refused, or why its job failed, or None.
        result: The API's whole answer when the job ended; None before that, or if the answer was
            not stored. The API gives it again for the request id.
        created: When the entry was made, in seconds since 1970.
        updated: When the entry last changed, in seconds since 1970.
    """

    local_id: str
    model_id: str
    origin: str
    digest: str
    key: str | None
    # Any, because this is JSON that no schema vouches for here.
    input: dict[str, Any] | None = attrs.field(repr=False)
    request_id: str | None
    state: State
    status: str | None
    error: str | None
    result: dict[str, Any] | None = attrs.field(repr=False)
    created: float
    updated: float


@attrs.frozen
class Row:
    """An entry as it is stored; the fields are columns of the table.

    Attributes:
        number: The row's number, in the order of submissions; 0 if the row is not stored yet.
        torn: Whether input and result were damaged, and so were left out.
    """

    number: int = attrs.field(eq=False)
    local_id: str
    session: str
    model_id: str
    origin: str
    digest: str
    key: str | None
    request_id: str | None
    state: State
    status: str | None
    created: float
    updated: float
    error: str | None
    input: str | None
    result: str | None

    torn: bool = attrs.field(default=False, eq=False)

    def checksum(self) -> str:
        """Return the checksum of all values but input and result."""
        return _checksum(self.values()[:-2])

    def texts_checksum(self) -> str:
        """Return the checksum of input and result."""
        return _checksum((self.input, self.result))

    def values(self) -> tuple[str | float | None, ...]:
        """Return the values, in the order of :data:`COLUMNS`."""
        return _values(self)

    def entry(self, *, orphaned: bool) -> Entry:
        """Return the entry that the row holds.

        Args:
            orphaned: Whether the process that was sending the POST is gone.
        """
        return Entry(
            local_id=self.local_id,
            model_id=self.model_id,
            origin=self.origin,
            digest=self.digest.removeprefix(EARLIER),
            key=self.key,
            input=_document(self.input),
            request_id=self.request_id,
            state="uncertain" if orphaned else self.state,
            status=self.status,
            error=ENDED if orphaned else self.error,
            result=_document(self.result),
            created=self.created,
            updated=self.updated,
        )


#: The columns of a row without its number and its checksums; the long ones, input and result, are
#: last.
COLUMNS: Final = tuple(field.name for field in attrs.fields(Row))[1:-1]

_values: Final = operator.attrgetter(*COLUMNS)

#: Encodes values for a checksum, as JSON, so that no two lists of values have one text. A damaged
#: row may hold any type.
_encode: Final = json.JSONEncoder(default=repr).encode


def _checksum(values: tuple[str | float | None, ...]) -> str:
    return hashlib.blake2b(_encode(values).encode(), digest_size=16).hexdigest()


def _document(text: str | None) -> dict[str, Any] | None:
    """Return a stored JSON object, or None if it can't be read."""
    if text is None:
        return None
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        pass_on(error)
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None
