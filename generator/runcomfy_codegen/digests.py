"""Digests: what stands for a content where only "the same or not" matters."""

from __future__ import annotations

import hashlib


def digest(*parts: bytes) -> str:
    """Return one digest of *parts*, in which their borders count."""
    hashed = hashlib.sha256()
    for part in parts:
        hashed.update(len(part).to_bytes(8))
        hashed.update(part)
    return hashed.hexdigest()
