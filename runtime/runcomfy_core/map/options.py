"""The options of a map, its inputs, and their checks."""

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

    #: The path of a journal, an open journal, or True for the user's own; None or False for none.
    JournalLike: TypeAlias = str | os.PathLike[str] | Journal | bool | None

InputT = TypeVar("InputT")
OutputT = TypeVar("OutputT")

#: The highest ``max_in_flight``. A higher one is probably a mistake, and each job may be billed.
MOST_IN_FLIGHT: Final = 100_000


def _in_flight(value: object) -> int:
    number = at_least_one(value, "max_in_flight")
    if number > MOST_IN_FLIGHT:
        raise ConfigurationError(f"max_in_flight must be {MOST_IN_FLIGHT} or less: {shown(number)}")
    return number


class MapOptions(TypedDict, total=False):
    """The options of a map."""

    max_in_flight: int
    """The most jobs that may be under way at once; the default is 32."""
    ordered: bool
    """Whether outcomes come in the order of the inputs; by default they come as the jobs end."""
    timeout: float | None
    """Seconds to wait for each job; None waits without limit. The default is an hour."""
    journal: JournalLike
    """A journal for this map in place of the client's: a file, or True for the user's own."""
    on_progress: Callable[[MapProgress], object] | None
    """Called with the map's progress whenever that changes, in the caller's thread."""
    progress: bool
    """Whether to draw a progress bar on the terminal (the extra ``progress``)."""


class ModelMapOptions(MapOptions, total=False):
    """The options of the map of a model with bindings."""

    media: MediaMode | None
    """How to check media, as for ``submit``; None means the default of ``submit``."""


def map_settings(options: MapOptions) -> MapSettings:
    """Check the *options* of a map, and return them as settings.

    Raises:
        ConfigurationError: An option can't be used.
        TypeError: There is no such option.
    """
    names = [field.name for field in attrs.fields(MapSettings)]
    for name in options:
        if name not in names:
            from difflib import get_close_matches  # noqa: PLC0415 - only an error needs it

            near = get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"
            raise TypeError(f"map has no option {name!r}; {hint}")
    return MapSettings(**options)


@attrs.frozen(kw_only=True)
class MapSettings:
    """The checked options of a map; :class:`MapOptions` describes each.

    Raises:
        ConfigurationError: An option can't be used.
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
    """What a map is to do for each of its inputs.

    Attributes:
        endpoint: The model that the inputs are submitted to.
        settings: The settings of media checks.
        media: Which media are checked.
        options: The options of the map.
    """

    endpoint: Endpoint[InputT, OutputT]
    settings: MediaSettings
    media: MediaMode
    options: MapSettings

    def body(self, value: InputT) -> Body:
        """Return the body that submits an input, without a check of its media."""
        return self.endpoint.body(value, self.settings, "skip")

    def look(self, value: InputT, body: Body) -> None:
        """Check the media of an input that is about to be submitted."""
        self.endpoint.look(value, body, self.settings, self.media)


def check_inputs(inputs: object, input_type: type | None = None) -> None:
    """Check that *inputs* is an iterable of inputs, and not a single one.

    The items of a list or tuple are checked at once. The items of any other iterable are checked
    when their turn comes.

    Args:
        inputs: The argument that the user passed.
        input_type: The model's own ``Input``, or None.

    Raises:
        ConfigurationError: *inputs* is a single input or no iterable, or an item of a list or tuple
            can't be an input.
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
    """Return how many inputs there are, or None if that is not known."""
    return len(inputs) if isinstance(inputs, Sized) else None
