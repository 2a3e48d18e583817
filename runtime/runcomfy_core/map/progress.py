"""A line on a terminal that says how far a map is, drawn by rich (the extra ``progress``)."""

from __future__ import annotations

import contextlib
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TextIO, cast

from runcomfy_core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from .many import MapProgress

    Tell = Callable[[MapProgress], object] | None


def check_progress(*, progress: bool) -> None:
    """See that a line can be drawn, if one is wanted.

    Raises:
        ConfigurationError: rich is not installed.
    """
    if progress and find_spec("rich") is None:
        raise ConfigurationError(
            "progress=True needs rich: pip install 'runcomfy-models[progress]'"
        )


@contextlib.contextmanager
def telling(tell: Tell, title: str, *, progress: bool) -> Generator[Tell]:
    """Draw the line while the block runs, where the standard error is a terminal.

    Args:
        tell: The caller's own function, or None.
        title: What stands before the bar.
        progress: Whether a line is wanted.
    """
    if not progress or not _is_terminal():
        yield tell
        return
    from rich.console import Console  # noqa: PLC0415 - an extra, for those who want the line
    from rich.progress import (  # noqa: PLC0415 - likewise
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rest]}"),
        TimeElapsedColumn(),
    )
    # cast, since a Console asks for no more of a file.
    console = Console(file=cast("TextIO", _Forgiving(sys.stderr)))
    with Progress(*columns, console=console) as bar:
        line = bar.add_task(title, total=None, rest="")

        def draw(state: MapProgress) -> None:
            rest = f"{state.in_flight} in flight, {state.failed} failed"
            ended = state.done + state.failed
            bar.update(line, completed=ended, total=state.total, rest=rest)
            if tell is not None:
                tell(state)

        yield draw


def _is_terminal() -> bool:
    """Tell whether the standard error is there, and a terminal."""
    # It is None in a program without a console (pythonw), and where it was closed at the start.
    stderr = cast("TextIO | None", sys.stderr)
    try:
        return stderr is not None and stderr.isatty()
    except (AttributeError, OSError, ValueError):  # closed since, or something put in its place
        return False


class _Forgiving:
    """A terminal as rich sees it: one that is gone takes what is written, and says nothing.

    A map that is paid for does not end because its line can't be drawn.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Write, if that is possible."""
        with contextlib.suppress(OSError, ValueError):
            self._file.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, if that is possible."""
        with contextlib.suppress(OSError, ValueError):
            self._file.flush()

    # Any: whatever else a file has.
    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
