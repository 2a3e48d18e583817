"""What happens to open journals when a process forks.

Rules:

- No SQLite connection crosses a fork. A child inherits SQLite's memory of the locks that its parent
  holds, and would take them for its own, so that even a new connection of the child could lose its
  writes. So the forking process closes its connections before the fork, and each process opens them
  again when they are next needed.
- The forking thread takes all our locks before the fork, so that none is held by a thread that the
  child doesn't have.
- ``subprocess`` does not run these hooks. It does not need to, because it starts another program,
  which inherits no open file.
"""

from __future__ import annotations

import os
import weakref
from typing import Final, Protocol

from runcomfy_core.threads import Lock


class Member(Protocol):
    """An object that must prepare for a fork."""

    def before_fork(self) -> None:
        """Take the lock, and close the connection."""
        ...

    def after_fork(self, *, child: bool) -> None:
        """Release the lock."""
        ...


#: The open stores of this process.
members: Final[weakref.WeakSet[Member]] = weakref.WeakSet()

#: Protects the members. A thread that holds the guard may wait for a member's own lock, but a
#: thread that holds a member's lock must not take the guard.
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


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(
        before=_before,
        after_in_parent=lambda: _after(child=False),
        after_in_child=lambda: _after(child=True),
    )
