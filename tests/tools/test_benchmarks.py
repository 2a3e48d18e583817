"""The benchmarks' pure parts: what they make of samples. What they measure is no test."""

from __future__ import annotations

import functools
import sys
from pathlib import Path

import pytest

# The benchmarks are run in an environment of their own, and not installed in this one.
sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

from sidebyside.measure import in_turns
from sidebyside.picture import HEIGHT, WIDTH, png
from sidebyside.report import document
from sidebyside.server import Jobs
from sidebyside.table import Column, Goal, Row, Sample, Table, number, quantity

CPU = Column("CPU", "ms")
RATE = Column("rate", "", better="more")


def table(ours: float, theirs: float, goal: Goal) -> Table:
    rows = tuple(
        Row(name, {CPU.title: Sample([value]), RATE.title: Sample([value])})
        for name, value in (("ours", ours), ("peer", theirs))
    )
    return Table("Title", (CPU, RATE), rows, "ours", (goal,))


def test_a_sample_is_its_median_and_the_quartiles_around_it() -> None:
    sample = Sample([5, 1, 2, 4, 3])
    assert sample.median == 3
    assert sample.quartiles == (2, 4)
    assert Sample([7]).quartiles == (7, 7)


@pytest.mark.parametrize(
    ("column", "ours", "beyond", "met"),
    [
        ("CPU", 4, False, True),
        ("CPU", 5, False, True),
        ("CPU", 5, True, False),
        ("CPU", 6, False, False),
        ("rate", 4, False, False),
        ("rate", 5, False, True),
        ("rate", 6, False, True),
    ],
)
def test_a_goal_is_met_on_the_better_side_of_its_limit(
    column: str,
    ours: float,
    beyond: bool,  # noqa: FBT001 - pytest passes it by name
    met: bool,  # noqa: FBT001 - pytest passes it by name
) -> None:
    goal = Goal("half", column, "ours", "peer", 0.5, beyond=beyond)
    (verdict,) = table(ours, 10, goal).verdicts()
    assert verdict.met is met
    assert verdict.words == ("met" if met else "**missed**")


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    (verdict,) = table(1, 2, Goal("half", "CPU", "ours", "nobody", 0.5)).verdicts()
    assert (verdict.ratio, verdict.met, verdict.words) == (None, False, "not measured")


def test_the_best_row_depends_on_the_column() -> None:
    both = table(1, 2, Goal("half", "CPU", "ours", "peer", 0.5))
    assert both.best(["peer", "ours", "nobody"], "CPU") == "ours"
    assert both.best(["nobody", "ours", "peer"], "rate") == "peer"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (0.00632, "0.00632"), (0.5, "0.500"), (3.14159, "3.14"), (12345.6, "12,346")],
)
def test_numbers_show_three_digits(value: float, shown: str) -> None:
    assert number(value) == shown


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (1.5, "ms", "1.50 ms"),
        (1200, "", "1,200"),
        (65536, "bytes", "64.0 KiB"),
        (5 * 1024**3, "bytes", "5.00 GiB"),
    ],
)
def test_a_quantity_has_its_unit(value: float, unit: str, shown: str) -> None:
    assert quantity(value, unit) == shown


def test_the_report_shows_misses_as_plainly_as_wins() -> None:
    tables = [
        table(1, 10, Goal("half of the peer", "CPU", "ours", "peer", 0.5)),
        table(9, 10, Goal("half of the peer", "CPU", "ours", "peer", 0.5)),
    ]
    text = document("- machine", tables, quick=True)
    assert "1 of 2 met" in text
    assert "| Title | half of the peer | 0.100 | met |" in text
    assert "| Title | half of the peer | 0.900 | **missed** |" in text
    assert "quick run" in text
    assert "| **ours** | 1.00 ms | 1.00 ms to 1.00 ms |  |" in text


def test_contenders_take_turns() -> None:
    said: list[str] = []
    found = in_turns({who: functools.partial(said.append, who) for who in "ab"}, 2)
    assert said == ["a", "b", "a", "b"]
    assert found == {"a": [None, None], "b": [None, None]}


def test_the_picture_has_the_size_that_it_is_said_to_have() -> None:
    picture = png()
    assert 10_000_000 < len(picture) < 11_000_000
    assert picture[16:24] == WIDTH.to_bytes(4) + HEIGHT.to_bytes(4)


def test_a_job_is_over_at_the_poll_that_was_asked_for() -> None:
    jobs = Jobs("http://127.0.0.1:1", 2, b"picture")
    taken = jobs.answer(b"POST /v1/models/a/b HTTP/1.1\r\n\r\n{}")
    assert b'"request_id": "r-1"' in taken
    ask = b"GET /v1/requests/r-1/status HTTP/1.1\r\n\r\n"
    assert b'"in_progress"' in jobs.answer(ask)
    assert b'"completed"' in jobs.answer(ask)
    loud = b"GET /v1/requests/r-2/status?logs=false HTTP/1.1\r\n\r\n"
    assert b'"IN_PROGRESS"' in jobs.answer(loud)


def test_a_part_of_the_picture_is_counted_as_a_part() -> None:
    jobs = Jobs("http://127.0.0.1:1", 2, b"0123456789")
    part = jobs.answer(b"GET /picture.png HTTP/1.1\r\nRange: bytes=2-4\r\n\r\n")
    assert part.startswith(b"HTTP/1.1 206 ")
    assert part.endswith(b"\r\n\r\n234")
    assert b'"picture_bytes": 3' in jobs.answer(b"GET /counts HTTP/1.1\r\n\r\n")
