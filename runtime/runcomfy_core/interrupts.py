"""What interrupts a call: Ctrl-C, an exit, and whatever a signal handler raises.

Python runs the handlers of signals in the main thread, between any two instructions and in the
middle of calls that block. What a handler raises passes through our frames as any error does, and
it may be of any kind: an alarm is often a :class:`TimeoutError`, as the timeouts of sockets are.
It is the caller's own, so it must not be taken for a fault of the network, of a file or of an
input.

Rules:

- An ``except`` block that turns an error of Python's own (``OSError``, ``ValueError``,
  ``Exception``) into something else, or ignores it, calls :func:`pass_on` first, unless nothing
  but a single call that can't be interrupted is in its ``try``.
- What is passed on is the same object as the handler raised.
- A handler is known by its frame: Python calls it with the frame that it interrupts, which is then
  both its caller and an argument of it. No function that does I/O keeps its caller's frame. (A
  handler that is written in C, or that deletes its argument, is not known.)
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType, TracebackType


def interrupts(error: BaseException) -> bool:
    """Return whether *error* is an interruption, and no fault of anything here."""
    return not isinstance(error, Exception) or raised_by_handler(error) is not None


def raised_by_handler(error: BaseException) -> BaseException | None:
    """Return what a signal handler raised: *error*, or an error that it was made of.

    To be called in the ``except`` block that caught *error*. Errors that the caller of this package
    was handling at that time don't count, although they are among the contexts of *error*.
    """
    for one in _chain(error):
        if handlers_part(one) is not None and (one is error or not _is_running(one)):
            return one
    return None


def pass_on(error: BaseException) -> None:
    """Raise what a signal handler raised, if *error* is that or was made of it."""
    stop = raised_by_handler(error)
    if stop is not None:
        context = stop.__context__
        try:
            raise stop
        finally:
            # Not what this was called in: a library's error, which was made of it.
            stop.__context__ = context


def handlers_part(error: BaseException) -> TracebackType | None:
    """Return the traceback of a signal handler that raised *error*, or None."""
    entry = error.__traceback__
    while entry is not None and not _is_handler(entry.tb_frame):
        entry = entry.tb_next
    return entry


def _is_handler(frame: FrameType) -> bool:
    """Return whether a frame is a signal handler's: its caller's frame is an argument of it."""
    interrupted = frame.f_back
    if interrupted is None:
        return False
    for value in list(frame.f_locals.values()):
        if value is interrupted:
            return True
        # Arguments that it takes as ``*arguments``.
        several = cast("tuple[object, ...]", value) if isinstance(value, tuple) else ()
        if any(one is interrupted for one in several):
            return True
    return False


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, and all that it was raised from or in the handling of."""
    seen: set[int] = set()
    ahead: list[BaseException | None] = [error]
    while ahead:
        one = ahead.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            yield one
            ahead += [one.__context__, one.__cause__]


def _is_running(error: BaseException) -> bool:
    """Return whether the function that caught *error* is being executed, in this thread."""
    caught = error.__traceback__
    # Documented; the same of inspect takes long to import.
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    while frame is not None:
        if caught is not None and frame is caught.tb_frame:
            return True
        frame = frame.f_back
    return False
