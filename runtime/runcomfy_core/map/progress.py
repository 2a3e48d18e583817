"""A progress bar for a map, drawn by rich (the extra ``progress``)."""

from __future__ import annotations

import contextlib
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TextIO, cast

from runcomfy_core.errors import ConfigurationError
from runcomfy_core.interrupts import ignoring, pass_on

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from .many import MapProgress

    Tell = Callable[[MapProgress], object] | None


def check_progress(*, progress: bool) -> None:
    """Check that the bar can be drawn, if it is wanted.

    Raises:
        ConfigurationError: The bar is wanted, and rich is not installed.
    """
    if progress and find_spec("rich") is None:
        raise ConfigurationError(
            "progress=True needs rich: pip install 'runcomfy-models[progress]'"
        )


@contextlib.contextmanager
def telling(tell: Tell, title: str, *, progress: bool) -> Generator[Tell]:
    """Draw the bar while the block runs, if standard error is a terminal.

    Args:
        tell: The user's own function, or None.
        title: The text before the bar.
        progress: Whether the bar is wanted.

    Yields:
        The function to call with the progress; it draws the bar, and calls *tell*.
    """
    if not progress or not _is_terminal():
        yield tell
        return
    from rich.console import Console  # noqa: PLC0415 - rich is an optional extra
    from rich.progress import (  # noqa: PLC0415 - rich is an optional extra
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
    # A Console only needs the methods that _Forgiving has, hence the cast.
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
    """Return whether standard error is a terminal."""
    # sys.stderr is None in a program without a console (pythonw), or if it was closed at the start.
    stderr = cast("TextIO | None", sys.stderr)
    try:
        return stderr is not None and stderr.isatty()
    except (AttributeError, OSError, ValueError) as error:
        pass_on(error)
        # It was closed, or replaced by another object.
        return False


class _Forgiving:
    """A file for rich that ignores errors, so that a lost terminal does not end a paid map."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Write, if that is possible."""
        with ignoring(OSError, ValueError):
            self._file.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, if that is possible."""
        with ignoring(OSError, ValueError):
            self._file.flush()

    # Any: a file's other attributes may have any type.
    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
