"""Threads for what blocks: a few, made when they are needed, and gone with the program.

Rules:

- They are daemons. The interpreter joins the threads of concurrent.futures before it ends, so one
  that hangs on a dead line would keep the process alive for as long as a request may take.
- Whoever asks for a call takes no lock. Ctrl-C at any point leaves nothing locked, and the garbage
  collector, which may run at any point of any thread, can ask for one.
- ``queue.SimpleQueue`` is such a queue only where Python has ``_queue``, which is optional.
- A forked child has none of its parent's threads. It makes its own, and leaves to the parent what
  those were asked for.
- Where the system gives no more threads, those that are there do the work.
"""

from __future__ import annotations

import _thread
import os
import threading
import weakref
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from .errors import ThreadsExhausted
from .interrupts import pass_on
from .logs import log

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Lock:
    """A lock that no thread keeps because it was interrupted: ``with lock.alone: …``.

    After the block of a ``with`` it takes some instructions until its lock is released, and an
    exception that comes there leaves it locked. So whoever takes this one first lets go of what its
    thread has kept. The rule is that nobody takes it who has it.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()

    @property
    def alone(self) -> threading.RLock:
        """The lock itself, to be taken."""
        self.let_go()
        return self._lock

    def let_go(self) -> None:
        """Release it, if this thread has it."""
        try:
            while True:
                self._lock.release()
        except RuntimeError as error:
            pass_on(error)


class Bell:
    """Wakes one thread that waits for it; if none does, the next that will."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        # A bare lock, for taking and releasing it is one step of the interpreter's each.
        self._lock = threading.Lock()
        self._lock.acquire()

    def ring(self) -> None:
        """Ring it."""
        try:
            self._lock.release()
        except RuntimeError:  # it rings already
            return

    def wait(self, seconds: float = -1) -> bool:
        """Wait until it rings, -1 for as long as that takes; whether it did."""
        return self._lock.acquire(timeout=seconds)


class Mailbox(Generic[T]):
    """What threads send, and one thread takes."""

    def __init__(self) -> None:
        self._letters: deque[T] = deque()
        self._bell = Bell()

    def put(self, letter: T) -> None:
        """Send it."""
        self._letters.append(letter)
        self._bell.ring()

    def get(self, seconds: float = 0.0) -> T | None:
        """Take the oldest; None when there is none after so many seconds, or when the bell rang.

        The bell may ring for one that was taken before.
        """
        found = self.look(seconds)
        if found is not None:
            self.drop()
        return found

    def look(self, seconds: float = 0.0) -> T | None:
        """The oldest, as :meth:`get`, which stays."""
        if not self._letters and seconds > 0:
            self._bell.wait(seconds)
        return self._letters[0] if self._letters else None

    def drop(self) -> None:
        """Throw the oldest away."""
        self._letters.popleft()


def start_thread(work: Callable[[], object], name: str) -> None:
    """Start a daemon thread.

    Raises:
        ThreadsExhausted: The system gives this process no more.
    """
    try:
        threading.Thread(target=work, name=name, daemon=True).start()
    except RuntimeError as error:
        raise ThreadsExhausted(str(error)) from None


class _Calls:
    """What the threads of one process share."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.waiting: deque[Callable[[], object]] = deque()
        self.bell = Bell()
        # What is in them is counted. To add and to remove is one step of the interpreter's each.
        self.idle: deque[None] = deque()
        self.threads: set[object] = set()
        self.closed = False

    def are_few(self, most: int) -> bool:
        """Whether one more thread is needed, and allowed."""
        # Those who are idle may have been promised to others before.
        return len(self.waiting) > len(self.idle) and len(self.threads) < most

    def close(self) -> None:
        """Let the threads end when nothing waits any more."""
        self.closed = True
        self.bell.ring()

    def work(self, badge: object) -> None:
        """Make calls, one after the other; a thread's life."""
        while True:
            try:
                call = self.waiting.popleft()
            except IndexError:
                if self.closed and self._leave(badge):
                    return
                self.idle.append(None)
                self.bell.wait()
                # Before it takes a call. Whoever asks meanwhile counts too few idle threads, and
                # starts one that is not needed; by too many, a call would be left to wait.
                self.idle.pop()
                continue
            if self.waiting:
                self.bell.ring()  # it may have rung once for several
            try:
                call()
            except BaseException as error:  # noqa: BLE001 - a bug must not cost a thread
                log.error("a thread's work failed: %s", type(error).__name__)
            del call  # it would be held until the next one

    def _leave(self, badge: object) -> bool:
        """Whether a thread may end: not if a call came meanwhile."""
        self.threads.discard(badge)
        if self.waiting:
            self.threads.add(badge)
            return False
        self.bell.ring()  # for the next
        return True


class Threads:
    """A number of threads, and calls that wait for one. What a call raises is its own affair.

    They end when this is closed or forgotten, and what waits is done. It may be used after that.

    Args:
        most: How many there are, at most.
        name: Of each, with a number.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._renew()

    def start(self, call: Callable[[], object]) -> None:
        """Have a call made by a thread as soon as one is free.

        Raises:
            ThreadsExhausted: There is none, and the system gives none. The call is not made.
        """
        calls = self._calls
        if calls.process != os.getpid():
            calls = self._renew()
        calls.waiting.append(call)
        calls.bell.ring()
        if calls.are_few(self._most):
            self._add(calls, call)

    def push(self, call: Callable[[], object]) -> bool:
        """Have a call made like :meth:`start`, or return False; for finalizers, too.

        The collector may call one at any point, where a lock of the threading module's is held. So
        a thread that it needs is none of that module's.
        """
        calls = self._calls
        if calls.process != os.getpid():
            return False
        calls.waiting.append(call)
        calls.bell.ring()
        if calls.are_few(self._most):
            badge = object()
            calls.threads.add(badge)
            try:
                _thread.start_new_thread(calls.work, (badge,))
            except RuntimeError:
                calls.threads.discard(badge)
                return bool(calls.threads) or not _withdrawn(calls, call)
        return True

    def close(self) -> None:
        """Let the threads end when nothing waits any more."""
        # Not by the finalizer, which acts once: what interrupts it would have the last word.
        self._calls.close()

    def _add(self, calls: _Calls, call: Callable[[], object]) -> None:
        badge = object()
        try:
            calls.threads.add(badge)
            start_thread(partial(calls.work, badge), f"{self._name}-{len(calls.threads)}")
        except ThreadsExhausted:
            calls.threads.discard(badge)
            if not calls.threads and _withdrawn(calls, call):
                raise
        # Ctrl-C while it starts. If it runs all the same, there is one more than is counted.
        except BaseException:
            calls.threads.discard(badge)
            raise

    def _renew(self) -> _Calls:
        self._calls = _Calls()
        self._finalizer = weakref.finalize(self, self._calls.close)
        self._finalizer.atexit = False  # whoever parts then may need them
        return self._calls


def _withdrawn(calls: _Calls, call: Callable[[], object]) -> bool:
    """Take a call back; whether no thread has it."""
    try:
        calls.waiting.remove(call)
    except ValueError:
        return False
    return True
