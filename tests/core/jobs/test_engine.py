from __future__ import annotations

import os
import queue
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from support_client import FakeClock
from support_threads import begun_since

from runcomfy import errors
from runcomfy_core.jobs.engine import Scheduler, Stopped
from runcomfy_core.threads import Mailbox
from runcomfy_core.wire.answer import Answer
from runcomfy_core.wire.clock import SystemClock
from runcomfy_core.wire.steps import Send, send, sleep, work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runcomfy_core.wire.steps import Steps

OK = Answer(200, {}, b"{}")


class Line:
    """A transport that says what the test has it say, and counts."""

    longest = 1.0

    def __init__(self, reply: Callable[[], object] = lambda: None) -> None:
        self.sent: list[str] = []
        self.most = 0
        self._now = 0
        self._reply = reply
        self._lock = threading.Lock()

    def send(self, request: Send, /) -> Answer:
        with self._lock:
            self.sent.append(request.path)
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            self._reply()
        finally:
            with self._lock:
                self._now -= 1
        return OK


def ask(path: str = "/x") -> Steps[int]:
    outcome = yield from send(Send("GET", path))
    assert isinstance(outcome, Answer)
    return outcome.status


def pauses(*seconds: float) -> Steps[str]:
    for pause in seconds:
        yield from sleep(pause)
    return "rested"


def ends(scheduler: Scheduler[Any], count: int) -> list[tuple[int, Any]]:
    found = [scheduler.next_ended(wait=True) for _ in range(count)]
    return [one for one in found if one is not None]


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def scheduler(line: Line) -> Iterator[Scheduler[Any]]:
    earlier = set(threading.enumerate())
    made: Scheduler[Any] = Scheduler(line, FakeClock())
    yield made
    assert made.close(10) == 0
    for thread in begun_since(earlier, "runcomfy-"):
        thread.join(10)
        assert not thread.is_alive()


def test_operations_are_performed_and_told_once(scheduler: Scheduler[Any], line: Line) -> None:
    scheduler.start(1, ask("/1"))
    scheduler.start(2, pauses(5, 0))
    assert sorted(ends(scheduler, 2)) == [(1, 200), (2, "rested")]
    assert line.sent == ["/1"]
    assert scheduler.next_ended(wait=False) is None
    assert scheduler.under_way == 0


def test_what_a_step_raises_is_thrown_in_and_what_comes_out_is_the_outcome(
    scheduler: Scheduler[Any],
) -> None:
    def broken() -> None:
        raise OSError("no")

    def caught() -> Steps[str]:
        try:
            yield from work(broken)
        except OSError as error:
            return str(error)
        return "never"

    def stops() -> None:
        raise StopIteration("of somebody else's")

    scheduler.start(1, caught())
    scheduler.start(2, work(broken))
    scheduler.start(3, work(stops))
    outcomes = dict(ends(scheduler, 3))
    assert outcomes[1] == "no"
    assert isinstance(outcomes[2], OSError)
    assert isinstance(outcomes[3], RuntimeError)


def test_pauses_end_in_their_order(line: Line) -> None:
    order: list[float] = []

    def rest(seconds: float) -> Steps[None]:
        yield from sleep(seconds)
        yield from work(partial(order.append, seconds))

    scheduler: Scheduler[None] = Scheduler(line, SystemClock())
    begin = time.monotonic()
    for number, seconds in enumerate([0.3, 0.1, 0.2]):
        scheduler.start(number, rest(seconds))
    ends(scheduler, 3)
    assert order == [0.1, 0.2, 0.3]
    assert 0.29 < time.monotonic() - begin < 5
    assert scheduler.close() == 0


def test_a_made_up_clock_stands_still_while_something_is_under_way() -> None:
    entered, leave = threading.Event(), threading.Event()

    def hang() -> None:
        entered.set()
        assert leave.wait(10)

    clock = FakeClock()
    scheduler: Scheduler[Any] = Scheduler(Line(hang), clock)
    scheduler.start(1, ask())
    assert entered.wait(10)
    scheduler.start(2, pauses(100))
    assert scheduler.next_ended(wait=False) is None
    assert clock.sleeps == []
    leave.set()
    assert ends(scheduler, 2) == [(1, 200), (2, "rested")]
    assert clock.sleeps == [100]
    scheduler.close()


