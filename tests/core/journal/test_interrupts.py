"""Ctrl-C at any instruction of a write: no write is lost, and none is told of that is not done."""

from __future__ import annotations

import opcode
import signal
import sqlite3
import threading
import time
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from support_journal import MODEL, ORIGIN, begin, integrity
from support_opcodes import Interrupter, places

from runcomfy_core.journal import Entry, Journal, store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import FrameType

PACKAGE = "runcomfy_core/journal"


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    with Journal(tmp_path / "j.sqlite3") as journal:
        # The name of the session takes the lock as well; with it at hand, a write only queues.
        name = journal._store.session()
        monkeypatch.setattr(journal._store, "session", lambda: name)
        yield journal


def row(path: Path, local_id: str) -> tuple[str, str | None] | None:
    """State and request id of a row, as another process sees them."""
    with closing(sqlite3.connect(path)) as other:
        found: tuple[str, str | None] | None = other.execute(
            "SELECT state, request_id FROM submission WHERE local_id = ?", (local_id,)
        ).fetchone()
        return found


class Waiting:
    """Threads that wait to write, each of which looks at the disk when it is told that it is done.

    Attributes:
        seen: What each was told to have done, and what the disk had of it then.
    """

    def __init__(self, journal: Journal, number: int) -> None:
        self.seen: dict[str, Any] = {}
        self._journal = journal
        self._earlier = begin(journal, "earlier")
        queue = journal._store._queue
        journal._store._lock.alone.acquire()
        self._threads = [
            threading.Thread(target=self._work, args=(name, act))
            for name, act in {
                "begin": lambda: begin(journal, f"begin {number}"),
                "claim": lambda: journal.claim(MODEL, {"n": number}, origin=ORIGIN, key="1"),
                "note": lambda: journal.mark_submitted(self._earlier, f"r-{number}"),
            }.items()
        ]
        for thread in self._threads:
            thread.start()
        end = time.monotonic() + 10
        while len([one for one in queue.copy() if one.state == "pending"]) < len(self._threads):
            assert time.monotonic() < end
            time.sleep(0)

    def _work(self, name: str, act: Callable[[], Any]) -> None:
        found = act()
        assert not isinstance(found, Entry), "its own row was taken for another's"
        self.seen[name] = row(self._journal.path, found or self._earlier)

    def go_on(self) -> None:
        """Let them have the lock, and wait until they are done."""
        self._journal._store._lock.let_go()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()


def test_a_thread_that_is_interrupted_while_it_writes_for_others(journal: Journal) -> None:
    interrupter = Interrupter(PACKAGE)
    waiting = Waiting(journal, -1)
    interrupter.run(journal._store._flush)
    waiting.go_on()
    count = interrupter.passed
    assert count > 1000
    told: set[str] = set()
    for number in places(count):
        waiting = Waiting(journal, number)
        with pytest.raises(KeyboardInterrupt):
            interrupter.run(journal._store._flush, number)
        told.add(interrupter.place.partition(":")[0])
        waiting.go_on()
        expected = {
            "begin": ("posting", None),
            "claim": ("posting", None),
            "note": ("submitted", f"r-{number}"),
        }
        assert waiting.seen == expected, interrupter.place
        assert all(write.state == "done" for write in journal._store._queue)
    # No row is there twice, and none that nobody asked for.
    rounds = len(list(places(count))) + 1
    assert len(list(journal.jobs())) == 3 * rounds
    assert integrity(journal.path) == "ok"
    assert {"Store._flush", "Store._commit", "_execute", "insert", "change"} <= told


@pytest.mark.parametrize("how", ["begin", "claim"])
def test_a_submission_that_is_interrupted_is_not_there(journal: Journal, how: str) -> None:
    def possible(frame: FrameType) -> bool:
        # Python runs no handler right before a return; a trace can't tell.
        return not opcode.opname[frame.f_code.co_code[frame.f_lasti]].startswith("RETURN")

    interrupter = Interrupter(PACKAGE, possible)

    def act(number: int) -> str | Entry:
        if how == "begin":
            return begin(journal, str(number))
        return journal.claim(MODEL, {"n": number}, origin=ORIGIN, key="1")

    for number in (-2, -1):  # the second time, some texts are known already
        interrupter.run(partial(act, number))
    count = interrupter.passed
    assert count > 1000
    before = len(list(journal.jobs()))
    found: list[str] = []
    for number in places(count):
        with pytest.raises(KeyboardInterrupt):
            interrupter.run(partial(act, number), number)
        # It may have been given back when it had its id.
        states = [entry.state for entry in journal.jobs()][before:]
        assert states in ([], ["refused"]), interrupter.place
        before += len(states)
        found += states
    # Some were on the disk already.
    assert found
    assert isinstance(act(-3), str)


def test_a_signal_handler_that_raises_an_error_is_no_fault_of_the_journal(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ring(_: int, __: FrameType | None) -> None:
        raise TimeoutError("mine")

    def alarm(*arguments: Any) -> Any:
        signal.raise_signal(signal.SIGALRM)
        return execute(*arguments)

    execute = store._execute
    before = signal.signal(signal.SIGALRM, ring)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(store, "_execute", alarm)
            for act in (
                lambda: begin(journal),
                lambda: journal.claim(MODEL, {}, origin=ORIGIN),
                lambda: journal.mark_finished("r", "failed", None, origin=ORIGIN),
            ):
                with pytest.raises(TimeoutError, match=r"^mine$"):
                    act()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert isinstance(begin(journal), str)
    assert [entry.state for entry in journal.jobs()] == ["posting"]
