"""A submission as the journal knows it.

Rules:

- Reading is lenient: an input or a result that can't be read is None, not an error, since the rest
  of its entry still says which job was paid for.
- A submission that was about to be sent when its process ended is ``uncertain``. Nobody writes that
  down: it follows from the process being gone.
- A row has a checksum over what it says. Whoever writes a row makes it; whoever reads one checks
  it. So a bit that the disk has lost is an error, and not an input that was never submitted.
"""

from __future__ import annotations

import hashlib
import json
import operator
import secrets
import time
from typing import Any, Final, Literal, TypeAlias, cast, get_args

import attrs

#: ``posting``: written down, and the answer to its POST is not; ``uncertain``: sent, and what
#: became of it is not known; ``refused``: no job was made; ``submitted``: a job is there, and as
#: far as is known not over; then how it ended.
State: TypeAlias = Literal[
    "posting", "uncertain", "refused", "submitted", "completed", "failed", "cancelled"
]

#: How a job ended.
Ending: TypeAlias = Literal["completed", "failed", "cancelled"]

STATES: Final[frozenset[str]] = frozenset(get_args(State))

#: What stands before the digest of a row that format 1 wrote without its input: it is that of the
#: numbers as they were written, and so not the one that equal inputs have now.
EARLIER: Final = "1:"

#: The error of a submission whose process is gone.
ENDED: Final = (
    "the process that submitted it ended before the answer was written down: the job may exist "
    "and be billed; look at the account's request history before submitting again"
)


def new_local_id() -> str:
    """Return a new local id; it sorts after those that were made before."""
    # As long as a UUID; the time comes first.
    return f"{int(time.time() * 1000):012x}{secrets.token_hex(10)}"


@attrs.frozen
class Entry:
    """One submission.

    Attributes:
        local_id: The journal's own id of it; later ones sort after earlier ones.
        model_id: What was submitted to.
        origin: The base URL that it was submitted at.
        digest: The SHA-256 of model and input (:func:`~.texts.digest`).
        key: What its caller calls it, such as its position among many, or None.
        input: What was sent, files replaced by type, checksum and size; None when inputs are not
            stored.
        request_id: The API's id of the job, or None while it is not known.
        state: What became of it.
        status: The last word of the API's about the job while it went on, or None.
        error: Why it is uncertain, was refused or failed, or None.
        result: The API's whole answer when the job ended; None before, and when only the job's end
            is known. The API gives it again for the request id.
        created: When it was written down, in seconds since 1970.
        updated: When it last changed, likewise.
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
    """An entry as it is stored; its fields are columns of the table.

    Attributes:
        number: Counts submissions in their order; 0 for one that is not stored yet.
        torn: Whether its input and result were not as they were written, and were left out.
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
        """That of all of its values but the two long ones."""
        return _checksum(self.values()[:-2])

    def texts_checksum(self) -> str:
        """That of its input and result."""
        return _checksum((self.input, self.result))

    def values(self) -> tuple[str | float | None, ...]:
        """What stands in :data:`COLUMNS`."""
        return _values(self)

    def entry(self, *, orphaned: bool) -> Entry:
        """What it says.

        Args:
            orphaned: Whether its POST was being sent by a process that is gone.
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


#: What is stored of a row beside its number and its checksums, the two long ones last.
COLUMNS: Final = tuple(field.name for field in attrs.fields(Row))[1:-1]

_values: Final = operator.attrgetter(*COLUMNS)

#: As JSON, for one text of it stands for one list of values. A damaged row may hold any type.
_encode: Final = json.JSONEncoder(default=repr).encode


def _checksum(values: tuple[str | float | None, ...]) -> str:
    return hashlib.blake2b(_encode(values).encode(), digest_size=16).hexdigest()


def _document(text: str | None) -> dict[str, Any] | None:
    """A stored JSON object, or None for one that can't be read."""
    if text is None:
        return None
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None
