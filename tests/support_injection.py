"""Raises an exception at the n-th instruction that the client executes, and at every one in turn.

Ctrl-C may come between any two instructions. ``places(call)`` performs a call once and lists the
instructions of the client's own that it executes, in this thread; ``inject(call, n, kind)``
performs it again, and raises in place of the n-th. A call is a function; for a coroutine, one that
runs it on a loop::

    def call() -> object:
        return asyncio.run(coroutine())

    for n in chosen(len(places(call)), 40):
        injected = inject(call, n, KeyboardInterrupt)

``inject`` returns what was raised and where, or None when the call ended before the n-th
instruction. It fails when the call swallowed the exception, raised another one, or the same one
wrapped.

With ``threads=True`` the instructions of threads that the call starts count, and not its own.

``support_till.py`` compares what the server, the journal and the exception report about each
injection.

With ``by_handler=True`` the exception looks as if a signal handler had raised it: the function that
raises it is called with the interrupted frame, like a handler.
"""

from __future__ import annotations

import contextlib
import gc
import opcode
import os
import random
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs

import runcomfy
import runcomfy_core
from runcomfy.errors import RunComfyError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

#: The packages that are the client.
OWN: Final = tuple(one.__path__[0] + os.sep for one in (runcomfy, runcomfy_core))

#: Whether to raise at every instruction, which takes some minutes, instead of at a sample.
EVERYWHERE: Final = bool(os.environ.get("INJECT_EVERYWHERE"))


@attrs.frozen
class Place:
    """An instruction.

    Attributes:
        file: The end of the file's path.
        function: The name of the function.
        line: The line in the file.
        name: The name of the instruction.
    """

    file: str
    function: str
    line: int | None
    name: str

    @classmethod
    def of(cls, frame: FrameType) -> Place:
        code = frame.f_code
        return cls(
            str(Path(*Path(code.co_filename).parts[-3:])),
            code.co_qualname,
            frame.f_lineno,
            opcode.opname[code.co_code[frame.f_lasti]],
        )


@attrs.define(eq=False)
class Tracer:
    """A tracer that counts instructions and raises in place of one of them.

    Attributes:
        at: The number of that instruction, counted from 1; 0 for none.
        kind: The class of the exception to raise.
        threads: Whether to count in the threads that the call starts instead of in its own.
        by_handler: Whether the exception looks as if a signal handler had raised it.
        places: The executed instructions, if nothing is raised.
        place: The instruction at which the exception was raised.
        error: The exception that was raised.
        ignored: Whether Python ignored the exception.
    """

    at: int = 0
    kind: type[BaseException] = KeyboardInterrupt
    threads: bool = False
    by_handler: bool = False
    places: list[Place] = attrs.field(factory=list)
    place: Place | None = None
    error: BaseException | None = None
    ignored: bool = False
    _count: int = 0
    _lock: Any = attrs.field(factory=threading.Lock)

    def perform(self, call: Callable[[], object]) -> object:
        # Python ignores exceptions that are raised while the garbage collector runs.
        gc.disable()
        earlier, hook = sys.gettrace(), sys.unraisablehook
        sys.unraisablehook = self._unraisable
        try:
            if self.threads:
                threading.settrace(self._enter)
            else:
                sys.settrace(self._enter)
            return call()
        finally:
            sys.settrace(earlier)
            threading.settrace(None)
            sys.unraisablehook = hook
            gc.enable()

    def _unraisable(self, said: sys.UnraisableHookArgs) -> None:
        if said.exc_value is self.error:
            self.ignored = True
        else:
            sys.__unraisablehook__(said)

    def _enter(self, frame: FrameType, _event: str, _: object) -> Any:
        if not frame.f_code.co_filename.startswith(OWN):
            return None
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        return self._step

    def _step(self, frame: FrameType | None, event: str, _: object) -> Any:
        if event == "opcode" and self.error is None and frame is not None:
            with self._lock:
                self._count += 1
                here = self._count == self.at
            if not self.at:
                self.places.append(Place.of(frame))
            if here:
                self.place = Place.of(frame)
                self.error = self.kind(f"injected at {self.place}")
                if not self.by_handler:
                    frame = None  # a handler would be recognised by it
                raise self.error
        return self._step


def places(call: Callable[[], object], *, threads: bool = False) -> list[Place]:
    """Perform a call, and return the client's instructions that it executed."""
    tracer = Tracer(threads=threads)
    with contextlib.suppress(RunComfyError):  # some calls are meant to fail
        tracer.perform(call)
    return tracer.places


def inject(
    call: Callable[[], object],
    at: int,
    kind: type[BaseException] = KeyboardInterrupt,
    *,
    by_handler: bool = False,
    threads: bool = False,
) -> Tracer | None:
    """Perform a call, and raise in place of its n-th instruction.

    Returns:
        The tracer, with the exception and its place; None if the call ended before.

    Raises:
        AssertionError: The call raised a different exception, or none.
    """
    tracer = Tracer(at, kind, threads=threads, by_handler=by_handler)
    try:
        tracer.perform(call)
    except BaseException as error:
        if tracer.error is None:
            return None
        if error is not tracer.error:
            raise AssertionError(f"{error!r} came out for {tracer.error}") from error
        return tracer
    # An error that is no interruption may be ignored for good reasons.
    may_be = tracer.ignored or (issubclass(kind, Exception) and not by_handler)
    assert tracer.error is None or may_be, f"swallowed: {tracer.error}"
    return None


def chosen(count: int, most: int) -> list[int]:
    """Return numbers from 1 to *count*, all or *most* of them: the same ones each time."""
    if EVERYWHERE or count <= most:
        return list(range(1, count + 1))
    # The seed is fixed, so that every run uses the same places.
    return sorted(random.Random(count).sample(range(1, count + 1), most))  # noqa: S311
