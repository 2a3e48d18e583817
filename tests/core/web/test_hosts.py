from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3.util import parse_url

from runcomfy.errors import ConfigurationError
from runcomfy_core.web.faults import Refused
from runcomfy_core.web.hosts import Hosts
from runcomfy_core.web.redirects import redirected

OURS = Hosts(())
MORE = Hosts(["CDN.test", "other.test:8443", "127.0.0.1:8080", "[::1]:8080", "localhost"])


@pytest.mark.parametrize(
    ("url", "fetched"),
    [
        ("https://runcomfy.net/a.png", None),
        ("https://files.runcomfy.net/a.png", None),
        ("https://a.b-c.runcomfy.com/x/y?sig=a%2Fb&x=[1]", "?sig=a%2Fb&x=%5B1%5D"),
        ("https://FILES.RunComfy.NET:443/a", "https://files.runcomfy.net/a"),
        ("HTTPS://runcomfy.com", "https://runcomfy.com/"),
        ("https://runcomfy.com/그림 1.png#top", "/%EA%B7%B8%EB%A6%BC%201.png"),
        ("https://runcomfy.com/a%2Fb%zz", "/a%2Fb%zz"),
        ("https://runcomfy.com:/a", "https://runcomfy.com/a"),
        ("https://runcomfy.com/\\\\evil.org/", "/%5C%5Cevil.org/"),
        ("https://runcomfy.com/@evil.org/", "https://runcomfy.com/@evil.org/"),
    ],
)
def test_our_own_hosts(url: str, fetched: str | None) -> None:
    assert OURS.check(url).url.endswith(fetched or url)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://evilruncomfy.com/", "its host is 'evilruncomfy.com'"),
        ("https://runcomfy.com.evil.org/", "its host is 'runcomfy.com.evil.org'"),
        ("https://evil.org/runcomfy.com", "its host is 'evil.org'"),
        ("https://evil.org?.runcomfy.com", "its host is 'evil.org'"),
        ("https://evil.org#.runcomfy.com", "its host is 'evil.org'"),
        ("https://com/", "its host is 'com'"),
        ("https://127.0.0.1/", "its host is '127.0.0.1'"),
        ("https://[::1]/", "its host is '[::1]'"),
        ("https://2130706433/", "its host is '2130706433'"),
        ("https://xn--runcmfy-0pf.com/", "its host is 'xn--runcmfy-0pf.com'"),
        ("https://runcomfy.com:8443/", "its host is 'runcomfy.com:8443'"),
        ("https://runcomfy.com:80/", "its host is 'runcomfy.com:80'"),
        ("https://runcomfy.com:0/", "its host is 'runcomfy.com:0'"),
        ("http://runcomfy.com/", "begins with http://, and only https:// is fetched"),
        ("http://files.runcomfy.net:443/", "begins with http://"),
        ("ftp://runcomfy.com/", "not a URL that begins with https://"),
        ("file:///etc/passwd", "not a URL that begins with https://"),
        ("data:image/png;base64,AAAA", "not a URL that begins with https://"),
        ("//runcomfy.com/", "not a URL that begins with https://"),
        ("runcomfy.com/a", "not a URL that begins with https://"),
        ("", "not a URL that begins with https://"),
        ("https://runcomfy.com/\n", "not a URL that begins with https://"),
        ("https://runc\tomfy.com/", "not a URL that begins with https://"),
        ("https://runcomfy.com/\ud800", "not a URL that begins with https://"),
        ("https://runcomfy.com@evil.org/", "holds a user name or password"),
        ("https://evil.org@runcomfy.com/", "holds a user name or password"),
        ("https://user:pw@runcomfy.com/", "holds a user name or password"),
        ("https://@runcomfy.com/", "holds a user name or password"),
        ("https://evil.org\\@runcomfy.com/", "holds a user name or password"),
        ("https://evil.org\\.runcomfy.com/", "has no plain host name but"),
        ("https://runcomfy.com./", "has no plain host name but 'runcomfy.com.'"),
        ("https://.runcomfy.com/", "has no plain host name but"),
        ("https://a..runcomfy.com/", "has no plain host name but"),
        ("https://runcоmfy.com/", "has no plain host name but"),  # a Cyrillic o
        ("https://evil.org。runcomfy.com/", "has no plain host name but"),
        ("https://evil.org%2F.runcomfy.com/", "has no plain host name but"),
        ("https://evil.org .runcomfy.com/", "has no plain host name but"),
        ("https:///a.png", "has no plain host name but ''"),
        ("https:\\\\runcomfy.com/", "has no plain host name but ''"),
        (f"https://{'a' * 64}.runcomfy.com/", "has no plain host name but"),
        (f"https://{'a.' * 130}runcomfy.com/", "has no plain host name but"),
        ("https://[runcomfy.com]/", "host or port can't be read"),
        ("https://[::1/", "host or port can't be read"),
        ("https://[fe80::1%25runcomfy.com]/", "has no plain host name but"),
        ("https://evil.org⁄.runcomfy.com:x/", "host or port can't be read"),
        ("https://runcomfy.com:99999/", "host or port can't be read"),
        ("https://evil.org℀.runcomfy.com/", "host or port can't be read"),
    ],
)
def test_other_addresses_are_refused(url: str, reason: str) -> None:
    with pytest.raises(Refused) as caught:
        OURS.check(url)
    assert reason in str(caught.value)


