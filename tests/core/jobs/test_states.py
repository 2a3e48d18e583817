from __future__ import annotations

from typing import Any

import pytest

from runcomfy_core.jobs.states import Outcome, Status, read_outcome, read_status

URL = {"image": "https://x/a.png"}


@pytest.mark.parametrize(
    ("word", "state", "over"),
    [
        ("in_queue", "in_queue", False),
        ("pending", "in_queue", False),
        ("waiting", "in_queue", False),
        ("queued", "in_queue", False),
        ("in_progress", "in_progress", False),
        ("starting", "in_progress", False),
        ("processing", "in_progress", False),
        (" RUNNING ", "in_progress", False),
        ("completed", "completed", True),
        ("succeeded", "completed", True),
        ("success", "completed", True),
        ("cancelled", "cancelled", True),
        ("canceled", "cancelled", True),
        ("failed", "failed", True),
        ("Warming_Up", "warming_up", False),
    ],
)
def test_states(word: str, state: str, over: bool) -> None:  # noqa: FBT001 - an expectation
    status = read_status({"status": word})
    assert status == Status(state)
    assert status is not None
    assert status.over is over


@pytest.mark.parametrize("word", [None, "", "  ", 3, ["completed"], {"a": 1}])
def test_a_status_that_is_no_word_is_none(word: object) -> None:
    assert read_status({"status": word}) is None
    assert read_status({}) is None


@pytest.mark.parametrize(
    ("position", "read"), [(0, 0), (7, 7), (True, None), ("7", None), (1.5, None), (None, None)]
)
def test_a_queue_position_is_a_number_or_none(position: object, read: int | None) -> None:
    status = read_status({"status": "in_queue", "queue_position": position})
    assert status is not None
    assert status.queue_position == read
    assert repr(status) == f"Status(state='in_queue', queue_position={read})"


@pytest.mark.parametrize(
    ("raw", "outcome"),
    [
        # documented
        ({"status": "succeeded", "output": URL}, Outcome.SUCCEEDED),
        ({"status": "failed", "error": "x"}, Outcome.FAILED),
        ({"status": "failed"}, Outcome.FAILED),
        ({"status": "in_queue"}, Outcome.NOT_OVER),
        ({"status": "in_progress"}, Outcome.NOT_OVER),
        ({"status": "cancelled"}, Outcome.CANCELLED),
        # seen
        ({"status": "completed", "output": URL}, Outcome.SUCCEEDED),
        ({"status": "success", "output": "https://x/a.png"}, Outcome.SUCCEEDED),
        ({"status": "canceled"}, Outcome.CANCELLED),
        ({"status": "completed", "error": {"message": "x"}}, Outcome.FAILED),
        ({"status": "succeeded", "error": "x", "output": None}, Outcome.FAILED),
        # neither, or both
        ({"status": "completed"}, Outcome.SUCCEEDED),
        ({"status": "completed", "output": URL, "error": "a warning"}, Outcome.SUCCEEDED),
        ({"status": "failed", "output": URL}, Outcome.FAILED),
        ({"status": "in_progress", "output": URL}, Outcome.NOT_OVER),
        # unknown
        ({"status": "archived", "output": URL}, Outcome.SUCCEEDED),
        ({"status": "archived"}, Outcome.NOT_OVER),
        ({"status": "archived", "error": "x"}, Outcome.NOT_OVER),
        ({"output": URL}, Outcome.SUCCEEDED),
        ({"error": "x"}, Outcome.FAILED),
        ({}, Outcome.NOT_OVER),
    ],
)
def test_how_a_job_ended(raw: dict[str, Any], outcome: Outcome) -> None:
    assert read_outcome(raw) is outcome


@pytest.mark.parametrize(
    ("raw", "outcome"),
    [
        ({"status": "completed"}, Outcome.CANCELLED),
        ({"status": "completed", "error": "cancelled by user"}, Outcome.CANCELLED),
        ({}, Outcome.CANCELLED),
        ({"status": "completed", "output": URL}, Outcome.SUCCEEDED),
        ({"status": "in_progress"}, Outcome.NOT_OVER),
    ],
)
def test_how_a_job_ended_whose_cancel_was_confirmed(raw: dict[str, Any], outcome: Outcome) -> None:
    assert read_outcome(raw, cancelled=True) is outcome
