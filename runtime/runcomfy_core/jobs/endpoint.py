"""A model as the client sees it: it encodes inputs and reads outputs.

Rules:

- A client calls these methods in a thread, because they may read files and use the network.
- The files that are checked are the ones that are sent: a body holds their bytes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from runcomfy_core.files.body import Body
    from runcomfy_core.media.settings import MediaSettings
    from runcomfy_core.media.values import MediaMode

InputT = TypeVar("InputT")
OutputT_co = TypeVar("OutputT_co", covariant=True)


class Endpoint(ABC, Generic[InputT, OutputT_co]):
    """A model that jobs are submitted to.

    Attributes:
        model_id: The model's id, as in the URL.
    """

    model_id: str

    @property
    def input_type(self) -> type | None:
        """The class of the model's inputs, or None if they are always dicts."""
        return None

    @abstractmethod
    def body(self, value: InputT, settings: MediaSettings, media: MediaMode) -> Body:
        """Return the body that submits *value*, with its files read, and checked as *media* says.

        Raises:
            InvalidInput: The input breaks a rule, or a file can't be used.
        """

    @abstractmethod
    def look(self, value: InputT, body: Body, settings: MediaSettings, media: MediaMode) -> None:
        """Check the media of *value*; its files are in *body*.

        Raises:
            InvalidInput: A file or a URL can't be used, or breaks a rule.
        """

    @abstractmethod
    def read(self, output: object) -> OutputT_co:
        """Return an answer's ``output`` in the model's own type. It never raises."""


# Any: the output is JSON that no schema vouches for.
class AnyModel(Endpoint[Mapping[str, object], Any]):
    """A model without a schema: an input is sent as it is, and an output is returned as it came."""

    def __init__(self, model_id: str) -> None:
        self.model_id = model_id

    def body(self, value: Mapping[str, object], settings: MediaSettings, media: MediaMode) -> Body:
        """Return the body that submits *value*, with its files read."""
        del settings, media
        from runcomfy_core.media.encode import encode  # noqa: PLC0415 - only a submission needs it

        return encode(self.model_id, value)

    def look(
        self,
        value: Mapping[str, object],
        body: Body,
        settings: MediaSettings,
        media: MediaMode,
    ) -> None:
        """Do nothing, because nobody knows where the input's media are."""

    def read(self, output: object) -> Any:
        """Return the output as it came."""
        return as_it_is(output)


# Any: the output is JSON that no schema vouches for.
def as_it_is(output: object) -> Any:
    """Return an output as it came."""
    return output
