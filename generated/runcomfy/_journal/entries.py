"""A submission as the journal knows it.

Rules:

- Reading is lenient: an input or a result that can't be read is None, not an error, since the rest
  of its entry still says which job was paid for.
- A submission that was about to be sent when its process ended is ``uncertain``. Nobody writes that
  down: it follows from the process being gone.
"""

from __future__ import annotations

import json
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

#: The error of a submission whose process is gone.
ENDED: Final = (
    "the process that submitted it ended before the answer was written down: the job may exist "
    "and be billed; look at the account's request history before submitting again"
)


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
    """An entry as it is stored; its fields are the table's columns, in their order.

    The long ones are last: SQLite reads a row no further than the last column that is asked for.
    """

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

    def entry(self, *, orphaned: bool) -> Entry:
        """What it says.

        Args:
            orphaned: Whether its POST was being sent by a process that is gone.
        """
        return Entry(
            local_id=self.local_id,
            model_id=self.model_id,
            origin=self.origin,
            digest=self.digest,
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


COLUMNS: Final = tuple(field.name for field in attrs.fields(Row))


def _document(text: str | None) -> dict[str, Any] | None:
    """A stored JSON object, or None for one that can't be read."""
    if text is None:
        return None
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None
