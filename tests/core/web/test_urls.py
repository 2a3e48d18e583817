from __future__ import annotations

import base64
import ipaddress
import re
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support_time import little_time
from urllib3.util import parse_url

from runcomfy_core.web import urls

LONG_PATH = "https://example.com/" + "x" * (urls.MAX_LENGTH - len("https://example.com/"))
LONG_NAME = ".".join(["x" * 63] * 3 + ["y" * 61])

NO_HOST_NAME = (
    "has a host name that can't be one: labels of 1 to 63 letters, digits and hyphens, "
    "joined by dots, 253 characters at most"
)
PADDED = "has white space or control characters in it; percent-encode them"
UNREADABLE = "has a host or port that can't be read"
BAD_PORT = "has a port that is not in 1 to 65535"
USERINFO = "holds a user name or password, which is not sent on"


FILE = "for a file on this machine pass pathlib.Path({})"
PUBLIC = "the API fetches from public hosts only; "
SANDBOX = PUBLIC + "for a sandbox on this machine, Client(allow_private_media=True)"
UPLOAD = PUBLIC + "pass the file itself, as pathlib.Path(...) or bytes"


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com",
        "https://example.com/",
        "HTTPS://EXAMPLE.COM/A.PNG",
        "hTTp://example.com?x=1",
        "https://example.com#top",
        "https://example.com:443/a",
        "https://example.com:65535",
        "https://example.com:00443/a",
        "https://example.com:/a",
        "https://example.com./a.png",
        "https://my_bucket.s3.amazonaws.com/a%20b.png?X-Amz-Signature=1&y=%zz",
        "https://localhost/a",
        "http://127.0.0.1:8000/files/a.png",
        "https://[2606:2800:220:1:248:1893:25c8:1946]/a",
        "https://[::ffff:8.8.8.8]:8443/a",
        "https://[fe80::1%25eth0]/a",
        "https://[fe80::1%eth0]/a",
        "https://사진.한국/두%20괴물.png",
        "https://example.com/두.png?q=괴물",
        "https://example.com/family-👨‍👩‍👧.png",
        "https://ｅｘａｍｐｌｅ．com/a",
        "https://例え。テスト/a",
        "https://example.com/@user/image@2x.png",
        'https://example.com/{a}|b^c`"<>',
        f"https://{LONG_NAME}/",
        LONG_PATH,
    ],
)
def test_a_url(text: str) -> None:
    assert urls.is_url(text)
    assert urls.url_fault(text) == ""


PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(256))).decode()


@pytest.mark.parametrize(
    ("text", "shown", "hint"),
    [
        ("monsters.png", "'monsters.png'", FILE.format("'monsters.png'")),
        ("/home/me/a b.png", "'/home/me/a b.png'", FILE.format("'/home/me/a b.png'")),
        ("~/a.png", "'~/a.png'", FILE.format("'~/a.png'") + ".expanduser()"),
        (r"C:\a.png", r"'C:\\a.png'", FILE.format(r"'C:\\a.png'")),
        ("file:///home/me/a.png", "'file:///home/me/a.png'", FILE.format("'/home/me/a.png'")),
        ("ftp://example.com/a", "'ftp://example.com/a'", "the API fetches https only, not ftp://"),
        (
            "s3://me:pw@bucket/a.png?sig=s3cret",
            "'s3://bucket/a.png'",
            "the API fetches https only, not s3://",
        ),
        ("blob:https://a/b", "'blob:https://a/b'", "the API fetches https only, not blob:"),
        (
            "example.com/a.png?sig=s3cret",
            "'example.com/a.png'",
            f"did you mean 'https://example.com/a.png'? {FILE.format('...')}",
        ),
        (
            "//www.example.com:80/a.png",
            "'//www.example.com:80/a.png'",
            f"did you mean 'https://www.example.com:80/a.png'? {FILE.format('...')}",
        ),
        ("me:pw@example.com/a", "'example.com/a'", FILE.format("...")),
        ("a.png?x=1", "'a.png'", FILE.format("...")),
        ("two monsters", "'two monsters'", FILE.format("...")),
        ("\ufeffhttps://a/b", r"'\ufeffhttps://a/b'", FILE.format(r"'\ufeffhttps://a/b'")),
        ("x" * 100_000, f"'{'x' * 58}…", FILE.format("...")),
        ("a/" + "x" * 90, f"'a/{'x' * 56}…", FILE.format("...")),
    ],
)
def test_what_is_not_even_like_a_url(text: str, shown: str, hint: str) -> None:
    assert not urls.is_url(text)
    assert urls.url_fault(text) == f"{shown} is neither an https URL nor a data: URI; {hint}"


