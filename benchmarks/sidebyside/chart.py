"""Bar charts of the results as SVG, one for each group of benchmarks."""

# matplotlib is installed where the benchmarks run, and nowhere else:
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import matplotlib as mpl
from matplotlib import pyplot as plt

from .table import quantity

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from .table import Column, Table

_OURS: Final = "#d9480f"
_THEIRS: Final = "#868e96"
_INCH_A_BAR: Final = 0.28
_INCHES_AROUND: Final = 0.75
_WIDTH: Final = 8.5


def draw(tables: Iterable[Table], file: Path) -> None:
    """Draw a bar chart for each column that is marked to be drawn, one below the other.

    Args:
        tables: The results.
        file: The file to write.
    """
    panels = [(table, column) for table in tables for column in table.columns if column.drawn]
    # Text is written as text, and the same figures give the same file.
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "sidebyside", "font.size": 9})
    heights = [_INCH_A_BAR * len(table.rows) + _INCHES_AROUND for table, _ in panels]
    figure, axes = plt.subplots(
        len(panels),
        figsize=(_WIDTH, sum(heights)),
        height_ratios=heights,
        squeeze=False,
        layout="constrained",
    )
    for (table, column), axis in zip(panels, axes[:, 0], strict=True):
        _bars(table, column, axis)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, format="svg", metadata={"Date": None})
    plt.close(figure)


# Any: matplotlib is not installed where types are checked.
def _bars(table: Table, column: Column, axis: Any) -> None:
    rows = [row for row in table.rows if column.title in row.cells][::-1]
    values = [row.cells[column.title].median for row in rows]
    colors = [_OURS if row.own else _THEIRS for row in rows]
    bars = axis.barh([row.name for row in rows], values, color=colors)
    labels = [quantity(value, column.unit) for value in values]
    axis.bar_label(bars, labels=labels, padding=3)
    axis.set_title(f"{table.title}: {column.title} ({column.better} is better)", loc="left")
    axis.spines[["top", "right", "bottom"]].set_visible(False)
    axis.xaxis.set_visible(False)
    axis.margins(x=0.12)
