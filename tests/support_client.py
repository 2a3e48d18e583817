"""Helpers for tests of the client: a fake clock, a token, and a search for traces of it."""

from __future__ import annotations

import functools
import io
import traceback
from pathlib import Path

from PIL import Image

#: A token with a distinctive mark, so that a search finds only the token.
TOKEN = "rc-SECRET-7f3a91c4"

_TESTS = str(Path(__file__).parent)


class FakeClock:
    """A clock whose sleeps take no time and are recorded."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.sleeps: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        self.sleeps.append(seconds)
        self.now += seconds


def leaks(error: BaseException) -> bool:
    """Tell whether a debugger's traceback shows the token, in any local or cause.

    The frames of the tests are skipped, because they hold the token themselves.
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
    """Return a PNG of the given size."""
    file = io.BytesIO()
    Image.new("RGB", (width, height)).save(file, "PNG")
    return file.getvalue()
