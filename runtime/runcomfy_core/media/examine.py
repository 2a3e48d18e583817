"""Examining one file, local or remote: its type, its size and what its header says.

Messages about a file follow its JSON pointer. ``verdicts.py`` decides whether the file breaks a
rule of the model.
"""

from __future__ import annotations

import pathlib
import traceback
from typing import Protocol

import attrs

from runcomfy_core.files.local import Content, OpenFile, read_from
from runcomfy_core.files.sniff import BEGINNING, kind, media_type
from runcomfy_core.interrupts import pass_on
from runcomfy_core.logs import log
from runcomfy_core.problem import Problem
from runcomfy_core.web.faults import TooMuch
from runcomfy_core.web.pages import described

from .cutoff import truncated
from .measure import measure
from .measures import Broken, Measures
from .reader import Reader


class Source(Protocol):
    """A file of which parts can be read."""

    @property
    def size(self) -> int | None:
        """The number of bytes, or None while it is unknown."""
        ...

    @property
    def bytes_read(self) -> int:
        """The number of bytes that were read so far."""
        ...

    def read(self, offset: int, size: int, /) -> bytes:
        """Return at most *size* bytes from *offset*."""
        ...

    def count(self, limit: int, /) -> int:
        """Return the number of bytes, without counting far beyond *limit*."""
        ...


@attrs.frozen
class Needs:
    """What to find out about a file, besides its type.

    Attributes:
        kinds: The kinds that its fields accept: image, video, audio.
        size: The number of bytes up to which to count if the size is unknown; None if no rule
            needs the size.
        header: Whether a rule needs what the header says.
    """

    kinds: frozenset[str]
    size: int | None
    header: bool


@attrs.frozen
class Fault:
    """Why a file can't be used: a problem without a JSON pointer."""

    rule: str
    limit: object
    actual: object
    message: str

    def at(self, path: str) -> Problem:
        """Return the problem of the file at *path*."""
        return Problem(path, self.rule, self.limit, self.actual, self.message)


@attrs.frozen
class Unknown:
    """A file that can't be examined now, through nobody's fault."""

    reason: str


@attrs.frozen
class Facts:
    """What was found out about a file.

    Attributes:
        type: The media type, told from the content; None if it is unknown.
        what: What the file is, in words that follow "is".
        size: The number of bytes. If they had to be counted, this may be less than the file's size,
            but is then above the limit of the count.
        measures: What the header says.
        bytes_read: The number of bytes that were read.
        fault: Why the file can't be used, or None.
        hint: The end of a message that the file has the wrong type; often "".
    """

    type: str | None
    what: str
    size: int | None
    measures: Measures
    bytes_read: int
    fault: Fault | None = None
    hint: str = ""


def examine(source: Source, needs: Needs) -> Facts:
    """Find out what *needs* asks for, with as few reads as possible.

    Raises:
        Unreadable: The file can't be read, because of itself or its server.
        OwnNetwork: This machine's network is down.
    """
    head = source.read(0, BEGINNING)
    type_ = media_type(head)
    what = described(type_, head)
    hint = _from_where(source) if type_ is None else ""
    measures, fault = Measures(), _fault(source, head, type_)
    if fault is None and _is_worth_measuring(source, type_, needs):
        measures, fault = _measured(source, type_ or "", needs)
    size = source.size
    if size is None and needs.size is not None and fault is None:
        size = source.count(needs.size)
    return Facts(type_, what, size, measures, source.bytes_read, fault, hint)


def _is_worth_measuring(source: Source, type_: str | None, needs: Needs) -> bool:
    """Return whether to measure a file. It is always measured if that costs no further request."""
    found = kind(type_)
    is_here = isinstance(source, (Content, OpenFile))
    return found != "" and (needs.header or found == "image" or is_here)


def _measured(source: Source, type_: str, needs: Needs) -> tuple[Measures, Fault | None]:
    reader = Reader(source)
    try:
        return measure(reader, type_, kind(type_)), None
    except TooMuch as error:
        return Measures(missing=f"its header can't be read: {error}"), None
    except Broken as error:
        wanted = " or ".join(sorted(needs.kinds)) or "media"
        return Measures(), Fault("format", wanted, type_, str(error))
    except Exception as error:
        pass_on(error)
        if error is reader.failure:
            raise
        return Measures(
            missing=unforeseen(f"reading the header of a file of type {type_}", error)
        ), None


def unforeseen(what: str, error: Exception) -> str:
    """Log an unexpected error in the client or a library, which is no fault of the file.

    Returns:
        Why a rule is unchecked.
    """
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {pathlib.PurePath(frames[-1].filename).name}, line {frames[-1].lineno}"
    # The error's own message is left out, because it may hold a URL with a signature.
    said = f"{what} failed with {type(error).__name__}{where}"
    log.warning("%s: a fault of the client or of a library; the media rules are unchecked", said)
    return f"{said}, through no fault of the file"


def _fault(source: Source, head: bytes, type_: str | None) -> Fault | None:
    """Return why a file can't be used for any kind of media, or None."""
    if not head:
        return Fault("readable", "a file", "no bytes", f"is empty{_from_where(source)}")
    whole = _whole(source, head)
    if type_ is not None and whole is not None and truncated(type_, whole):
        message = f"ends too early, after {len(whole):,} bytes"
        return Fault("complete", "a whole file", len(whole), message)
    return None


def _whole(source: Source, head: bytes) -> bytes | None:
    """Return a file's whole content if it is in memory already, else None."""
    if isinstance(source, Content):
        return source.data
    return head if source.size == len(head) else None


def _from_where(source: Source) -> str:
    """Return where a file was read from, if not from its beginning, since that may be the cause."""
    start = source.start if isinstance(source, (Content, OpenFile)) else 0
    return f"; {read_from(start)}" if start else ""
