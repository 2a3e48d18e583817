"""Looking at one file, wherever it is: its type, its size and what its header says.

What is wrong with a file is told in words that follow its JSON pointer. Whether what was measured
breaks a rule of the model is not decided here.
"""

from __future__ import annotations

import pathlib
import traceback
from typing import Protocol

import attrs

from runcomfy_core.files.local import Content, OpenFile, read_from
from runcomfy_core.files.sniff import BEGINNING, kind, media_type
from runcomfy_core.logs import log
from runcomfy_core.problem import Problem
from runcomfy_core.web.faults import TooMuch
from runcomfy_core.web.pages import described

from .cutoff import truncated
from .measure import measure
from .measures import Broken, Measures
from .reader import Reader


class Source(Protocol):
    """A file of which parts can be read.

    Attributes:
        size: Bytes; None while that is unknown.
        bytes_read: How many were read so far.
    """

    @property
    def size(self) -> int | None:
        """Return how many bytes the file has, or None where nobody knows."""
        ...

    @property
    def bytes_read(self) -> int:
        """Return how many bytes of it were read."""
        ...

    def read(self, offset: int, size: int, /) -> bytes:
        """Return at most *size* bytes from *offset*."""
        ...

    def count(self, limit: int, /) -> int:
        """Return how many bytes it has, without going far beyond *limit*."""
        ...


@attrs.frozen
class Needs:
    """What is to be found out about a file, beside its type.

    Attributes:
        kinds: What it is wanted as: image, video, audio.
        size: If its size has to be counted, up to how many bytes; None where no rule asks for it.
        header: Whether a rule asks for what its header says.
    """

    kinds: frozenset[str]
    size: int | None
    header: bool


@attrs.frozen
class Fault:
    """Why a file can't be used: a problem without a place."""

    rule: str
    limit: object
    actual: object
    message: str

    def at(self, path: str) -> Problem:
        """The problem of the file at *path*."""
        return Problem(path, self.rule, self.limit, self.actual, self.message)


@attrs.frozen
class Unknown:
    """A file that can't be looked at now, through nobody's fault."""

    reason: str


@attrs.frozen
class Facts:
    """What was found out.

    Attributes:
        type: The media type, told from the content; None if it is unknown.
        what: What the file is, in words that follow "is".
        size: Bytes; one that had to be counted, and is larger than was asked, has more.
        measures: What its header says.
        bytes_read: How many bytes were read.
        fault: Why it can't be used, if so.
        hint: What else to know where it isn't what is wanted, to end a message with.
    """

    type: str | None
    what: str
    size: int | None
    measures: Measures
    bytes_read: int
    fault: Fault | None = None
    hint: str = ""


def examine(source: Source, needs: Needs) -> Facts:
    """Find out what *needs* asks, with as few reads as possible.

    Raises:
        Unreadable: The file can't be read; its fault or its server's.
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
    """Return whether to measure: always where that costs no further request."""
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
        if error is reader.failure:
            raise
        return Measures(
            missing=unforeseen(f"reading the header of a file of type {type_}", error)
        ), None


def unforeseen(what: str, error: Exception) -> str:
    """Log that something went wrong in here or in a library, which is no fault of the file's.

    Returns:
        Why a rule is unchecked.
    """
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {pathlib.PurePath(frames[-1].filename).name}, line {frames[-1].lineno}"
    # Not its words, which may hold a URL with a signature.
    said = f"{what} failed with {type(error).__name__}{where}"
    log.warning("%s: a fault of the client or of a library; the media rules are unchecked", said)
    return f"{said}, through no fault of the file"


def _fault(source: Source, head: bytes, type_: str | None) -> Fault | None:
    """Why the file is no use to anybody, whatever it is wanted as."""
    if not head:
        return Fault("readable", "a file", "no bytes", f"is empty{_from_where(source)}")
    whole = _whole(source, head)
    if type_ is not None and whole is not None and truncated(type_, whole):
        message = f"ends too early, after {len(whole):,} bytes"
        return Fault("complete", "a whole file", len(whole), message)
    return None


def _whole(source: Source, head: bytes) -> bytes | None:
    """Return all of a file that is in memory anyway."""
    if isinstance(source, Content):
        return source.data
    return head if source.size == len(head) else None


def _from_where(source: Source) -> str:
    """Say where a file was read from, if not from its beginning: that may be all that is wrong."""
    start = source.start if isinstance(source, (Content, OpenFile)) else 0
    return f"; {read_from(start)}" if start else ""
