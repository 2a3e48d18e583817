"""Interruptions at chosen instructions, since a signal can arrive between any two."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

#: How many places of each kind are tried; 0 means all, which takes some minutes.
PLACES: Final = int(os.environ.get("INTERRUPTED_PLACES", "120"))


class Interrupter:
    """A runner that raises KeyboardInterrupt before a chosen instruction.

    Args:
        folder: Only instructions in files below this folder count.
        possible: Tells whether Python could run a signal handler before an instruction; other
            instructions don't count.
    """

    def __init__(self, folder: str, possible: Callable[[FrameType], bool] = lambda _: True) -> None:
        self._folder = folder
        self._possible = possible
        self._left = -1
        #: How many instructions have run, and the place of the interruption.
        self.passed = 0
        self.place = ""

    def run(self, act: Callable[[], object], at: int = -1) -> None:
        """Run *act* and interrupt it before instruction number *at*; -1 means never.

        Raises:
            KeyboardInterrupt: *act* was interrupted and didn't handle it.
        """
        self.passed, self.place, self._left = 0, "", at
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            act()
        finally:
            sys.settrace(before)

    # Any: the argument of an event has no specific type.
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
    """Yield the numbers of the instructions to interrupt, spread evenly."""
    step = 1 if not PLACES else max(1, count // PLACES)
    return iter(range(0, count, step))