def test_a_refusal_says_how_to_allow_a_host() -> None:
    with pytest.raises(Refused) as caught:
        OURS.check("https://cdn.test:8443/a?secret")
    assert str(caught.value) == (
        "its host is 'cdn.test:8443', and files are fetched from runcomfy.net and runcomfy.com "
        "only; if you trust it, pass allow_hosts=['cdn.test:8443']"
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.test/a",
        "https://eu.cdn.test/a",
        "https://other.test:8443/a",
        "https://files.runcomfy.net/a",
        "http://127.0.0.1:8080/a",
        "https://127.0.0.1:8080/a",
        "http://[::1]:8080/a",
        "http://localhost/a",
        "http://x.localhost/a",
    ],
)
def test_hosts_that_the_caller_names(url: str) -> None:
    assert MORE.check(url).url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.test/a",
        "https://cdn.test:8443/a",
        "https://evilcdn.test/a",
        "https://other.test/a",
        "http://127.0.0.1/a",
        "http://127.0.0.1:8081/a",
        "http://127.0.0.2:8080/a",
        "https://evil.127.0.0.1:8080/a",
        "http://[::2]:8080/a",
        "http://localhost:8080/a",
    ],
)
def test_what_the_caller_did_not_name(url: str) -> None:
    with pytest.raises(Refused):
        MORE.check(url)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "https://cdn.test",
        "cdn.test/path",
        "user@cdn.test",
        "cdn.test:x",
        "cdn.test:0",
        "cdn.test:99999",
        "*.cdn.test",
        ".cdn.test",
        "cdn.test.",
        "cdn test",
        "cdn.tést",
        "cdn.test?x",
        "cdn.test#x",
        "[::1",
        "::1",
        7,
    ],
)
def test_what_is_no_host_is_an_error(host: str) -> None:
    with pytest.raises(ConfigurationError, match=r"allow_hosts holds .*, which is not a host"):
        Hosts([host])


def test_a_single_text_is_not_a_list_of_hosts() -> None:
    with pytest.raises(ConfigurationError, match=r"must be a list of hosts: \['cdn\.test'\]"):
        Hosts("cdn.test")


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/b.png", "https://files.runcomfy.net/b.png"),
        ("b.png?x=1#y", "https://files.runcomfy.net/a/b.png?x=1"),
        ("//cdn.runcomfy.com/b", "https://cdn.runcomfy.com/b"),
        ("https://cdn.runcomfy.com/b%20c", "https://cdn.runcomfy.com/b%20c"),
        ("/그.png".encode().decode("latin-1"), "https://files.runcomfy.net/%EA%B7%B8.png"),
        ("", "https://files.runcomfy.net/a/x.png"),
    ],
)
def test_a_redirect_to_a_good_place(location: str, url: str) -> None:
    target = OURS.check("https://files.runcomfy.net/a/x.png")
    assert OURS.redirected(redirected(target.url, location)).url == url


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        (
            "https://evil.org/b?s=1",
            "it is redirected to https://evil.org/b: its host is 'evil.org'",
        ),
        ("//evil.org/b", "it is redirected to https://evil.org/b: its host is 'evil.org'"),
        ("http://files.runcomfy.net/b", ": its address begins with http://"),
        ("file:///etc/passwd", ": its address is not a URL that begins with https://"),
        ("https://rünco.com/", "%FCnco.com/: its address has no plain host name"),
        ("\\\\evil.org/x", None),
    ],
)
def test_a_redirect_to_a_bad_place(location: str, reason: str | None) -> None:
    target = OURS.check("https://files.runcomfy.net/a/x.png")
    if reason is None:
        assert OURS.redirected(redirected(target.url, location)).host == "files.runcomfy.net"
        return
    with pytest.raises(Refused) as caught:
        OURS.redirected(redirected(target.url, location))
    assert reason in str(caught.value)


@given(
    st.text(max_size=20),
    st.sampled_from([".runcomfy.com/", "@runcomfy.com/", "runcomfy.net", "/a?b#c", ""]),
    st.text(max_size=20),
)
def test_the_http_library_reads_the_same_address(first: str, middle: str, last: str) -> None:
    try:
        target = OURS.check(f"https://{first}{middle}{last}")
    except Refused:
        return
    read = parse_url(target.url)
    assert (read.scheme, read.host, read.port) == ("https", target.host, None)
    assert read.auth is None
    assert target.host.endswith(("runcomfy.com", "runcomfy.net"))
    assert target.url.isascii()
