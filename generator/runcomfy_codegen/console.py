r"""Support for printing to any kind of output: a terminal, a pipe, a full disk, or none at all.

Rules:

- Characters that the encoding lacks are escaped. A terminal without Korean shows ``\ud504``, and
  the command goes on.
- If the reader of the output goes away (``| head``), the command ends silently.
- Exit code 1 is a result of the command. An unexpected failure is code 2.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: The exit code of a command that was used wrongly or failed unexpectedly.
FAILED = 2

#: Error handlers that Python gives a stream by default, and that can fail on a character. A handler
#: that the user chose is kept.
_UNABLE = ("strict", "surrogateescape")

#: The exit codes that a shell reports for a command ended by Ctrl-C, and by a closed pipe.
INTERRUPTED = 128 + 2
_READER_GONE = 128 + 13


def run(command: Callable[[], int]) -> int:
    """Run *command*, which prints; return its exit code, or the code for the way it failed.

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
        except Exception:  # noqa: BLE001 - no failure may end with the code of a finding
            if lost := _lost(streams):
                return _said(lost)
            code = FAILED
            import traceback  # noqa: PLC0415 - slow to import, and hardly ever needed

            traceback.print_exc()
        lost = _lost(streams)
        return _said(lost) if lost else code


@contextlib.contextmanager
def _streams() -> Iterator[tuple[TextIO, TextIO]]:
    """Provide streams that accept any text; a missing stream is replaced by one to nowhere."""
    before = sys.stdout, sys.stderr
    with contextlib.ExitStack() as stack:
        if any(stream is None for stream in before):
            nowhere = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123 - a device, not a file that a Path would help with
            sys.stdout, sys.stderr = (nowhere if one is None else one for one in before)
        for stream in (sys.stdout, sys.stderr):
            # An object that replaces a stream in a test or a notebook accepts any text already.
            if isinstance(stream, io.TextIOWrapper) and stream.errors in _UNABLE:
                stream.reconfigure(errors="backslashreplace")
        try:
            yield sys.stdout, sys.stderr
        finally:
            sys.stdout, sys.stderr = before


def _lost(streams: tuple[TextIO, TextIO]) -> OSError | None:
    """Return why one of *streams* can't write its buffered text, and discard that text.

    Python would otherwise try again at exit and print an error of its own.
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
    """Report that output was *lost*, unless the reader went away; return the exit code."""
    if isinstance(lost, BrokenPipeError):
        return _READER_GONE
    sys.stderr.write(f"the output can't be written: {lost.strerror}\n")
    return FAILED
