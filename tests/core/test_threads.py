from __future__ import annotations

import gc
import os
import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest
from support_journal import output, script
from support_threads import begun_since, is_held

from runcomfy import errors
from runcomfy_core.threads import Bell, Lock, Mailbox, Threads

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "runcomfy-test"


def none_left(*_: object) -> None:
    raise RuntimeError("can't start new thread")


@pytest.fixture
def earlier() -> set[threading.Thread]:
    return set(threading.enumerate())


@pytest.fixture
def threads(earlier: set[threading.Thread]) -> Iterator[Threads]:
    made = Threads(4, NAME)
    yield made
    made.close()
    all_end(earlier)


def all_end(earlier: set[threading.Thread]) -> None:
    for thread in begun_since(earlier, NAME):
        thread.join(10)
        assert not thread.is_alive()


def together(threads: Threads, number: int) -> None:
    """Have so many calls made that all wait for each other."""
    met = threading.Barrier(number + 1)
    for _ in range(number):
        threads.start(partial(met.wait, 10))
    met.wait(10)


def test_a_bell_wakes_one_who_waits_or_the_next_who_will() -> None:
    bell = Bell()
    assert not bell.wait(0.0)
    bell.ring()
    bell.ring()
    assert bell.wait(10)
    assert not bell.wait(0.01)


def test_letters_come_in_their_order_and_each_to_one() -> None:
    box: Mailbox[int] = Mailbox()
    assert box.get() is None
    box.put(1)
    box.put(2)
    assert [box.get(10), box.get(), box.get()] == [1, 2, None]
    threading.Timer(0.05, box.put, [3]).start()
    while (found := box.get(10)) is None:
        pass
    assert found == 3


def test_there_are_as_many_threads_as_calls_and_no_more_than_allowed(
    threads: Threads, earlier: set[threading.Thread]
) -> None:
    for _ in range(300):  # each time all must be there at once, the idle ones too
        together(threads, 4)
    assert {thread.name for thread in begun_since(earlier)} == {f"{NAME}-{n}" for n in range(1, 5)}
    assert all(thread.daemon for thread in begun_since(earlier))


def test_every_call_is_made_once_whoever_asks(threads: Threads) -> None:
    made: list[tuple[int, int]] = []
    over = threading.Semaphore(0)

    def call(*what: int) -> None:
        made.append((what[0], what[1]))
        over.release()

    def ask(who: int) -> None:
        for number in range(500):
            threads.start(partial(call, who, number))

    asking = [threading.Thread(target=ask, args=[who]) for who in range(4)]
    for one in asking:
        one.start()
    assert all(over.acquire(timeout=20) for _ in range(2000))
    for one in asking:
        one.join(10)
    assert sorted(made) == [(who, number) for who in range(4) for number in range(500)]


def test_a_bug_costs_no_thread(
    threads: Threads, earlier: set[threading.Thread], caplog: pytest.LogCaptureFixture
) -> None:
    def bug() -> None:
        raise MemoryError

    for _ in range(10):
        threads.start(bug)
    together(threads, 4)
    assert len(begun_since(earlier)) == 4
    assert {one.getMessage() for one in caplog.records} == {"a thread's work failed: MemoryError"}


def test_they_end_when_they_are_forgotten(earlier: set[threading.Thread]) -> None:
    made: Threads | None = Threads(2, NAME)
    assert made is not None
    together(made, 2)
    made = None
    gc.collect()
    all_end(earlier)


def test_they_may_be_used_after_they_were_closed(
    threads: Threads, earlier: set[threading.Thread]
) -> None:
    for _ in range(50):
        together(threads, 4)
        threads.close()
    together(threads, 4)
    threads.close()
    all_end(earlier)
    together(threads, 4)


def test_without_a_thread_a_call_is_not_made(
    threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", none_left)
        with pytest.raises(errors.ThreadsExhausted) as caught:
            threads.start(lambda: made.append("refused"))
        patch.setattr("_thread.start_new_thread", none_left)
        assert not threads.push(lambda: made.append("pushed"))
    assert str(caught.value) == (
        "can't start new thread: nothing was sent. End some of this process's threads, or raise "
        "the limit on them (ulimit -u, or a container's limit on processes)"
    )
    assert isinstance(caught.value, RuntimeError)
    assert caught.value.submitted is False
    together(threads, 4)
    assert made == []


def test_those_that_are_there_make_do(threads: Threads, monkeypatch: pytest.MonkeyPatch) -> None:
    together(threads, 1)
    monkeypatch.setattr(threading.Thread, "start", none_left)
    over = threading.Semaphore(0)
    for _ in range(10):
        threads.start(over.release)
    assert threads.push(over.release)
    assert all(over.acquire(timeout=10) for _ in range(11))


def test_a_finalizer_gets_a_thread_whatever_the_threading_module_holds(threads: Threads) -> None:
    over = threading.Event()
    with threading._active_limbo_lock:  # type: ignore[attr-defined] # held while a thread starts
        assert threads.push(over.set)
        assert over.wait(10)
    together(threads, 4)


def test_ctrl_c_while_a_thread_starts_costs_none(
    threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = threading.Thread.start

    def pressed(thread: threading.Thread) -> None:
        begin(thread)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", pressed)
        with pytest.raises(KeyboardInterrupt):
            threads.start(lambda: None)
    together(threads, 4)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_makes_its_own() -> None:
    source = """
import os, threading, warnings
from runcomfy_core.threads import Threads

warnings.simplefilter("ignore")
threads, hold, made = Threads(2, "x"), threading.Event(), []
begun = threading.Semaphore(0)
for _ in range(2):
    threads.start(lambda: (begun.release(), hold.wait()))
assert begun.acquire(timeout=10) and begun.acquire(timeout=10)
threads.start(lambda: made.append(os.getpid()))
child = os.fork()
if not child:
    assert not threads.push(lambda: made.append("pushed"))
    over = threading.Event()
    threads.start(over.set)
    os._exit(0 if over.wait(10) and not made else 1)
assert os.waitpid(child, 0)[1] == 0
hold.set()
threads.start(begun.release)
assert begun.acquire(timeout=10)
while not made:  # the other thread has it
    pass
assert made == [os.getpid()]
"""
    output(script(source))


def test_one_that_hangs_does_not_keep_the_program_alive() -> None:
    source = """
import threading, time
from runcomfy_core.threads import Threads

threads, begun = Threads(2, "x"), threading.Event()
threads.start(lambda: (begun.set(), time.sleep(100)))
assert begun.wait(10)
"""
    output(script(source))


def test_a_lock_keeps_other_threads_out() -> None:
    lock = Lock()
    assert not is_held(lock)
    with lock.alone:
        assert is_held(lock)
    assert not is_held(lock)


def test_a_lock_that_an_interrupted_thread_kept_can_be_taken_again() -> None:
    lock = Lock()
    lock.alone.acquire()  # and what was to release it never came to it
    with lock.alone:
        assert is_held(lock)
    assert not is_held(lock)
