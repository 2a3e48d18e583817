"""How files are fetched, and what a caller hears of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from runcomfy_core.config import seconds
from runcomfy_core.errors import ConfigurationError
from runcomfy_core.jobs.saving import LIMIT, TIMEOUT
from runcomfy_core.numbers import as_number
from runcomfy_core.text import shown
from runcomfy_core.wire.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from runcomfy_core.jobs.saving import Progress
    from runcomfy_core.wire.clock import Clock


def _bytes(value: object) -> int:
    value = as_number(value)
    # bool is an int to Python; a caller who passes True means something else.
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigurationError(f"limit must be a number of bytes, at least 1, not {shown(value)}")
    return value


def _silence(value: object) -> float:
    return seconds(value, "timeout", zero=False)


@attrs.frozen(kw_only=True)
class Options:
    """How files are fetched.

    Attributes:
        allow_hosts: Where they may come from beside RunComfy's own hosts, as ``host`` or
            ``host:port``; a name stands for the hosts under it too. A host of this machine may
            be asked by plain http.
        limit: The most bytes that one file may have.
        timeout: Seconds that a server may be silent.
        on_progress: Called when an answer begins, and after each piece that was written.
        clock: What pauses are measured and slept with.

    Raises:
        ConfigurationError: A number is none, or out of bounds.
    """

    allow_hosts: Collection[str] = ()
    limit: int = attrs.field(default=LIMIT, converter=_bytes)
    timeout: float = attrs.field(default=TIMEOUT, converter=_silence)
    on_progress: Callable[[Progress], object] | None = None
    clock: Clock = attrs.field(factory=SystemClock)