def test_base64_alone() -> None:
    assert urls.url_fault(PNG) == (
        "is base64 alone; put data:image/png;base64, before it, or pass bytes"
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        (" https://example.com/a.png", "begins with white space; take it away"),
        ("https://example.com/a.png\n", "ends with white space; take it away"),
        (
            "https:/example.com/a.png",
            "has no // and host after its scheme; a URL looks like https://host/path",
        ),
        (
            "http:example.com",
            "has no // and host after its scheme; a URL looks like https://host/path",
        ),
        (LONG_PATH + "x", "has 8,192 characters; a URL may have at most 8,191"),
        (LONG_PATH + "두" * 809, "has 9,000 characters; a URL may have at most 8,191"),
        ("https://example.com/two monsters.png", PADDED),
        ("https://example.com/a\tb", PADDED),
        ("https://exam\nple.com/a", PADDED),
        ("https://example.com/a\x00", PADDED),
        ("https://example.com/a\x7fb", PADDED),
        ("https://example.com/a\x85b", PADDED),
        ("https://example.com/a\u3000b", PADDED),
        ("https://example.com/a\ud83d", "has half a surrogate pair in it, which is no character"),
        (r"https://example.com\a", "has a backslash in it; write / instead, or %5C"),
        (r"https://127.0.0.1\@example.com/", "has a backslash in it; write / instead, or %5C"),
        ("https://", "has no host"),
        ("https:///a.png", "has no host"),
        ("https://:443/a.png", "has no host"),
        ("https://?q", "has no host"),
        ("https://me:secret@example.com/", USERINFO),
        ("https://me@example.com/", USERINFO),
        ("https://@example.com/", USERINFO),
        ("https://example.com:0/", BAD_PORT),
        ("https://example.com:000/", BAD_PORT),
        ("https://example.com:65536/", BAD_PORT),
        ("https://example.com:" + "9" * 5000, BAD_PORT),
        ("https://example.com:http/", UNREADABLE),
        ("https://example.com:-1/", UNREADABLE),
        ("https://example.com:٤٤٣/", UNREADABLE),
        ("https://::1/", UNREADABLE),
        ("https://[::1/", UNREADABLE),
        ("https://[::1]x/", UNREADABLE),
        ("https://[]/", "has no IPv6 address between its [ and ]"),
        ("https://[127.0.0.1]/", "has no IPv6 address between its [ and ]"),
        ("https://[v1.x]/", "has no IPv6 address between its [ and ]"),
        ("https://[1:2:3]/", "has no IPv6 address between its [ and ]"),
        ("https://[fe80::1%]/", "has no IPv6 address between its [ and ]"),
        ("https://example..com/", NO_HOST_NAME),
        ("https://.example.com/", NO_HOST_NAME),
        ("https://example.com../", NO_HOST_NAME),
        ("https://./", NO_HOST_NAME),
        ("https://ex%61mple.com/", NO_HOST_NAME),
        ("https://exa!mple.com/", NO_HOST_NAME),
        ("https://a\u200db.com/", NO_HOST_NAME),
        ("https://example.com／secret/", NO_HOST_NAME),
        ("https://a℀b.com/", NO_HOST_NAME),
        (f"https://{'x' * 64}.com/", NO_HOST_NAME),
        (f"https://{'두' * 64}.com/", NO_HOST_NAME),
        (f"https://{'두' * 63}.com/", NO_HOST_NAME),
        (f"https://{LONG_NAME}z/", NO_HOST_NAME),
    ],
)
def test_what_is_no_url(text: str, fault: str) -> None:
    assert not urls.is_url(text)
    assert urls.url_fault(text) == fault


URL_ALPHABET = "abzAZ019.-_:/?#[]@!$&'()*+,;=%\\ \t\n\x00\x7fé두。．０ſ\u200d\ud800{}|<>\"^`~"


@given(st.text(st.sampled_from(URL_ALPHABET)).map("https://".__add__) | st.text())
@example("https://[::ffff:1.2.3.4%25a]:1/")
@example("https://☃.net/")
def test_what_is_taken_another_reader_takes(text: str) -> None:
    fault = urls.url_fault(text)
    assert urls.is_url(text) is not bool(fault)
    if not fault:
        match = re.fullmatch(r"(https?://)([^/?#:\[]*)(.*)", text, re.IGNORECASE)
        assert match is not None
        # urllib3 reads other names only where a package for them is installed, and fewer then.
        parsed = parse_url(match[1] + urls.ascii_name(match[2]) + match[3])
        assert parsed.host
        assert parsed.auth is None
        assert parsed.scheme in {"http", "https"}
        assert parsed.port is None or 0 < parsed.port <= 65535


