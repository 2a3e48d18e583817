"""Charts of the results: bars, one chart a group of benchmarks, as SVG."""

# matplotlib is installed where the benchmarks run, and nowhere else:
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs
import matplotlib as mpl
from matplotlib import pyplot as plt

from .table import quantity

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .table import Table

_OURS: Final = "#d9480f"
_THEIRS: Final = "#868e96"
_INCH_A_BAR: Final = 0.28
_INCHES_AROUND: Final = 0.75
_WIDTH: Final = 8.5


@attrs.frozen
class Panel:
    """One column of one table, as bars."""

    table: Table
    column: str


def draw(panels: Sequence[Panel], ours: frozenset[str], file: Path) -> None:
    """Draw panels below one another.

    Args:
        panels: What to draw.
        ours: The names of the rows that are ours.
        file: Where to write it.
    """
    # Texts stay texts, and the same figures give the same file.
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "sidebyside", "font.size": 9})
    heights = [_INCH_A_BAR * len(panel.table.rows) + _INCHES_AROUND for panel in panels]
    figure, axes = plt.subplots(
        len(panels),
        figsize=(_WIDTH, sum(heights)),
        height_ratios=heights,
        squeeze=False,
        layout="constrained",
    )
    for panel, axis in zip(panels, axes[:, 0], strict=True):
        _bars(panel, ours, axis)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, format="svg", metadata={"Date": None})
    plt.close(figure)


# Any: matplotlib is not installed where types are checked.
def _bars(panel: Panel, ours: frozenset[str], axis: Any) -> None:
    column = next(one for one in panel.table.columns if one.title == panel.column)
    rows = [row for row in panel.table.rows if panel.column in row.cells][::-1]
    values = [row.cells[panel.column].median for row in rows]
    colors = [_OURS if row.name in ours else _THEIRS for row in rows]
    bars = axis.barh([row.name for row in rows], values, color=colors)
    labels = [quantity(value, column.unit) for value in values]
    axis.bar_label(bars, labels=labels, padding=3)
    axis.set_title(f"{panel.table.title}: {column.title} ({column.better} is better)", loc="left")
    axis.spines[["top", "right", "bottom"]].set_visible(False)
    axis.xaxis.set_visible(False)
    axis.margins(x=0.12)
