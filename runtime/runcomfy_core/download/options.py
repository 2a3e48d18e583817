"""The options of a download."""

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
    # In Python a bool is an int, but a user who passes True means something else.
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigurationError(f"limit must be a number of bytes, at least 1, not {shown(value)}")
    return value


def _silence(value: object) -> float:
    return seconds(value, "timeout", zero=False)


@attrs.frozen(kw_only=True)
class Options:
    """The options of a download.

    Attributes:
        allow_hosts: Hosts that files may come from besides RunComfy's own, as ``host`` or
            ``host:port``. A name covers the hosts under it, too. A host on this machine may use
            plain http.
        limit: The most bytes that one file may have.
        timeout: The seconds that a server may be silent.
        on_progress: A function that is called when an answer begins, and after each piece that was
            written.
        clock: The clock for pauses and speeds.

    Raises:
        ConfigurationError: ``limit`` or ``timeout`` is no number, or out of bounds.
    """

    allow_hosts: Collection[str] = ()
    limit: int = attrs.field(default=LIMIT, converter=_bytes)
    timeout: float = attrs.field(default=TIMEOUT, converter=_silence)
    on_progress: Callable[[Progress], object] | None = None
    clock: Clock = attrs.field(factory=SystemClock)
