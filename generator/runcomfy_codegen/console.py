r"""What a command needs to print to whatever it is given: a terminal, a pipe, a full disk, nothing.

Rules:

- What an encoding lacks is escaped. A terminal that knows no Korean shows ``\ud504``, and the
  command goes on.
- A reader that has seen enough (``| head``) ends the command without a word, as it ends others.
- Code 1 says what the command has found. What it was not made to meet is code 2.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: The exit code of a command that was used wrongly, or that failed in a way that it doesn't know.
FAILED = 2

#: How Python sets up a stream by itself, where a text that the encoding lacks is an error. A user
#: who asked for another way has it.
_UNABLE = ("strict", "surrogateescape")

#: What a shell says of a command that Ctrl-C ended, and of one whose reader was gone.
INTERRUPTED = 128 + 2
_READER_GONE = 128 + 13


def run(command: Callable[[], int]) -> int:
    """Run *command*, which prints; return its exit code, or what stands for the way it failed.

    Raises:
        SystemExit: The command raised it.
    """
    with _streams() as streams:
        try:
            code = command()
        except SystemExit:
            if lost := _lost(streams):
                return _said(lost)
            raise
        except KeyboardInterrupt:
            code = INTERRUPTED
            with contextlib.suppress(OSError):
                sys.stderr.write("interrupted\n")
        except BrokenPipeError:
            _lost(streams)
            return _READER_GONE
        except Exception:  # noqa: BLE001 - whatever it is, its code must not be that of a finding
            if lost := _lost(streams):
                return _said(lost)
            code = FAILED
            import traceback  # noqa: PLC0415 - large, and hardly ever needed

            traceback.print_exc()
        lost = _lost(streams)
        return _said(lost) if lost else code


@contextlib.contextmanager
def _streams() -> Iterator[tuple[TextIO, TextIO]]:
    """Give streams that take any text; where Python has none, ones that keep nothing."""
    before = sys.stdout, sys.stderr
    with contextlib.ExitStack() as stack:
        if any(stream is None for stream in before):
            nowhere = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123 - no path
            sys.stdout, sys.stderr = (nowhere if one is None else one for one in before)
        for stream in (sys.stdout, sys.stderr):
            # What stands for a stream in a test or a notebook takes any text.
            if isinstance(stream, io.TextIOWrapper) and stream.errors in _UNABLE:
                stream.reconfigure(errors="backslashreplace")
        try:
            yield sys.stdout, sys.stderr
        finally:
            sys.stdout, sys.stderr = before


def _lost(streams: tuple[TextIO, TextIO]) -> OSError | None:
    """Return why one of *streams* can't pass on what it was given; let it forget that.

    Python would try again when it ends, and print an error of its own.
    """
    lost: OSError | None = None
    for stream in streams:
        try:
            stream.flush()
        except OSError as error:
            lost = lost or error
            with contextlib.suppress(OSError):
                descriptor = os.open(os.devnull, os.O_WRONLY)
                os.dup2(descriptor, stream.fileno())
                os.close(descriptor)
    return lost


def _said(lost: OSError) -> int:
    """Say that words were *lost*, but for a reader that went away; return the exit code."""
    if isinstance(lost, BrokenPipeError):
        return _READER_GONE
    sys.stderr.write(f"the output can't be written: {lost.strerror}\n")
    return FAILED