@pytest.mark.parametrize(
    "text",
    [
        "https://" + "a." * 100_000,
        "https://" + "a-" * 100_000,
        "https://a.com/" + "/a" * 100_000 + "\\",
        "https://" + "." * 200_000,
        "https://" + "두" * 200_000,
        "https://" + "".join(map(chr, range(0x4E00, 0x4E00 + 8000))) + ".com",
        "https://" + "ﷺ" * 8000,
        "https://[" + ":" * 8000 + "]",
        "https://a.com:" + "0" * 8000 + "1x",
        "http" * 50_000,
    ],
    ids=range(10),
)
def test_a_hostile_text_costs_little(text: str) -> None:
    with little_time():
        assert not urls.is_url(text)
        urls.is_url(text[:8000])
        urls.private_fault(text)
        assert urls.shown(text)


NOT_HTTPS = "begins with http://; the API fetches https only"


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("https://example.com/a.png", None),
        ("HTTPS://EXAMPLE.COM", None),
        ("https://example.com:8443/a.png", None),
        ("https://example.com./a.png", None),
        ("https://사진.한국/a.png", None),
        ("https://8.8.8.8/a.png", None),
        ("https://[2606:2800:220:1:248:1893:25c8:1946]/a", None),
        ("https://[::ffff:8.8.8.8]/a", None),
        ("https://local.example.com/a", None),
        ("https://localhost.com/a", None),
        ("https://mylocalhost.dev/a", None),
        ("https://1.1.1.1.in-addr.arpa/a", None),
        ("http://example.com/a.png", NOT_HTTPS),
        ("HTTP://example.com:443/a.png", NOT_HTTPS),
        ("http://8.8.8.8/", NOT_HTTPS),
        (
            "https://localhost:8000/a",
            f"names localhost, a name of a private network; {SANDBOX}",
        ),
        (
            "http://nas/a",
            f"names nas, a name of a private network; {UPLOAD}",
        ),
        (
            "https://10.0.0.1/a",
            f"names 10.0.0.1, which is no public address; {UPLOAD}",
        ),
        (
            "https://127.1/a",
            f"names 127.1, that is 127.0.0.1, which is no public address; {SANDBOX}",
        ),
        (
            "https://[::1]/a",
            f"names [::1], which is no public address; {SANDBOX}",
        ),
        (
            "https://1.2.3.999/a",
            "names 1.2.3.999, which is neither an address nor a host's name",
        ),
    ],
)
def test_what_the_api_could_not_fetch(url: str, fault: str | None) -> None:
    assert urls.is_url(url)
    assert urls.private_fault(url) == fault


@pytest.mark.parametrize(
    "host",
    [
        "LOCALHOST",
        "localhost.",
        "www.localhost",
        "a.b.LocalHost",
        "printer.local",
        "printer.local.",
        "metadata.google.internal",
        "router.home.arpa",
        "com",
        "com.",
        "ｌｏｃａｌｈｏｓｔ",
        "printer。local",
        "사진",
    ],
)
def test_a_name_of_a_private_network(host: str) -> None:
    url = f"https://{host}:8443/a"
    assert urls.is_url(url)
    assert "a name of a private network" in (urls.private_fault(url) or "")
    assert urls.private_fault(f"https://{host}") is not None


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("127.0.1", "127.0.0.1"),
        ("127.65535", "127.0.255.255"),
        ("2130706433", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0x7F.0.0.1", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("0", "0.0.0.0"),  # noqa: S104 - an address that is refused, not one to listen on
        ("00", "0.0.0.0"),  # noqa: S104 - refused, not listened on
        ("１２７.０.０.１", "127.0.0.1"),
        ("①②⑦.0.0.1", "127.0.0.1"),
        ("127。0。0。1", "127.0.0.1"),
        ("0xa9.0xfe.0xa9.0xfe", "169.254.169.254"),
        ("3232235777", "192.168.1.1"),
        ("4294967295", "255.255.255.255"),
    ],
)
def test_every_spelling_of_an_address_is_read(host: str, address: str) -> None:
    url = f"https://{host}/a"
    assert urls.is_url(url)
    fault = urls.private_fault(url) or ""
    assert address in fault
    assert "which is no public address" in fault