def test_one_thread_that_hangs_holds_up_nobody() -> None:
    leave = threading.Event()
    hung = Line(lambda: leave.wait(10))
    scheduler: Scheduler[Any] = Scheduler(hung, FakeClock(), threads=2)
    scheduler.start(1, ask())
    for number in range(2, 50):
        scheduler.start(number, work(lambda: None))
    assert {number for number, _ in ends(scheduler, 48)} == set(range(2, 50))
    leave.set()
    assert ends(scheduler, 1) == [(1, 200)]
    scheduler.close()


def test_a_burst_uses_all_threads_and_no_more() -> None:
    full = threading.Barrier(4)
    slow = Line(lambda: full.wait(10))  # four must be there at once, or it breaks
    scheduler: Scheduler[Any] = Scheduler(slow, FakeClock(), threads=4)
    for number in range(40):
        scheduler.start(number, ask())
    assert {outcome for _, outcome in ends(scheduler, 40)} == {200}
    assert slow.most == 4
    scheduler.close()


def test_a_system_without_threads_is_made_do_with(
    scheduler: Scheduler[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler.start(0, ask())

    def none_left(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", none_left)
    for number in range(1, 20):
        scheduler.start(number, ask())
    assert len(ends(scheduler, 20)) == 20


def test_the_first_thread_must_start(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler: Scheduler[Any] = Scheduler(line, FakeClock())

    def none_left(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", none_left)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            scheduler.start(1, ask())
    scheduler.start(2, ask())
    assert ends(scheduler, 1) == [(2, 200)]  # whose start failed is not performed later either
    assert scheduler.close() == 0


# --- stopping ---


def parting(begun: threading.Semaphore, seen: list[str]) -> Steps[str]:
    """Pauses; told to stop, it asks for a last request and a pause."""
    try:
        yield from work(begun.release)
        yield from sleep(1000)
        yield from ask("/more")
    except Stopped:
        yield from sleep(1000)
        yield from ask("/last")
        yield from work(lambda: seen.append("noted"))
        raise
    return "never"


def test_what_pauses_is_told_to_stop_and_may_make_last_requests(line: Line) -> None:
    begun = threading.Semaphore(0)
    seen: list[str] = []
    scheduler: Scheduler[Any] = Scheduler(line, SystemClock())
    for number in range(100):
        scheduler.start(number, parting(begun, seen))
    assert all(begun.acquire(timeout=10) for _ in range(100))
    begin = time.monotonic()
    assert scheduler.close(10) == 0
    assert time.monotonic() - begin < 5
    assert line.sent == ["/last"] * 100
    assert seen == ["noted"] * 100
    assert all(isinstance(outcome, Stopped) for _, outcome in ends(scheduler, 100))


def test_what_was_not_begun_never_begins() -> None:
    entered, leave = threading.Event(), threading.Event()

    def hang() -> None:
        entered.set()
        assert leave.wait(10)

    line, touched = Line(hang), list[int]()
    scheduler: Scheduler[Any] = Scheduler(line, FakeClock(), threads=1)

    def two() -> Steps[None]:
        yield from ask("/1")
        yield from work(lambda: touched.append(1))
        yield from ask("/2")

    scheduler.start(1, two())
    assert entered.wait(10)
    scheduler.start(2, work(lambda: touched.append(2)))
    assert scheduler.close(0) == 2
    leave.set()
    outcomes = dict(ends(scheduler, 2))
    # The answer came and was worked on; the next request was not made.
    assert line.sent == ["/1"]
    assert touched == [1]
    assert isinstance(outcomes[1], Stopped)
    assert isinstance(outcomes[2], Stopped)
    assert scheduler.close() == 0


def test_whoever_has_heard_that_all_is_over_finds_what_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = list[str]()
    begun = threading.Semaphore(0)
    scheduler: Scheduler[Any] = Scheduler(Line(), SystemClock())

    class Late(Mailbox[Any]):
        def put(self, letter: Any) -> None:
            time.sleep(0.1)  # a thread may be held up at any point
            super().put(letter)

    monkeypatch.setattr(scheduler, "_ended", Late())
    scheduler.start(1, parting(begun, seen))
    assert begun.acquire(timeout=10)
    assert scheduler.close() == 0
    assert [type(one) for _, one in scheduler.ended()] == [Stopped]


def test_ctrl_c_while_an_operation_begins_unmakes_it(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pressed(_: threading.Thread) -> None:
        raise KeyboardInterrupt

    scheduler: Scheduler[Any] = Scheduler(line, SystemClock())
    monkeypatch.setattr(threading.Thread, "start", pressed)
    with pytest.raises(KeyboardInterrupt):
        scheduler.start(1, ask())
    assert scheduler.close() == 0
    assert line.sent == []


def test_ctrl_c_never_leaves_the_lock_taken(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    enter = threading.Condition.__enter__

    def pressed(condition: threading.Condition) -> bool:
        enter(condition)
        if condition is made._changed:
            raise KeyboardInterrupt  # as a signal may: when the lock is taken, before the block
        return True

    made: Scheduler[Any] = Scheduler(line, SystemClock())
    monkeypatch.setattr(threading.Condition, "__enter__", pressed)
    made.start(1, ask())
    assert ends(made, 1) == [(1, 200)]
    assert made.close() == 0


def test_a_second_ctrl_c_ends_the_wait_of_all_who_close() -> None:
    entered, leave = threading.Event(), threading.Event()

    def hang() -> None:
        entered.set()
        assert leave.wait(10)

    def pressed(*_: object) -> None:
        raise KeyboardInterrupt

    scheduler: Scheduler[Any] = Scheduler(Line(hang), SystemClock())
    scheduler.start(1, ask())
    assert entered.wait(10)
    begin = time.monotonic()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scheduler._changed, "wait_for", pressed)
        with pytest.raises(KeyboardInterrupt):
            scheduler.close(8)
    assert scheduler.close(8) == 1
    assert time.monotonic() - begin < 4
    leave.set()
    assert ends(scheduler, 1)


def test_nothing_begins_after_the_end(scheduler: Scheduler[Any]) -> None:
    scheduler.close()
    with pytest.raises(errors.ConfigurationError, match="the client was closed before its map"):
        scheduler.start(1, ask())


def test_a_wait_looks_up_now_and_then(
    scheduler: Scheduler[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runcomfy_core.jobs.engine._LOOK_UP", 0.01)
    looked: queue.SimpleQueue[None] = queue.SimpleQueue()

    def late() -> None:
        time.sleep(0.1)
        looked.put(None)

    scheduler.start(1, work(late))
    assert scheduler.next_ended(wait=True) == (1, None)
    looked.get(timeout=1)


def test_a_program_that_just_ends_lets_its_operations_part(tmp_path: Any) -> None:
    from support_journal import output, script  # noqa: PLC0415 - it starts processes

    source = """
import sys, threading
from pathlib import Path
from runcomfy_core.wire.clock import SystemClock
from runcomfy_core.jobs.engine import Scheduler, Stopped
from runcomfy_core.wire.steps import sleep, work

begun = threading.Event()

def rest():
    try:
        yield from work(begun.set)
        yield from sleep(1000)
    except Stopped:
        yield from work(lambda: Path(sys.argv[1]).write_text("parted"))
        raise

scheduler = Scheduler(None, SystemClock())
scheduler.start(1, rest())
assert begun.wait(10)
"""
    note = tmp_path / "note"
    output(script(source, note))
    assert note.read_text() == "parted"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_leaves_the_operations_to_its_parent(tmp_path: Any) -> None:
    from support_journal import output, script  # noqa: PLC0415 - it starts processes

    # In a process of its own: to fork beside other threads is what is tried.
    source = """
import os, sys, threading, warnings
from pathlib import Path
from runcomfy import errors
from runcomfy_core.wire.clock import SystemClock
from runcomfy_core.jobs.engine import Scheduler, Stopped
from runcomfy_core.wire.steps import sleep, work

warnings.simplefilter("ignore")
note = Path(sys.argv[1])

def rest():
    try:
        yield from work(begun.set)
        yield from sleep(1000)
    except Stopped:
        yield from work(lambda: note.write_text(note.read_text() + f"{os.getpid()} "))
        raise

note.write_text("")
begun = threading.Event()
scheduler = Scheduler(None, SystemClock())
scheduler.start(1, rest())
assert begun.wait(10)
child = os.fork()
if not child:
    for call in (lambda: scheduler.start(3, rest()), lambda: scheduler.next_ended(wait=True)):
        try:
            call()
        except errors.ConfigurationError as error:
            assert "begun before a fork" in str(error)
        else:
            raise AssertionError
    assert scheduler.close() == 0
    sys.exit()
assert os.waitpid(child, 0)[1] == 0
scheduler.close()
assert note.read_text() == f"{os.getpid()} "
"""
    output(script(source, tmp_path / "note"))
