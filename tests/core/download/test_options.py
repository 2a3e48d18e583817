from __future__ import annotations

import pytest

from runcomfy.errors import ConfigurationError
from runcomfy_core.download.options import Options
from runcomfy_core.wire.clock import SystemClock


def test_the_defaults() -> None:
    options = Options()
    assert options.limit == 2_147_483_648
    assert options.timeout == 60.0
    assert options.allow_hosts == ()
    assert options.on_progress is None
    assert isinstance(options.clock, SystemClock)


@pytest.mark.parametrize("limit", [0, -1, True, 1.5, "2G", None])
def test_a_limit_is_a_number_of_bytes(limit: int) -> None:
    with pytest.raises(ConfigurationError, match="limit must be a number of bytes, at least 1, n"):
        Options(limit=limit)


@pytest.mark.parametrize("timeout", [0, -1, True, float("inf"), None])
def test_a_timeout_is_a_number_of_seconds(timeout: float) -> None:
    with pytest.raises(ConfigurationError, match="timeout must be "):
        Options(timeout=timeout)