@pytest.mark.parametrize(
    "host",
    ["256.0.0.1", "1.2.3.4.5", "4294967296", "08.0.0.1", "1.256.1", "1_0.0.0.1", "a.1", "a.0x1"],
)
def test_what_ends_like_an_address_and_is_none(host: str) -> None:
    fault = urls.private_fault(f"https://{host}/a") or ""
    assert fault == f"names {host}, which is neither an address nor a host's name"


@pytest.mark.parametrize("host", ["134744072", "8.8.2056", "010.8.8.8", "0x8.8.8.8"])
def test_a_public_address_in_an_odd_spelling(host: str) -> None:
    assert urls.private_fault(f"https://{host}/a") is None


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "1.1.1.1",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2606:2800:220:1:248:1893:25c8:1946",
        "2a00:1450:4001:80b::200e",
        "2001:4860:4860::8888",
        "3ffe:ffff::1",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
    ],
)
def test_a_public_address(address: str) -> None:
    assert urls.is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104 - an address that is refused, not one to listen on
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:100.64.0.1",
        "::ffff:0:8.8.8.8",
        "64:ff9b::127.0.0.1",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::8.8.8.8",
        "100::1",
        "2001::1",
        "2001:0:808:808:0:0:f7f7:f7f7",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:808:808::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%eth0",
        "2606:2800:220:1:248:1893:25c8:1946%eth0",
        "fec0::1",
        "ff02::1",
        "127.1",
        "0177.0.0.1",
        "localhost",
        "",
        "[::1]",
    ],
)
def test_an_address_that_is_not_public(address: str) -> None:
    assert not urls.is_public(address)


@given(st.ip_addresses())
def test_no_address_is_public_that_python_calls_special(address: object) -> None:
    assert isinstance(address, ipaddress.IPv4Address | ipaddress.IPv6Address)
    if urls.is_public(str(address)) and getattr(address, "ipv4_mapped", None) is None:
        assert address.is_global
        assert not address.is_multicast
        assert not address.is_loopback


@given(st.ip_addresses(v=4))
def test_an_address_inside_another_is_judged_itself(address: ipaddress.IPv4Address) -> None:
    public = urls.is_public(str(address))
    assert urls.is_public(f"::ffff:{address}") is public
    assert urls.is_public(f"64:ff9b::{address}") is public
    assert (urls.private_fault(f"https://{int(address)}/") is None) is public


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("Example.COM.", "example.com"),
        ("사진.한국", "xn--vf4bi0o.xn--3e0b707e"),
        ("Müller.example", "xn--mller-kva.example"),
        ("MU\u0308LLER.example", "xn--mller-kva.example"),
        ("faß.de", "xn--fa-hia.de"),
        ("☃.net", "xn--n3h.net"),
        ("ＥＸＡＭＰＬＥ．com", "example.com"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("ℌello.example", "hello.example"),
        ("", ""),
        ("a b.com", ""),
    ],
)
def test_a_name_as_dns_knows_it(name: str, known: str) -> None:
    assert urls.ascii_name(name) == known


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("https://example.com/a.png?token=s#s", "https://example.com/a.png"),
        ("https://me:s@example.com:1/a.png", "https://example.com:1/a.png"),
        ("https://me:s/x@example.com/a", "https://…/x@example.com/a"),
        ("https://example.com?s=1", "https://example.com"),
        ("HTTPS://사진.한국/두.png", "HTTPS://사진.한국/두.png"),
        ("https://example.com/a\u202eb\nc", "https://example.com/a b c"),
        ("https://example.com/" + "x" * 200, "https://example.com/" + "x" * 80 + "…"),
        ("me:secret", "…"),
        ("", "…"),
    ],
)
def test_what_a_message_shows(url: str, line: str) -> None:
    assert urls.shown(url) == line


@given(st.text())
def test_no_text_raises(text: str) -> None:
    for candidate in (text, f"https://{text}", f"https://a.com/{text}", f"https://me:{text}@h/"):
        urls.private_fault(candidate)
        assert urls.ascii_name(candidate).isascii()
        line = urls.shown(candidate)
        assert line.isprintable()
        assert len(line) <= 101


def test_the_common_case_needs_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ipaddress", "urllib.parse", "unicodedata"):
        monkeypatch.setitem(sys.modules, name, None)
    assert urls.is_url("https://example.com/a.png?b=c")
    assert urls.is_url("https://example.com:8443/a.png")
    assert urls.private_fault("https://example.com/a.png?b=c") is None
    assert urls.private_fault("https://example.com:8443/a.png") is None
