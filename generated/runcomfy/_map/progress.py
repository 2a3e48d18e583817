"""A line on a terminal that says how far a map is, drawn by rich (the extra ``progress``)."""

from __future__ import annotations

import contextlib
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ..errors import ConfigurationError

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
    if not progress or not sys.stderr.isatty():
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
    with Progress(*columns, console=Console(stderr=True)) as bar:
        line = bar.add_task(title, total=None, rest="")

        def draw(state: MapProgress) -> None:
            rest = f"{state.in_flight} in flight, {state.failed} failed"
            ended = state.done + state.failed
            bar.update(line, completed=ended, total=state.total, rest=rest)
            if tell is not None:
                tell(state)

        yield draw
