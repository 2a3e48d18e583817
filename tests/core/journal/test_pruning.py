from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from support_client import TOKEN, FakeClock
from support_journal import ORIGIN, begin, integrity
from support_map import MODEL, Api, prompts

from runcomfy import Client, Result, errors
from runcomfy_core.journal import Journal, JournalError, pruning, table
from runcomfy_core.journal.entries import STATES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = 86_400
OPEN = ["posting", "uncertain", "submitted"]
OVER: list[Any] = ["completed", "failed", "cancelled"]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "j.sqlite3") as journal:
        yield journal


def fill(journal: Journal) -> None:
    """One in each state, with a key and without; then one more, the latest."""
    for key in (None, "1"):
        for state in (*OPEN, "refused", *OVER):
            local_id = begin(journal, key, state=state)
            request_id = f"r-{state}-{key}"
            if state == "uncertain":
                journal.mark_uncertain(local_id, "no answer", request_id)
            elif state == "refused":
                journal.mark_refused(local_id)
            elif state != "posting":
                journal.mark_submitted(local_id, request_id)
            if state in OVER:
                journal.mark_finished(request_id, state, {"of": state}, origin=ORIGIN)
    journal.mark_refused(begin(journal, state="latest"))


def rows(journal: Journal) -> list[tuple[str, str | None]]:
    return [(entry.state, entry.key) for entry in journal.jobs()]


def test_what_is_forgotten_and_what_is_kept(journal: Journal) -> None:
    fill(journal)
    before = {entry.local_id: entry for entry in journal.jobs()}
    assert journal.prune(older_than=0) == 4 + 1 + 3
    kept = [*[(state, None) for state in OPEN], *[(state, "1") for state in (*OPEN, *OVER)]]
    assert rows(journal) == [*kept, ("refused", None)]
    for entry in journal.jobs():
        was = before[entry.local_id]
        if entry.key is None or entry.state in OPEN:
            assert entry == was
            continue
        assert entry.input is None
        assert entry.result == (None if entry.state == "completed" else {"of": entry.state})
        assert (entry.digest, entry.request_id) == (was.digest, was.request_id)
        assert entry.updated == was.updated
    assert journal.prune(older_than=0) == 0
    assert integrity(journal.path) == "ok"


def test_what_is_not_old_enough_stays(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(journal)
    before = list(journal.jobs())
    assert journal.prune(older_than=DAY) == 0
    assert list(journal.jobs()) == before
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + DAY + 1)
    assert journal.prune(older_than=DAY) == 8


def test_in_several_parts(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "_BATCH", 3)
    fill(journal)
    assert journal.prune(older_than=0) == 8
    assert len(rows(journal)) == 10


def test_an_empty_one(journal: Journal) -> None:
    assert journal.prune(older_than=0) == 0


def test_no_number_is_used_again(journal: Journal) -> None:
    def numbers() -> list[int]:
        return journal._store.look(lambda connection: table.numbers(connection, STATES))

    for _ in range(3):
        journal.mark_refused(begin(journal))
    assert journal.prune(older_than=0) == 2
    assert numbers() == [3]
    begin(journal)
    assert numbers() == [3, 4]


@pytest.mark.parametrize("bad", [-1, float("nan"), "1", None, True])
def test_an_age_that_is_none(journal: Journal, bad: Any) -> None:
    fill(journal)
    with pytest.raises(errors.ConfigurationError, match=r"^older_than must be a"):
        journal.prune(older_than=bad)
    assert len(rows(journal)) == 15


def test_one_that_is_closed(journal: Journal) -> None:
    journal.close()
    with pytest.raises(JournalError, match="it is closed"):
        journal.prune(older_than=0)


def test_while_others_submit(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "_BATCH", 7)
    done = threading.Event()

    def submit(other: Journal, name: str) -> None:
        for number in range(60):
            request_id = f"r-{name}-{number}"
            other.mark_submitted(begin(other, n=number, name=name), request_id)
            other.mark_finished(request_id, "completed", {}, origin=ORIGIN)
            last = begin(other, f"{name} {number}")
            other.mark_submitted(last, f"{request_id}-open")

    with Journal(journal.path) as one, Journal(journal.path) as two:
        threads = [
            threading.Thread(target=submit, args=pair) for pair in ((one, "one"), (two, "two"))
        ]
        for thread in threads:
            thread.start()
        forgotten = 0
        while not done.is_set():
            if not any(thread.is_alive() for thread in threads):
                done.set()
            forgotten += journal.prune(older_than=0)
    assert forgotten == 120
    assert rows(journal).count(("submitted", None)) == 0
    assert len(journal.unfinished()) == 120
    assert integrity(journal.path) == "ok"


def test_a_map_over_the_same_inputs_pays_for_nothing_again(tmp_path: Path) -> None:
    inputs = prompts("ok 1", "fails", "ok 2", "ok 2", "dropped", "refused")

    def outcomes() -> dict[tuple[str, int], Any]:
        pairs = client.map(MODEL, inputs, ordered=True)
        return {
            (str(value["prompt"]), number): (
                outcome.output if isinstance(outcome, Result) else str(outcome)
            )
            for number, (value, outcome) in enumerate(pairs)
        }

    with (
        Api() as api,
        Client(
            TOKEN, base_url=api.base_url, clock=FakeClock(), journal=tmp_path / "j.sqlite3"
        ) as client,
    ):
        outcomes()
        first = outcomes()
        sent = sorted(api.submitted)
        client.submit(MODEL, {"prompt": "ok single"}).wait()
        client.submit(MODEL, {"prompt": "runs"})
        assert client.journal.prune(older_than=0) == 1 + 2 + 4
        assert outcomes() == first
        assert sorted(api.submitted) == sorted([*sent, "ok single", "runs"])
        # What was fetched again is there again.
        asked = api.requests
        assert outcomes() == first
        assert api.requests == asked + 1  # what was refused
