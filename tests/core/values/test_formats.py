from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcomfy_core.values.formats import has_format

FORMATS = ["date", "date-time", "email", "ipv4", "ipv6", "uri", "uuid"]


@pytest.mark.parametrize(
    ("name", "sound", "unsound"),
    [
        ("date", ["2024-02-29", "0000-02-29"], ["2023-02-29", "2024-2-29", "٢٠٢٤-01-01", "x"]),
        (
            "date-time",
            ["2026-11-22T23:59:60Z", "2026-11-22t10:00:00.5-08:00", "1998-12-31T15:59:60-08:00"],
            ["2026-11-22T22:59:60Z", "2026-11-22T24:00:00Z", "2026-11-22 10:00:00Z", "2026-11-22"],
        ),
        (
            "email",
            ["a.b@c.example", '"a b"@c.example', "a@[127.0.0.1]", "a@[IPv6:::1]"],
            ["a", "a@", "@b", ".a@b", "a..b@c", "a@-b", f"{'a' * 65}@b", "a@[300.1.1.1]"],
        ),
        ("ipv4", ["127.0.0.1"], ["127.0.0.01", "1.2.3", "1.2.3.4.5", "١.1.1.1"]),
        ("ipv6", ["::1", "2001:db8::"], ["::1%eth0", "1::2::3", "12345::"]),
        (
            "uri",
            ["https://a.example/b?c=%20#d", "urn:a:b", "mailto:a@b", "http://[::1]:8/", "a:"],
            [
                "//a/b",
                "/a",
                "https://a b",
                "https://a/%zz",
                "https://[::1",
                "https://a:x/",
                "https://[x]/",
                "http://a@b@c/",
                "1a:b",
            ],
        ),
        (
            "uuid",
            ["2EB8AA08-aa98-11ea-b4aa-73b441d16380"],
            ["2eb8aa08aa9811eab4aa73b441d16380", "2eb8aa08-aa98-11ea-b4aa-73b441d1638g"],
        ),
    ],
)
def test_a_format_is_its_standard_s(name: str, sound: list[str], unsound: list[str]) -> None:
    assert [text for text in sound if not has_format(name, text)] == []
    assert [text for text in unsound if has_format(name, text)] == []


@given(st.sampled_from(FORMATS), st.text() | st.text(alphabet="0123456789:.-+@[]/%TZaf"))
def test_any_text_has_an_answer(name: str, text: str) -> None:
    assert has_format(name, text) in {True, False}
