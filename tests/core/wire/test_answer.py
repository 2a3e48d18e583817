from __future__ import annotations

import pytest

from runcomfy_core.wire.answer import retry_after


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "999999999"}, 3600.0),
        (
            {
                "retry-after": "Tue, 01 Sep 2026 00:00:30 GMT",
                "date": "Tue, 01 Sep 2026 00:00:00 GMT",
            },
            30.0,
        ),
        ({"retry-after": "Tue, 01 Sep 2026 00:00:30 GMT", "date": "Wed, 02 Sep 2026"}, None),
        ({"retry-after": "Fri, 01 Jan 2100 00:00:00 GMT"}, 3600.0),
        ({"retry-after": "Sat, 01 Jan 2000 00:00:00 GMT", "date": "soon"}, 0.0),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1e9"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "\u0663"}, None),
        ({}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    if seconds is None and "date" in headers:
        # A date that can't be read: the machine's own clock decides, and is not known here.
        assert 0 <= (retry_after(headers) or 0) <= 3600
    else:
        assert retry_after(headers) == seconds
