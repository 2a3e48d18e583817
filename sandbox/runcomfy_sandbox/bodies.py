"""Reading of request bodies. Large ones take turns, so that many at once don't fill the memory."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from .answers import LARGEST_BODY, Code, Refusal, error

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from types import TracebackType

SMALL = 1024 * 1024
"""How many bytes are read without a turn. The rest of a larger body waits in the socket."""

SILENCE = 30.0
"""After how many seconds without a byte a body is abandoned, so that no caller blocks others."""


class Turn:
    """A caller's turn to send a large body, which ends with the ``with`` block.

    Args:
        lock: The lock that all callers of a sandbox share.
    """

    def __init__(self, lock: asyncio.Lock) -> None:
        self._lock = lock
        self._held = False

    async def read(self, stream: AsyncIterator[bytes]) -> bytes:
        """Return a body. Reading stops shortly after `LARGEST_BODY` bytes.

        Raises:
            Refusal: HTTP 408: the caller stopped sending.
        """
        body = bytearray()
        try:
            while True:
                async with asyncio.timeout(SILENCE):
                    part = await anext(stream, None)
                if part is None or len(body) > LARGEST_BODY:
                    break
                body += part[: LARGEST_BODY + 1 - len(body)]
                if len(body) > SMALL:
                    await self._begin()
        except TimeoutError as exc:
            message = f"No byte of the body came for {SILENCE:g} seconds."
            raise Refusal(error(408, Code.TOO_SLOW, message)) from exc
        return bytes(body)

    async def _begin(self) -> None:
        if not self._held:
            await self._lock.acquire()
            self._held = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._held:
            self._lock.release()
