"""What happens to open journals when a process forks.

Rules:

- No SQLite connection crosses a fork. A child inherits what SQLite keeps in memory of the locks
  that its parent holds, and would take them for its own: even a connection that the child opens for
  itself could lose what it writes. So connections are closed before a fork, in the process that
  forks, and opened again when they are next needed, in either.
- No lock of ours is held by a thread that the child doesn't have: the forking thread takes them all
  first.
- ``subprocess`` does not run this, nor need to: it starts another program, with no file open.
"""

from __future__ import annotations

import os
import weakref
from typing import Final, Protocol

from runcomfy_core.threads import Lock


class Member(Protocol):
    """What is told of a fork."""

    def before_fork(self) -> None:
        """Take the lock, and let go of SQLite."""
        ...

    def after_fork(self, *, child: bool) -> None:
        """Let go of the lock."""
        ...


#: All that is open in this process.
members: Final[weakref.WeakSet[Member]] = weakref.WeakSet()

#: Held to look at or change the members. Whoever holds it may wait for a member's own lock; nobody
#: takes it who holds one.
guard: Final = Lock()

_forking: Final[list[Member]] = []


def _before() -> None:
    guard.alone.acquire()
    _forking.extend(members)
    for member in _forking:
        member.before_fork()


def _after(*, child: bool) -> None:
    for member in _forking:
        member.after_fork(child=child)
    _forking.clear()
    guard.let_go()


if hasattr(os, "register_at_fork"):  # Windows has none, and no fork
    os.register_at_fork(
        before=_before,
        after_in_parent=lambda: _after(child=False),
        after_in_child=lambda: _after(child=True),
    )
