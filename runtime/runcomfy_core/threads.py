"""A pool of daemon threads for blocking calls, and locks that survive Ctrl-C.

Rules:

- The threads are daemons. The interpreter joins the threads of ``concurrent.futures`` before it
  ends, so one that hangs on a dead connection would keep the process alive for as long as a request
  may take.
- Asking for a call takes no lock. So Ctrl-C at any point leaves nothing locked, and code that the
  garbage collector runs, at any point of any thread, can ask for a call.
- ``queue.SimpleQueue`` is not used: it takes no lock only if Python has the C module ``_queue``,
  which is optional.
- A forked child has none of its parent's threads. It starts its own, and leaves the parent's calls
  to the parent.
- If the system allows no more threads, the existing ones do the work.
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
    """A lock that an interrupted thread does not keep for ever: ``with lock.alone: …``.

    If Ctrl-C comes just after the block of a ``with``, the lock may stay taken. So a thread that
    takes this lock first releases whatever it has kept of it. For that reason, no thread may take
    the lock while it holds it.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()

    @property
    def alone(self) -> threading.RLock:
        """The lock itself, for a ``with`` statement."""
        self.let_go()
        return self._lock

    def let_go(self) -> None:
        """Release the lock, if this thread holds it."""
        try:
            while True:
                self._lock.release()
        except RuntimeError as error:
            pass_on(error)


class Bell:
    """Wakes one thread that waits for it, or the next one that will wait."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        # A plain lock is used because acquire and release are atomic.
        self._lock = threading.Lock()
        self._lock.acquire()

    def ring(self) -> None:
        """Ring the bell."""
        try:
            self._lock.release()
        except RuntimeError:  # the bell rings already
            return

    def wait(self, seconds: float = -1) -> bool:
        """Wait until the bell rings, -1 for without limit; return whether it rang."""
        return self._lock.acquire(timeout=seconds)


class Mailbox(Generic[T]):
    """A queue that any threads write, and one thread reads."""

    def __init__(self) -> None:
        self._letters: deque[T] = deque()
        self._bell = Bell()

    def put(self, letter: T) -> None:
        """Add a letter."""
        self._letters.append(letter)
        self._bell.ring()

    def get(self, seconds: float = 0.0) -> T | None:
        """Take the oldest letter, after a wait of at most *seconds* if there is none yet.

        Return None if there is still none. The wait may end early, because the bell may still ring
        for a letter that was taken before.
        """
        found = self.look(seconds)
        if found is not None:
            self.drop()
        return found

    def look(self, seconds: float = 0.0) -> T | None:
        """Return the letter that :meth:`get` would return, and leave it in the mailbox."""
        if not self._letters and seconds > 0:
            self._bell.wait(seconds)
        return self._letters[0] if self._letters else None

    def drop(self) -> None:
        """Remove the oldest letter."""
        self._letters.popleft()


def start_thread(work: Callable[[], object], name: str) -> None:
    """Start a daemon thread.

    Raises:
        ThreadsExhausted: The system allows this process no more threads.
    """
    try:
        threading.Thread(target=work, name=name, daemon=True).start()
    except RuntimeError as error:
        raise ThreadsExhausted(str(error)) from None


class _Calls:
    """The state that the threads of one process share."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.waiting: deque[Callable[[], object]] = deque()
        self.bell = Bell()
        # Only the sizes of these two matter. Adding and removing are atomic.
        self.idle: deque[None] = deque()
        self.threads: set[object] = set()
        self.closed = False

    def are_few(self, most: int) -> bool:
        """Return whether one more thread is needed, and allowed."""
        # The idle threads may already be needed for other waiting calls.
        return len(self.waiting) > len(self.idle) and len(self.threads) < most

    def close(self) -> None:
        """Let the threads end when no call waits any more."""
        self.closed = True
        self.bell.ring()

    def work(self, badge: object) -> None:
        """Make calls, one after the other; each thread runs this."""
        while True:
            try:
                call = self.waiting.popleft()
            except IndexError:
                if self.closed and self._leave(badge):
                    return
                self.idle.append(None)
                self.bell.wait()
                # This thread stops counting as idle before it takes a call. If the count is too low
                # for a moment, at worst a needless thread is started. If it were too high, a call
                # might be left waiting.
                self.idle.pop()
                continue
            if self.waiting:
                self.bell.ring()  # one ring may stand for several calls
            try:
                call()
            except BaseException as error:  # noqa: BLE001 - a bug must not end the thread
                log.error("a thread's work failed: %s", type(error).__name__)
            del call  # the call would otherwise stay in memory until the next one

    def _leave(self, badge: object) -> bool:
        """Return whether a thread may end; it may not if a call came in the meantime."""
        self.threads.discard(badge)
        if self.waiting:
            self.threads.add(badge)
            return False
        self.bell.ring()  # wakes the next thread, so that it can end, too
        return True


class Threads:
    """A pool of threads that make calls. A call must handle its own exceptions.

    The threads end when the pool is closed or garbage-collected and all waiting calls are made. The
    pool may be used again after that.

    Args:
        most: The most threads.
        name: The name of the threads, to which a number is added.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._renew()

    def start(self, call: Callable[[], object]) -> None:
        """Have a call made by a thread as soon as one is free.

        Raises:
            ThreadsExhausted: The pool has no thread, and the system allows none. The call is not
                made.
        """
        calls = self._calls
        if calls.process != os.getpid():
            calls = self._renew()
        calls.waiting.append(call)
        calls.bell.ring()
        if calls.are_few(self._most):
            self._add(calls, call)

    def push(self, call: Callable[[], object]) -> bool:
        """Have a call made by a thread; return False, and do nothing, if there is no thread for it.

        Unlike :meth:`start`, this may be called from a finalizer. The garbage collector may run one
        while a lock of the threading module is held, so a new thread is started without that
        module.
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
        """Let the threads end when no call waits any more."""
        # The finalizer is not used here, because it runs only once and might be interrupted.
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
        # If Ctrl-C comes while a thread starts, the thread may run without being counted.
        except BaseException:
            calls.threads.discard(badge)
            raise

    def _renew(self) -> _Calls:
        self._calls = _Calls()
        self._finalizer = weakref.finalize(self, self._calls.close)
        self._finalizer.atexit = False  # handlers at the end of the program may need the threads
        return self._calls


def _withdrawn(calls: _Calls, call: Callable[[], object]) -> bool:
    """Take a call out of the queue; return False if a thread has it already."""
    try:
        calls.waiting.remove(call)
    except ValueError:
        return False
    return True
