"""The only module that calls the API. It reads the whole catalog as of one moment.

Rules:

- Token, base URL and HTTP come from the client itself (``runcomfy_core.config`` and ``.http``).
  The token is sent to that origin only, redirects are not followed, and bodies are bounded.
- Reading costs nothing, so a request is retried a few times if the server can't be reached, is
  busy or fails. ``Retry-After`` is respected.
- Each page repeats the last entry of the page before. If a model was added or removed meanwhile,
  the entries shift and the overlap no longer matches; without it, a model could be missed. The
  whole catalog is then read again, a few times at most.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

import attrs

from runcomfy_core.config import find_base_url, find_token
from runcomfy_core.errors import (
    ApiError,
    RateLimited,
    RunComfyError,
    ServerError,
    UnexpectedResponse,
)
from runcomfy_core.http.transport import Transport
from runcomfy_core.jobs.answers import read
from runcomfy_core.text import one_line
from runcomfy_core.wire.answer import NoAnswer

from .errors import GeneratorError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .jsontext import JsonObject

#: The number of entries on a page, not counting the one that repeats the page before.
PAGE = 100

#: How often a catalog that changes meanwhile is read before the command gives up.
ROUNDS = 3

# The pause before each retry in seconds, unless the API asks for a longer one.
_PAUSES = (0.5, 1.0, 2.0)

# The longest pause in seconds. If the API asks for more, the command gives up.
_LONGEST_PAUSE = 60.0

_CONNECT_TIMEOUT = 10.0
_READ_TIMEOUT = 60.0

# Far more models than the API has. A broken total can't make the command ask for more than this.
_MOST_MODELS = 50_000

_REQUEST_TIMEOUT = 408

# The part of the client's advice about a missing token that makes no sense on a command line.
_IN_PYTHON = ', or pass Client(token="...")'


@attrs.frozen
class Progress:
    """The progress of reading: which page of how many, and how many models of all."""

    page: int
    pages: int
    models: int
    total: int


def fetch(on_page: Callable[[Progress], None]) -> list[JsonObject]:
    """Read every entry of the catalog in the catalog's order, with its input schema.

    Args:
        on_page: Called after each page.

    Raises:
        GeneratorError: There is no token, the API gives no valid answer, or the catalog keeps
            changing. The message is one line.
    """
    try:
        base_url = find_base_url(None)
        transport = Transport(
            base_url, find_token(None), connect_timeout=_CONNECT_TIMEOUT, read_timeout=_READ_TIMEOUT
        )
    except RunComfyError as error:
        raise GeneratorError(str(error).replace(_IN_PYTHON, "")) from None
    reader = _Reader(transport, f"{base_url}/models", on_page)
    try:
        for _ in range(ROUNDS):
            entries = reader.read_all()
            if entries is not None:
                return entries
    finally:
        transport.close()
    raise reader.error(f"the catalog changed while it was read, {ROUNDS} times; try again later")


@attrs.frozen
class _Reader:
    transport: Transport
    url: str
    on_page: Callable[[Progress], None]

    def error(self, message: str) -> GeneratorError:
        return GeneratorError(f"{self.url}: {message}")

    def read_all(self) -> list[JsonObject] | None:
        """Read all pages; return None if they don't fit together."""
        total, entries = self._page(0, PAGE)
        if len(entries) > total or (total and not entries):
            return None
        if not total:
            raise self.error("the catalog is empty; nothing was written")
        size, number = len(entries), 1
        self._tell(number, size, len(entries), total)
        while len(entries) < total:
            now, page = self._page(len(entries) - 1, PAGE + 1)
            if now != total or len(page) <= 1 or page[0].get("model_id") != _last_id(entries):
                return None
            entries += page[1:]
            number += 1
            self._tell(number, size, len(entries), total)
        ids = [entry["model_id"] for entry in entries if isinstance(entry.get("model_id"), str)]
        return entries if len(entries) == total and len(ids) == len(set(ids)) else None

    def _tell(self, number: int, size: int, count: int, total: int) -> None:
        left = -(-(total - count) // size)
        self.on_page(Progress(number, number + max(left, 0), count, total))

    def _page(self, offset: int, limit: int) -> tuple[int, list[JsonObject]]:
        """Read one page; return the total number of models and the entries of the page."""
        body = self._ask(f"/models?include_schema=true&limit={limit}&offset={offset}")
        total: object = body.get("total")
        if not isinstance(total, int) or isinstance(total, bool) or not 0 <= total <= _MOST_MODELS:
            shown = one_line(repr(total), 40)
            raise self.error(f"the answer's total is {shown}, not a number of models")
        models: object = body.get("models")
        if not isinstance(models, list):
            raise self.error("the answer has no list of models")
        for i, entry in enumerate(cast("list[object]", models)):
            if not isinstance(entry, dict):
                raise self.error(f"entry {offset + i} of the catalog is not an object")
        return total, cast("list[JsonObject]", models)

    def _ask(self, path: str) -> dict[str, Any]:
        for pause in (*_PAUSES, None):
            answer = self.transport.request("GET", path)
            asked = 0.0
            if isinstance(answer, NoAnswer):
                reason = f"can't be reached: {answer.reason}"
            else:
                try:
                    return read(answer, about="the base URL")
                except ApiError as error:
                    passing = isinstance(error, RateLimited | ServerError)
                    if not passing and error.status != _REQUEST_TIMEOUT:
                        raise self.error(str(error)) from None
                    reason, asked = str(error), error.retry_after or 0.0
                except UnexpectedResponse as error:
                    if answer.fault is None:
                        raise self.error(str(error)) from None
                    reason = str(error)
            if pause is None or asked > _LONGEST_PAUSE:
                break
            time.sleep(max(pause, asked))
        raise self.error(reason)


def _last_id(entries: list[JsonObject]) -> object:
    return entries[-1].get("model_id")
