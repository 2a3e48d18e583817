"""What the signatures of a model's functions are made of, for type checkers and editors.

One signature serves both clients: what a call gives depends on which of them is passed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypedDict, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from runcomfy_core.jobs.endpoint import Endpoint
    from runcomfy_core.jobs.states import Status
    from runcomfy_core.media.values import MediaMode

OutputT_contra = TypeVar("OutputT_contra", contravariant=True)
#: What a call of a model gives: a value with a Client, a coroutine of it with an AsyncClient.
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Submits(Protocol[OutputT_contra, R_co]):
    """A client, as the one who submits: a Client gives a Job, an AsyncClient a coroutine of one."""

    # Any: an input is of whatever type its model takes.
    def _submit(
        self, endpoint: Endpoint[Any, OutputT_contra], value: Any, media: MediaMode, /
    ) -> R_co: ...


class Runs(Protocol[OutputT_contra, R_co]):
    """A client, as the one who runs: a Client gives a Result, an AsyncClient a coroutine of one."""

    # Any: as above.
    def _run(
        self,
        endpoint: Endpoint[Any, OutputT_contra],
        value: Any,
        media: MediaMode,
        timeout: float | None,
        on_update: Callable[[Status], object] | None,
        /,
    ) -> R_co: ...


class MediaOptions(TypedDict, total=False):
    """What ``submit`` takes beside an input."""

    media: MediaMode
    """What to do about media that are no use or break a rule: refuse the input ("check"), do so for
    files of this machine and fetch no URL ("local"), warn ("warn"), or don't look ("skip").

    Unless it is given, "check" where the model has rules for media, else "local".
    """


class RunOptions(MediaOptions, total=False):
    """What ``run`` takes beside an input."""

    timeout: float | None
    """Seconds to wait; None waits without limit. An hour unless it is given."""
    on_update: Callable[[Status], object] | None
    """Called with the status whenever it changes."""
