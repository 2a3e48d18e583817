"""What the tests of the client share: a clock that no one waits for, a token, a look for it."""

from __future__ import annotations

import traceback

#: Marked, so that a look for it finds it and nothing else.
TOKEN = "rc-SECRET-7f3a91c4"


class FakeClock:
    """Sleeping takes no time, and is noted."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.sleeps: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        self.sleeps.append(seconds)
        self.now += seconds


def printed(error: BaseException) -> str:
    """All that a debugger's traceback would show: every frame with its locals, every cause."""
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(report.format()) + repr(error) + repr(vars(error))
