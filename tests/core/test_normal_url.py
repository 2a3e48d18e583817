from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcomfy_core.normal_url import normal_url


@pytest.mark.parametrize(
    ("same", "normal"),
    [
        # RFC 3986, 6.2.2.1: case.
        (
            ["HTTPS://API.Example.com/v1", "hTtPs://api.example.COM/v1"],
            "https://api.example.com/v1",
        ),
        (["https://h/%7a%2F", "https://h/z%2f"], "https://h/z%2F"),
        # 6.2.2.2: percent-encoding.
        (["https://h/%7Euser/v1", "https://h/~%75ser/%761"], "https://h/~user/v1"),
        (["https://ex%61mple.com/v1", "https://EX%41MPLE.com/v1"], "https://example.com/v1"),
        # 6.2.2.3: dot segments.
        (["https://h/./v1", "https://h/a/../v1/.", "https://h/%2e%2E/v1"], "https://h/v1"),
        (["https://h/..", "https://h/a/b/../..", "https://h/a/.."], "https://h"),
        # 6.2.3: ports and empty paths.
        (
            ["https://h:443/v1", "https://h:/v1", "https://h:0443/v1", "https://h/v1/"],
            "https://h/v1",
        ),
        (["http://h:80", "http://h:0080/", "http://h"], "http://h"),
        (["http://h:08000/v1", "http://h:8000/v1///"], "http://h:8000/v1"),
        # Beyond it.
        (["http://[::0001]/v1", "http://[0:0:0:0:0:0:0:1]:80/v1"], "http://[::1]/v1"),
        (["https://[FE80::1%25Eth0]/v1"], "https://[fe80::1%25Eth0]/v1"),
        (["https://api.example.com./v1"], "https://api.example.com/v1"),
        (["http://localhost.:8000/v1"], "http://localhost:8000/v1"),
        (["https://XN--bcher-KVA.example/v1"], "https://xn--bcher-kva.example/v1"),
    ],
)
def test_spellings_of_one_address(same: list[str], normal: str) -> None:
    assert {normal_url(one) for one in same} == {normal}
    assert normal_url(normal) == normal


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://localhost:8000/v1", "http://127.0.0.1:8000/v1"),
        ("http://h/v1", "https://h/v1"),
        ("http://h:443/v1", "https://h/v1"),
        ("https://h:80/v1", "https://h/v1"),
        ("https://h/v1", "https://h/V1"),
        ("https://h/v1", "https://h/v2"),
        ("https://h/a%2Fb", "https://h/a/b"),
        ("https://h//v1", "https://h/v1"),
        ("https://intranet./v1", "https://intranet/v1"),
        ("http://[::1]/v1", "http://[::2]/v1"),
        ("http://[::ffff:127.0.0.1]/v1", "http://127.0.0.1/v1"),
    ],
)
def test_addresses_that_are_two(one: str, other: str) -> None:
    assert normal_url(one) != normal_url(other)


@pytest.mark.parametrize(
    "text",
    [
        *("", "o", "h/v1", "ftp://H/v1", "https://[token]/v1", "https://H:x/v1", "https://[::1/v1"),
        *("https://", "https://U@H/v1", "https://H/v1?x=1", "https://H/v1#x", "https://H:99999/v1"),
    ],
)
def test_what_is_no_base_url_stays_as_it_is(text: str) -> None:
    assert normal_url(text) == text


@given(st.text("aZ09.%/:@?#[]-~", max_size=20))
def test_the_normal_form_of_a_normal_form(text: str) -> None:
    once = normal_url(f"https://{text}")
    assert normal_url(once) == once
