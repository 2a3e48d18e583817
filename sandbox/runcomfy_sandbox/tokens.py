"""Bearer tokens: who calls. No token is kept, only its digest."""

from __future__ import annotations

import hashlib
import hmac

from .answers import Code, Refusal, error


class Gate:
    """Lets callers in.

    Args:
        token: The only token that is good; None takes any that is not empty.
    """

    def __init__(self, token: str | None = None) -> None:
        self._wanted = None if token is None else _digest(token)

    def caller(self, authorization: str | None) -> str:
        """A name for the caller, the same whenever the token is the same.

        Args:
            authorization: The Authorization header.

        Raises:
            Refusal: HTTP 400, as documented, not 401; the token is missing or wrong.
        """
        token = bearer(authorization)
        if token is None:
            raise Refusal(error(400, Code.BAD_TOKEN, "The token is missing."))
        digest = _digest(token)
        if self._wanted is not None and not hmac.compare_digest(digest, self._wanted):
            raise Refusal(error(400, Code.BAD_TOKEN, "The token is wrong or expired."))
        return digest


def bearer(authorization: str | None) -> str | None:
    """The token in an Authorization header, None without one."""
    scheme, _, token = (authorization or "").partition(" ")
    return (token.strip() or None) if scheme.casefold() == "bearer" else None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
