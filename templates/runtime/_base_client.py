"""What both clients are made of: an account's token, a pool of connections, and how to submit.

Rules:

- What a client is made of is checked when it is made, before any network.
- The token is in no repr, message or log.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar
from urllib.parse import urlsplit

from ._api import check_model_id
from ._body import Body
from ._config import Token, find_base_url, find_token, seconds
from ._media.settings import TIMEOUT, MediaSettings
from ._steps import work
from ._submission import Submission, submit
from ._transport import Transport
from .errors import ConfigurationError

if TYPE_CHECKING:
    from ._polling import Ticks
    from ._steps import Steps

ClockT = TypeVar("ClockT", bound="Ticks")

#: A body, or what makes it: that may read files and take a while.
Prepared: TypeAlias = Body | Callable[[], Body]


class BaseClient(ABC, Generic[ClockT]):
    """What :class:`Client` and :class:`AsyncClient` share; its arguments stand there."""

    def __init__(  # noqa: PLR0913 - each stands alone, and has a default
        self,
        token: str | None = None,
        *,
        base_url: str | None = None,
        connect_timeout: float = 10.0,
        read_timeout: float = 90.0,
        submit_attempts: int = 4,
        submit_deadline: float = 60.0,
        media_timeout: float = TIMEOUT,
        allow_private_media: bool = False,
        clock: ClockT | None = None,
    ) -> None:
        # Wrapped at once, so that no frame below, and no traceback with locals, shows it.
        given = None if token is None else Token(token, "the argument token")
        del token
        self._attempts = _attempts(submit_attempts)
        self._deadline = seconds(submit_deadline, "submit_deadline", zero=True)
        self._transport = Transport(
            find_base_url(base_url),
            find_token(given),
            connect_timeout=seconds(connect_timeout, "connect_timeout", zero=False),
            read_timeout=seconds(read_timeout, "read_timeout", zero=False),
        )
        self.media_settings = MediaSettings(
            allow_private=allow_private_media,
            timeout=seconds(media_timeout, "media_timeout", zero=False),
            api_host=urlsplit(self.base_url).hostname or "",
        )
        self._connect(self._transport, clock)

    @abstractmethod
    def _connect(self, transport: Transport, clock: ClockT | None) -> None:
        """Make what performs this client's operations."""

    @property
    def base_url(self) -> str:
        """Where requests go, version included."""
        return self._transport.base_url

    def _submission(self, model_id: str, body: Prepared, clock: Ticks) -> Steps[str]:
        """Submit a job, and return its request id."""
        check_model_id(model_id)
        if not isinstance(body, Body):
            body = yield from work(body)
        submission = Submission(model_id, body, self.base_url, self._attempts, self._deadline)
        return (yield from submit(submission, clock))

    def __repr__(self) -> str:
        # One that was refused while it was made is shown too, by a traceback with locals.
        made = hasattr(self, "_transport")
        return f"<client of {self.base_url}>" if made else "<client, not made>"


def _attempts(value: object) -> int:
    # bool is an int to Python; a caller who passes True means something else.
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigurationError(f"submit_attempts must be a whole number, 1 or more: {value!r}")
    return value


# Any: JSON that no schema vouches for.
def as_it_is(output: object) -> Any:
    """An output, as it came."""
    return output
