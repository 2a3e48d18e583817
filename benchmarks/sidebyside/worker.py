"""A contender in a separate process, which takes a sample on request.

Each contender thus has its own modules, garbage collector, threads and CPU time, and samples can
still be taken in turns.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable

_PATIENCE = 10.0


class Worker:
    """A process that runs a sampling function until the ``with`` block ends.

    Args:
        module: A module of this package.
        function: A function in it that sets up the contender and returns the sampling function,
            which takes no arguments and returns a value that JSON can represent.
        arguments: The arguments of *function*, which JSON can represent.
    """

    def __init__(self, module: str, function: str, *arguments: object) -> None:
        self._command = [module, function, json.dumps(arguments)]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603 - this package
            [sys.executable, "-m", __name__, *self._command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        # The child ends when its input is closed, however this process ends.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.communicate(timeout=_PATIENCE)
        self._process.kill()
        self._process.wait()

    # JSON: any type.
    def sample(self) -> Any:
        """Request a sample and return it.

        Raises:
            RuntimeError: The process failed; its standard error has the reason.
        """
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{' '.join(self._command)} failed")
        return json.loads(line)


def _work(module: str, function: str, arguments: str) -> None:
    set_up: Callable[..., Callable[[], object]]
    set_up = getattr(importlib.import_module(f"{__package__}.{module}"), function)
    sample = set_up(*json.loads(arguments))
    for _ in sys.stdin:
        print(json.dumps(sample()), flush=True)


if __name__ == "__main__":
    _work(*sys.argv[1:])
