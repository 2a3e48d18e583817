"""An endpoint whose three jobs are a test's own functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runcomfy_core.jobs.endpoint import Endpoint, as_it_is
from runcomfy_core.media.encode import encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from runcomfy_core.files.body import Body


class Told(Endpoint[Any, Any]):
    """Sends an input as it is and leaves an output as it came, unless it is told otherwise."""

    def __init__(
        self,
        model_id: str,
        read: Callable[[object], Any] = as_it_is,
        body: Callable[[], Body] | None = None,
        look: Callable[[Any], object] = lambda _: None,
    ) -> None:
        self.model_id = model_id
        self._read = read
        self._body = body
        self._look = look

    def body(self, value: Any, settings: Any, media: Any) -> Body:
        del settings, media
        return encode(self.model_id, value) if self._body is None else self._body()

    def look(self, value: Any, body: Body, settings: Any, media: Any) -> None:
        del body, settings, media
        self._look(value)

    def read(self, output: object) -> Any:
        return self._read(output)
