"""A model as a client sees it: what makes bodies of its inputs, and reads its outputs.

Rules:

- A client calls what stands here where it holds up nobody: it may read files and use the network.
- What is checked of an input is what is sent: a body has the files that were looked at.
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
        model_id: The id, as it stands in the URL.
    """

    model_id: str

    @property
    def input_type(self) -> type | None:
        """The class of its inputs, or None where they are dicts alone."""
        return None

    @abstractmethod
    def body(self, value: InputT, settings: MediaSettings, media: MediaMode) -> Body:
        """Return the body that submits *value*, with its files read, and looked at as *media* says.

        Raises:
            InvalidInput: Something is wrong with it.
        """

    @abstractmethod
    def look(self, value: InputT, body: Body, settings: MediaSettings, media: MediaMode) -> None:
        """Look at the media of *value*, whose *body* has its files.

        Raises:
            InvalidInput: One of them is no use, or breaks a rule.
        """

    @abstractmethod
    def read(self, output: object) -> OutputT_co:
        """Return an answer's ``output`` in the model's own type. It never raises."""


# Any: the output is JSON that no schema vouches for.
class AnyModel(Endpoint[Mapping[str, object], Any]):
    """A model that nothing is known of: an input is sent as it is, an output stays as it came."""

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
        """Do nothing: where its media are, nobody knows."""

    def read(self, output: object) -> Any:
        """Return the output as it came."""
        return as_it_is(output)


# Any: as above.
def as_it_is(output: object) -> Any:
    """Return an output as it came."""
    return output
