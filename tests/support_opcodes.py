"""Interruptions at chosen instructions, as signals come between any two of them."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

#: How many places are tried of each kind; 0 for all. All take some minutes.
PLACES: Final = int(os.environ.get("INTERRUPTED_PLACES", "120"))


class Interrupter:
    """Runs something, and raises KeyboardInterrupt before one of its instructions.

    Args:
        folder: Instructions in files below it count, and no others.
        possible: Tells whether Python may run a signal's handler before an instruction; those
            where it may not don't count.
    """

    def __init__(self, folder: str, possible: Callable[[FrameType], bool] = lambda _: True) -> None:
        self._folder = folder
        self._possible = possible
        self._left = -1
        #: How many instructions have passed, and where it was interrupted.
        self.passed = 0
        self.place = ""

    def run(self, act: Callable[[], object], at: int = -1) -> None:
        """Run *act*, interrupted before the instruction of that number; never if that is -1.

        Raises:
            KeyboardInterrupt: It was interrupted, and let that pass.
        """
        self.passed, self.place, self._left = 0, "", at
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            act()
        finally:
            sys.settrace(before)

    # Any: what comes with an event is of no type of its own.
    def _enter(self, frame: FrameType, _: str, __: Any) -> Callable[..., Any] | None:
        if self._folder not in frame.f_code.co_filename:
            return None
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        return self._step

    def _step(self, frame: FrameType, event: str, _: Any) -> Callable[..., Any]:
        if event == "opcode" and not self.place and self._possible(frame):
            if self.passed == self._left:
                self.place = f"{frame.f_code.co_qualname}:{frame.f_lineno}"
                raise KeyboardInterrupt
            self.passed += 1
        return self._step


def places(count: int) -> Iterator[int]:
    """The numbers of the instructions to interrupt, spread over all of them."""
    step = 1 if not PLACES else max(1, count // PLACES)
    return iter(range(0, count, step))
