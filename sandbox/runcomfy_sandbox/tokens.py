"""Bearer tokens, which identify callers. Only the digest of a token is kept."""

from __future__ import annotations

import hashlib
import hmac

from .answers import Code, Refusal, error


class Gate:
    """The check of tokens.

    Args:
        token: The only valid token; None accepts every token that is not empty.
    """

    def __init__(self, token: str | None = None) -> None:
        self._wanted = None if token is None else _digest(token)

    def caller(self, authorization: str | None) -> str:
        """Return a name for the caller, which is always the same for the same token.

        Args:
            authorization: The Authorization header.

        Raises:
            Refusal: HTTP 400 (as documented, not 401): the token is missing or wrong.
        """
        token = bearer(authorization)
        if token is None:
            raise Refusal(error(400, Code.BAD_TOKEN, "The token is missing."))
        digest = _digest(token)
        if self._wanted is not None and not hmac.compare_digest(digest, self._wanted):
            raise Refusal(error(400, Code.BAD_TOKEN, "The token is wrong or expired."))
        return digest


def bearer(authorization: str | None) -> str | None:
    """Return the token in an Authorization header, or None if there is none."""
    scheme, _, token = (authorization or "").partition(" ")
    return (token.strip() or None) if scheme.casefold() == "bearer" else None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
