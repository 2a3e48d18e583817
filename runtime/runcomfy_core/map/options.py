"""What a map is to do, and how."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterable, Iterable, Mapping, Sized
from typing import TYPE_CHECKING, Final, Generic, TypeAlias, TypedDict, TypeVar, cast

import attrs

from runcomfy_core.config import MAX_IN_FLIGHT, at_least_one
from runcomfy_core.errors import ConfigurationError
from runcomfy_core.text import shown

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from runcomfy_core.files.body import Body
    from runcomfy_core.jobs.endpoint import Endpoint
    from runcomfy_core.journal import Journal
    from runcomfy_core.media.settings import MediaSettings
    from runcomfy_core.media.values import MediaMode

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


class MapOptions(TypedDict, total=False):
    """How a map is performed, as its callers say it."""

    max_in_flight: int
    """How many jobs may be under way at once; 32 unless it is given."""
    ordered: bool
    """Whether outcomes come in the order of the inputs; else they come as the jobs end."""
    timeout: float | None
    """Seconds to wait for each job; None waits without limit. An hour unless it is given."""
    journal: JournalLike
    """A journal of this map's own, in place of its client's: a file, or True for the user's."""
    on_progress: Callable[[MapProgress], object] | None
    """Called with how far the map is, whenever that changes, in the caller's thread."""
    progress: bool
    """Whether to draw a line on the terminal (the extra ``progress``)."""


class ModelMapOptions(MapOptions, total=False):
    """How the map of a model with bindings is performed."""

    media: MediaMode | None
    """What to do about media, as for ``submit``; None does what ``submit`` does by itself."""


def map_settings(options: MapOptions) -> MapSettings:
    """Check the *options* of a map.

    Raises:
        ConfigurationError: One of them can't be used.
        TypeError: There is no such option.
    """
    names = [field.name for field in attrs.fields(MapSettings)]
    for name in options:
        if name not in names:
            from difflib import get_close_matches  # noqa: PLC0415 - only where something is wrong

            near = get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"
            raise TypeError(f"map has no option {name!r}; {hint}")
    return MapSettings(**options)


@attrs.frozen(kw_only=True)
class MapSettings:
    """How a map is performed, checked; each attribute is an option of the same name.

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
        endpoint: The model that they are submitted to.
        settings: How media are looked at.
        media: Which of them are.
        options: How the map is performed.
    """

    endpoint: Endpoint[InputT, OutputT]
    settings: MediaSettings
    media: MediaMode
    options: MapSettings

    def body(self, value: InputT) -> Body:
        """Return the body that submits an input; its media are not looked at."""
        return self.endpoint.body(value, self.settings, "skip")

    def look(self, value: InputT, body: Body) -> None:
        """Look at the media of an input that is about to be submitted."""
        self.endpoint.look(value, body, self.settings, self.media)


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
