"""What the tests of the client share: a clock that no one waits for, a token, a look for it."""

from __future__ import annotations

import functools
import io
import traceback
from pathlib import Path

from PIL import Image

#: Marked, so that a look for it finds it and nothing else.
TOKEN = "rc-SECRET-7f3a91c4"

_TESTS = str(Path(__file__).parent)


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


def leaks(error: BaseException) -> bool:
    """Whether the token is in what a debugger's traceback shows: every local, every cause.

    The frames of the tests are left out: they hold the token of which they look for traces.
    """
    shown: list[str] = []
    chain: list[BaseException | None] = [error]
    while chain:
        one = chain.pop()
        if one is not None:
            shown += [repr(one), str(one), repr(vars(one))]
            frames = (
                (frame, line)
                for frame, line in traceback.walk_tb(one.__traceback__)
                if not frame.f_code.co_filename.startswith(_TESTS)
            )
            stack = traceback.StackSummary.extract(frames, capture_locals=True)
            shown += [repr(frame.locals) for frame in stack]
            chain += [one.__cause__, one.__context__]
    return any("SECRET" in text for text in shown)


@functools.cache
def picture(width: int = 400, height: int = 400) -> bytes:
    """A PNG of that many pixels."""
    file = io.BytesIO()
    Image.new("RGB", (width, height)).save(file, "PNG")
    return file.getvalue()
