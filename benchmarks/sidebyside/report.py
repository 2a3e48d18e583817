"""The results as one Markdown document: the head, all goals at a glance, then every table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .table import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .table import Table

_HOW = """\
Written by `make bench`; measure again on your own machine. All contenders of a table were measured
in turns, sample by sample, on the same machine in the same minutes. A figure is the median;
half of the samples lie between the quartiles. *Ours ÷ it* compares our median with a row's.
"""


def document(head: str, tables: Sequence[Table], *, quick: bool) -> str:
    """The whole document.

    Args:
        head: The machine, versions and date.
        tables: What was measured.
        quick: Whether it was the short run, whose figures are rough.
    """
    parts = ["# Results", _HOW.strip()]
    if quick:
        parts.append("**This was the quick run**: few samples, small numbers, rough figures.")
    parts += [head, "## Goals", _goals(tables), "## Figures"]
    parts += [table.markdown() for table in tables]
    return "\n\n".join(parts) + "\n"


def _goals(tables: Iterable[Table]) -> str:
    verdicts = [(table, one) for table in tables for one in table.verdicts()]
    met = sum(one.met for _, one in verdicts)
    measured = sum(one.ratio is not None for _, one in verdicts)
    lines = [
        f"{met} of {measured} met; ratios of ours to theirs.",
        "",
        "| what | goal | found | |",
        "| --- | --- | ---: | --- |",
    ]
    for table, one in verdicts:
        if one.ratio is not None:
            found = number(one.ratio)
            lines.append(f"| {table.title} | {one.goal.text} | {found} | {one.words} |")
    return "\n".join(lines)
