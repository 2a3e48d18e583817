"""Recognizes interruptions: Ctrl-C, an exit, and exceptions that a signal handler raises.

Python runs signal handlers in the main thread, between any two instructions and in the middle of
blocking calls. An exception of a handler passes through our frames like any other, and it may have
any type: an alarm often raises :class:`TimeoutError`, just as a socket does. It belongs to the
user's program, so it must not be mistaken for a fault of the network, of a file or of an input.

Rules:

- An ``except`` block that converts one of Python's own errors (``OSError``, ``ValueError``,
  ``Exception``) calls :func:`pass_on` first. Code that ignores one uses :class:`ignoring` in place
  of ``contextlib.suppress``.
- The exception that is passed on is the same object that the handler raised.
- A handler is recognized by its frame. Python calls it with the interrupted frame as an argument,
  so its caller's frame is among its local variables. No function that does I/O keeps its caller's
  frame. (A handler that is written in C, or that deletes its argument, is not recognized.)
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType, TracebackType


#: The flag of a function that takes ``*arguments``; inspect, which names it, is slow to import.
CO_VARARGS: Final = 0x04

#: What the names of this package's modules begin with.
_OWN: Final = f"{__name__.partition('.')[0]}."


def interrupts(error: BaseException) -> bool:
    """Return whether *error* is an interruption."""
    return not isinstance(error, Exception) or raised_by_handler(error) is not None


def raised_by_handler(error: BaseException) -> BaseException | None:
    """Return the exception of a signal handler: *error*, or one that it was made from, or None.

    Call this in the ``except`` block that caught *error*. An error that the caller of this package
    was handling at that time does not count, although it is among the contexts of *error*.
    """
    for one in _chain(error):
        if handlers_part(one) is not None and (one is error or not _is_running(one)):
            return one
    return None


def pass_on(error: BaseException) -> None:
    """Raise the exception of a signal handler, if *error* is one or was made from one."""
    stop = raised_by_handler(error)
    if stop is not None:
        context = stop.__context__
        try:
            raise stop
        finally:
            # `raise` has set the context to the error that is being handled, which may have been
            # made from this very exception.
            stop.__context__ = context


class ignoring:  # noqa: N801 - as contextlib.suppress, in whose place it stands
    """Ignore errors of some types in a ``with`` block, except those of a signal handler."""

    def __init__(self, *kinds: type[Exception]) -> None:
        self._kinds = kinds

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> bool:
        """End; whether what was raised is ignored."""
        if not isinstance(error, self._kinds):
            return False
        pass_on(error)
        return True


def handlers_part(error: BaseException) -> TracebackType | None:
    """Return the traceback of a signal handler that raised *error*, or None."""
    entry = error.__traceback__
    while entry is not None and not _is_handler(entry.tb_frame):
        entry = entry.tb_next
    return entry


def _is_handler(frame: FrameType) -> bool:
    """Return whether a frame is a signal handler's: its caller's frame is one of its arguments."""
    interrupted = frame.f_back
    code = frame.f_code
    takes_two = code.co_argcount + code.co_posonlyargcount > 1 or code.co_flags & CO_VARARGS
    if interrupted is None or not takes_two:
        return False
    # Reading the variables of a frame makes it keep a copy of them (before Python 3.13). Our own
    # functions hold the error that they caught, so the copy would make a cycle of error and frame,
    # and keep clients and their files alive until the garbage collector comes by.
    if str(frame.f_globals.get("__name__", "")).startswith(_OWN):
        return False
    for value in list(frame.f_locals.values()):
        if value is interrupted:
            return True
        # The handler may take its arguments as ``*arguments``.
        several = cast("tuple[object, ...]", value) if isinstance(value, tuple) else ()
        if any(one is interrupted for one in several):
            return True
    return False


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, and all errors in its chain of causes and contexts."""
    seen: set[int] = set()
    ahead: list[BaseException | None] = [error]
    while ahead:
        one = ahead.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            yield one
            ahead += [one.__context__, one.__cause__]


def _is_running(error: BaseException) -> bool:
    """Return whether the function that caught *error* is on the stack of this thread."""
    caught = error.__traceback__
    # sys._getframe is documented, and inspect, which has a public name for it, is slow to import.
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    while frame is not None:
        if caught is not None and frame is caught.tb_frame:
            return True
        frame = frame.f_back
    return False
