"""The results as data and as Markdown: samples, rows, tables and goals.

Nothing here measures, reads or writes.
"""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING, Literal

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_KIBI = 1024


@attrs.frozen
class Sample:
    """One quantity, measured one or more times."""

    values: tuple[float, ...] = attrs.field(converter=tuple[float, ...])

    @property
    def median(self) -> float:
        """The middle value."""
        return statistics.median(self.values)

    @property
    def quartiles(self) -> tuple[float, float]:
        """The bounds of the middle half of the values."""
        if len(self.values) == 1:
            return self.values[0], self.values[0]
        low, _, high = statistics.quantiles(self.values, n=4, method="inclusive")
        return low, high


@attrs.frozen
class Column:
    """A quantity that is measured.

    Attributes:
        title: Its name, unique in its table.
        unit: As it is shown; "bytes" is shown in binary multiples.
        better: Whether less or more of it is better.
        drawn: Whether a chart shows it.
    """

    title: str
    unit: str
    better: Literal["less", "more"] = "less"
    drawn: bool = False


@attrs.frozen
class Row:
    """A contender.

    Attributes:
        name: Unique in its table.
        cells: What was measured, by the column's title; some may be missing.
        note: Its version and settings, or what it does differently.
        own: Whether it is ours and not a peer.
    """

    name: str
    cells: Mapping[str, Sample]
    note: str = ""
    own: bool = False


@attrs.frozen
class Goal:
    """A goal for our result, as a ratio to another row in the same column.

    Attributes:
        text: The goal in words.
        column: The column's title.
        ours: The row that is judged.
        theirs: The row that it is compared with.
        limit: The highest ratio that meets the goal, or the lowest where more is better.
        beyond: Whether a ratio equal to the limit misses the goal.
    """

    text: str
    column: str
    ours: str
    theirs: str
    limit: float
    beyond: bool = False


@attrs.frozen
class Verdict:
    """The verdict on a goal; ``ratio`` is None if one of the two rows was not measured."""

    goal: Goal
    ratio: float | None
    met: bool

    @property
    def words(self) -> str:
        """The verdict in words: ``met``, ``missed``, or that it was not measured."""
        if self.ratio is None:
            return "not measured"
        return "met" if self.met else "**missed**"


@attrs.frozen
class Table:
    """Rows that were measured in turns.

    Attributes:
        title: Its heading.
        columns: What was measured.
        rows: The contenders, ours first.
        ours: The name of the row that the ratios compare with the others.
        goals: What ours should reach.
        note: What a reader must know.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    ours: str
    goals: tuple[Goal, ...] = ()
    note: str = ""

    def sample(self, row: str, column: str) -> Sample | None:
        """What was measured of a row, or None."""
        found = next((one for one in self.rows if one.name == row), None)
        return None if found is None else found.cells.get(column)

    def ratio(self, ours: str, theirs: str, column: str) -> float | None:
        """Our median divided by theirs, or None."""
        mine, other = self.sample(ours, column), self.sample(theirs, column)
        if mine is None or other is None or not other.median:
            return None
        return mine.median / other.median

    def best(self, names: Iterable[str], column: str) -> str:
        """Which of these rows is the best one in a column."""
        sign = 1 if self._column(column).better == "less" else -1
        measured = {name: self.sample(name, column) for name in names}
        return min(
            measured,
            key=lambda name: math.inf if (one := measured[name]) is None else sign * one.median,
        )

    def verdicts(self) -> Iterator[Verdict]:
        """What came of each goal."""
        for goal in self.goals:
            ratio = self.ratio(goal.ours, goal.theirs, goal.column)
            yield Verdict(goal, ratio, ratio is not None and self._met(goal, ratio))

    def markdown(self) -> str:
        """The table with its heading, goals and notes."""
        parts = [f"### {self.title}", self.note, self._rows(), self._goals(), self._notes()]
        return "\n\n".join(part for part in parts if part)

    def _met(self, goal: Goal, ratio: float) -> bool:
        if ratio == goal.limit:
            return not goal.beyond
        return (ratio < goal.limit) == (self._column(goal.column).better == "less")

    def _column(self, title: str) -> Column:
        return next(one for one in self.columns if one.title == title)

    def _rows(self) -> str:
        heads = ["who"]
        for column in self.columns:
            heads += [column.title, "quartiles", "ours ÷ it"]
        lines = [_line(heads), _line(["---", *["---:"] * (len(heads) - 1)])]
        for row in self.rows:
            cells = [f"**{row.name}**" if row.name == self.ours else row.name]
            for column in self.columns:
                cells += self._cells(row, column)
            lines.append(_line(cells))
        return "\n".join(lines)

    def _cells(self, row: Row, column: Column) -> list[str]:
        sample = row.cells.get(column.title)
        if sample is None:
            return ["", "", ""]
        low, high = sample.quartiles
        ratio = self.ratio(self.ours, row.name, column.title)
        return [
            quantity(sample.median, column.unit),
            f"{quantity(low, column.unit)} to {quantity(high, column.unit)}",
            "" if ratio is None or row.name == self.ours else number(ratio),
        ]

    def _goals(self) -> str:
        if not self.goals:
            return ""
        lines = [_line(["goal", "found", ""]), _line(["---", "---:", "---"])]
        for verdict in self.verdicts():
            found = "" if verdict.ratio is None else number(verdict.ratio)
            lines.append(_line([verdict.goal.text, found, verdict.words]))
        return "\n".join(lines)

    def _notes(self) -> str:
        return "\n".join(f"- {row.name}: {row.note}" for row in self.rows if row.note)


def number(value: float) -> str:
    """Return a number with about three significant digits."""
    if value == 0:
        return "0"
    digits = 2 - math.floor(math.log10(abs(value)))
    return f"{value:,.{min(max(digits, 0), 6)}f}"


def quantity(value: float, unit: str) -> str:
    """A number with its unit."""
    if unit == "bytes":
        for scaled in ("bytes", "KiB", "MiB"):
            if value < _KIBI:
                return f"{number(value)} {scaled}"
            value /= _KIBI
        return f"{number(value)} GiB"
    return f"{number(value)} {unit}".rstrip()


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
