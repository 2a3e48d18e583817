"""How files are fetched, and what a caller hears of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from .._config import seconds
from .._jobs.saving import LIMIT, TIMEOUT
from .._numbers import as_number
from .._text import shown
from .._wire.clock import SystemClock
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from .._jobs.saving import Progress
    from .._wire.clock import Clock


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
