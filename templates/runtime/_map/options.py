"""What a map is to do, and how."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterable, Iterable, Mapping, Sized
from typing import TYPE_CHECKING, Final, Generic, TypeAlias, TypeVar, cast

import attrs

from .._config import MAX_IN_FLIGHT, at_least_one
from .._text import shown
from ..errors import ConfigurationError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from .._body import Body
    from .._jobs.base_job import OutputReader
    from .._journal import Journal
    from .many import MapProgress

    #: A journal's file, one that is open, True for the user's own; None and False are none.
    JournalLike: TypeAlias = str | os.PathLike[str] | Journal | bool | None

InputT = TypeVar("InputT")
OutputT = TypeVar("OutputT")

#: A number beyond it is a slip: each job under way is one that may be billed.
MOST_IN_FLIGHT: Final = 100_000


def _in_flight(value: object) -> int:
    number = at_least_one(value, "max_in_flight")
    if number > MOST_IN_FLIGHT:
        raise ConfigurationError(f"max_in_flight must be {MOST_IN_FLIGHT} or less: {shown(number)}")
    return number


@attrs.frozen(kw_only=True)
class MapOptions:
    """How a map is performed.

    Attributes:
        max_in_flight: How many jobs may be under way at once.
        ordered: Whether outcomes are given in the order of the inputs.
        timeout: Seconds to wait for each job, or None.
        journal: A journal of the map's own, in place of its client's.
        on_progress: Told how far it is, in the caller's thread.
        progress: Whether to draw a line on the terminal.

    Raises:
        ConfigurationError: One of them can't be used.
    """

    max_in_flight: int = attrs.field(default=MAX_IN_FLIGHT, converter=_in_flight)
    ordered: bool = False
    timeout: float | None = 3600.0
    journal: JournalLike = None
    on_progress: Callable[[MapProgress], object] | None = None
    progress: bool = False

    def __attrs_post_init__(self) -> None:
        if self.on_progress is not None and not callable(self.on_progress):
            raise ConfigurationError(
                f"on_progress must be a function, not {shown(self.on_progress)}"
            )
        if inspect.iscoroutinefunction(self.on_progress):
            raise ConfigurationError("on_progress must be a plain function: nobody would await it")
        _check_flag("ordered", self.ordered)
        _check_flag("progress", self.progress)


def _check_flag(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise ConfigurationError(f"{name} must be True or False, not {shown(value)}")


@attrs.frozen
class Plan(Generic[InputT, OutputT]):
    """What a map is to do for each of its inputs, and how.

    Attributes:
        model_id: To what they are submitted.
        prepare: Makes an input's body; it may read files.
        check: Looks at an input that is about to be submitted; it may use the network. Or None.
        read: Reads an output.
        options: How.
    """

    model_id: str
    prepare: Callable[[InputT], Body]
    check: Callable[[InputT, Body], object] | None
    read: OutputReader[OutputT]
    options: MapOptions


def check_inputs(inputs: object, input_type: type | None = None) -> None:
    """See that there are several inputs, and not one; those of a list are looked at themselves.

    What another iterable gives is looked at when its turn comes.

    Args:
        inputs: What the caller passed.
        input_type: The model's own ``Input``, where it has one.

    Raises:
        ConfigurationError: A single one was passed, or nothing that can be gone through, or one
            of a list can be no input.
    """
    if isinstance(inputs, AsyncIterable):
        raise ConfigurationError(
            "inputs must be an iterable, and not an asynchronous one: gather its inputs in a list"
        )
    if not _is_several(inputs):
        raise ConfigurationError(
            f"inputs must be a list of inputs, or another iterable, not {shown(inputs)}"
        )
    if isinstance(inputs, list | tuple):
        wanted = "a dict" if input_type is None else f"a dict or {input_type.__module__}.Input"
        for index, one in enumerate(cast("Iterable[object]", inputs)):
            if not isinstance(one, input_type or Mapping) and not isinstance(one, Mapping):
                raise ConfigurationError(
                    f"inputs[{index}] must be {wanted}, not {shown(one)}; nothing was sent"
                )


def _is_several(inputs: object) -> bool:
    return isinstance(inputs, Iterable) and not isinstance(inputs, (str, bytes, Mapping))


def total(inputs: object) -> int | None:
    """How many inputs there are, if that is known."""
    return len(inputs) if isinstance(inputs, Sized) else None
