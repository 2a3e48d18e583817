from __future__ import annotations

import pytest

from runcomfy_core.http.target import Target
from runcomfy_core.web.redirects import redirected
from runcomfy_core.web.target import target_of


@pytest.mark.parametrize(
    ("url", "host", "port", "path", "authority"),
    [
        ("https://api.test/a.png", "api.test", 443, "/a.png", "api.test"),
        ("HTTPS://API.Test.:443/a#b", "api.test", 443, "/a", "api.test"),
        ("http://api.test", "api.test", 80, "/", "api.test"),
        ("https://api.test:8443?a=1", "api.test", 8443, "/?a=1", "api.test:8443"),
        ("http://[::1]:80/a", "::1", 80, "/a", "[::1]"),
        ("https://[2606:4700::1]:80/", "2606:4700::1", 80, "/", "[2606:4700::1]:80"),
        ("https://bücher.test/ä", "xn--bcher-kva.test", 443, "/%C3%A4", "xn--bcher-kva.test"),
        # Digits of another script are an address all the same: it is this that gets checked.
        ("https://１２７.0.0.1/", "127.0.0.1", 443, "/", "127.0.0.1"),
    ],
)
def test_parts(url: str, host: str, port: int, path: str, authority: str) -> None:
    target = target_of(url)
    path, mark, query = path.partition("?")
    assert target == Target(url[: url.index(":")].lower(), host, port, path, mark + query)
    assert target.authority == authority


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("/a%20b%2fc", "/a%20b%2fc"),
        ("/100%/%zz/%4", "/100%25/%25zz/%254"),
        ("/한 국?q=한&r=%ED", "/%ED%95%9C%20%EA%B5%AD?q=%ED%95%9C&r=%ED"),
        ('/a"<>|^`{}[]', "/a%22%3C%3E%7C%5E%60%7B%7D%5B%5D"),
        ("/a:b@c!$&'()*+,;=~-._", "/a:b@c!$&'()*+,;=~-._"),
        ("//x/../y", "//x/../y"),
        ("/a?b?c/d%2Fe", "/a?b?c/d%2Fe"),
    ],
)
def test_what_is_sent(given: str, sent: str) -> None:
    assert target_of(f"https://api.test{given}").selector == sent


@pytest.mark.parametrize(
    "url", ["https://a..b/", f"https://{'a' * 64}.test/", "https://api.test:99999/", "http://[::1"]
)
def test_what_cannot_be_taken_apart(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        target_of(url)


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("https://b.test/x#y", "https://b.test/x"),
        ("//b.test/x", "https://b.test/x"),
        ("/x", "https://a.test/x"),
        ("../x?y#z", "https://a.test/x?y"),
        ("?y=2", "https://a.test/p/q?y=2"),
        (" /a b ", "https://a.test/a%20b"),
        ("/한".encode().decode("latin-1"), "https://a.test/한"),
        ("/\xe9", "https://a.test/%E9"),
    ],
)
def test_redirected(location: str, url: str) -> None:
    assert redirected("https://a.test/p/q?y=1", location) == url
