"""Types for the signatures of a model's functions, for type checkers and editors.

One signature serves both clients. The type of the client that is passed decides what a call
returns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypedDict, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from runcomfy_core.jobs.endpoint import Endpoint
    from runcomfy_core.jobs.states import Status
    from runcomfy_core.media.values import MediaMode

OutputT_contra = TypeVar("OutputT_contra", contravariant=True)
#: What a call returns: a value with a Client, a coroutine of the value with an AsyncClient.
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Submits(Protocol[OutputT_contra, R_co]):
    """A client that can submit: a Client returns a Job, an AsyncClient a coroutine of a Job."""

    # Any: each model has its own type of input.
    def _submit(
        self, endpoint: Endpoint[Any, OutputT_contra], value: Any, media: MediaMode, /
    ) -> R_co: ...


class Runs(Protocol[OutputT_contra, R_co]):
    """A client that can run: a Client returns a Result, an AsyncClient a coroutine of a Result."""

    # Any: each model has its own type of input.
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
    """The options of ``submit``, besides the input."""

    media: MediaMode
    """What to do about media that are unusable or break a rule: refuse the input ("check"), check
    only local files and fetch no URL ("local"), only warn ("warn"), or check nothing ("skip").

    The default is "check" if the model has rules for media, and "local" otherwise.
    """


class RunOptions(MediaOptions, total=False):
    """The options of ``run``, besides the input."""

    timeout: float | None
    """Seconds to wait; None waits without limit. The default is an hour."""
    on_update: Callable[[Status], object] | None
    """Called with the status whenever it changes."""
