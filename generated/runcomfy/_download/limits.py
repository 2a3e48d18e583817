"""What a download may take if the caller says nothing; apart, so that a result loads no more."""

from __future__ import annotations

from typing import Final

#: Bytes of one file.
LIMIT: Final = 2 * 1024**3

#: Seconds that a server may be silent.
TIMEOUT: Final = 60.0
