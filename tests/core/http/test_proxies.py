from __future__ import annotations

import base64
import traceback

import pytest

from runcomfy import AsyncClient, Client, errors
from runcomfy_core.http.proxies import find_proxy


def found(scheme: str = "https", host: str = "api.test") -> str | None:
    proxy = find_proxy(scheme, host, f"{host}:8443")
    return None if proxy is None else proxy.origin


@pytest.mark.parametrize(
    ("settings", "proxy"),
    [
        ({}, None),
        ({"HTTPS_PROXY": ""}, None),
        ({"HTTPS_PROXY": "http://proxy.test:3128"}, "http://proxy.test:3128"),
        ({"https_proxy": "https://proxy.test"}, "https://proxy.test"),
        ({"HTTPS_PROXY": "proxy.test:3128"}, "http://proxy.test:3128"),
        ({"ALL_PROXY": "http://proxy.test"}, "http://proxy.test"),
        ({"HTTP_PROXY": "http://proxy.test"}, None),
        ({"HTTPS_PROXY": "http://proxy.test", "NO_PROXY": "api.test"}, None),
        ({"HTTPS_PROXY": "http://proxy.test", "NO_PROXY": "api.test:8443"}, None),
        ({"HTTPS_PROXY": "http://proxy.test", "NO_PROXY": "*"}, None),
        ({"HTTPS_PROXY": "http://proxy.test", "NO_PROXY": "b.test"}, "http://proxy.test"),
    ],
)
def test_what_the_environment_asks_for(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], proxy: str | None
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert found() == proxy


def test_plain_http_goes_through_a_proxy_of_this_machine_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:3128")
    assert found("http") == "http://127.0.0.1:3128"
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.test:3128")
    assert found("http") is None


NO_HOST = "is not a URL with a host; it looks like http://proxy.example:3128"
WHITE = (
    "has white space, or a mark that no host has, in its host or port; it looks like "
    "http://proxy.example:3128"
)
KIND = "must begin with http:// or https://; no other kind of proxy is supported"
MARK = "has a /, ? or # in its user name or password: write it as %2F, %3F or %23"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (" ", "is blank; unset it, or give the proxy's URL"),
        ("socks5://user:hunter2@proxy.test", KIND),
        ("://proxy.test", KIND),
        ("http://user:hunter2@:99", NO_HOST),
        ("http://proxy.test:hunter2", NO_HOST),
        ("http://proxy.test:0", NO_HOST),
        ("http://proxy.test:70000", NO_HOST),
        ("http://user:hunter2@proxy.test:1:2", NO_HOST),
        ("proxy.test:", NO_HOST),
        ("http:proxy.test:1", NO_HOST),
        ("//proxy.test:1", NO_HOST),
        ("http://::1:3128", NO_HOST),
        ("http://[::1", NO_HOST),
        ("http://[v1.x]:1", NO_HOST),
        ("http://proxy..test:1", NO_HOST),
        (f"http://{'a' * 64}.test:1", NO_HOST),
        ("http://proxy.test\udcff:1", NO_HOST),
        ("http://proxy.test :3128", WHITE),
        ("http://proxy.test: 3128", WHITE),
        ("http://proxy\t.test:3128", WHITE),
        ("http://<proxy>:3128", WHITE),
        ("http://user:hunter/2@proxy.test:3128", MARK),
        ("http://user:hunter?2@proxy.test:3128", MARK),
        ("http://user:80#hunter2@proxy.test:3128", MARK),
        (
            "http://user:hunter\ud8002@proxy.test:3128",
            "has half a surrogate pair in its user name or password",
        ),
    ],
)
def test_one_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, url: str, words: str) -> None:
    monkeypatch.setattr("urllib.request.getproxies", lambda: {"all": url})
    with pytest.raises(errors.ConfigurationError) as caught:
        found()
    assert str(caught.value) == (
        f"the proxy for https (the environment variable ALL_PROXY) {words}"
    )
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    shown = "".join(
        traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    )
    assert "hunter" not in shown.partition("in found")[2]


@pytest.mark.parametrize("url", [" ", "http://proxy.test :3128", "http://u:中@[v1.x]:1"])
@pytest.mark.parametrize("make", [Client, AsyncClient])
def test_a_client_says_so(
    make: type[Client | AsyncClient], monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", url)
    with pytest.raises(errors.ConfigurationError, match="the environment variable HTTPS_PROXY"):
        make("token")


@pytest.mark.parametrize(
    ("user", "credentials"),
    [
        ("", None),
        ("@", None),
        ("user:p%40ss@", b"user:p@ss"),
        ("user@", b"user:"),
        ("user:word:more@", b"user:word:more"),
        ("us@er:word@", b"us@er:word"),
        ("user:w\u00f6rd@", "user:w\u00f6rd".encode()),
        ("user:\u4e2d\u2100@", "user:\u4e2d\u2100".encode()),
        ("user:w%F6rd@", b"user:w\xf6rd"),
        ("user:w\udcf6rd@", b"user:w\xf6rd"),  # the environment's own byte
        ("user:100%@", b"user:100%"),
    ],
)
def test_it_is_told_its_password(
    monkeypatch: pytest.MonkeyPatch, user: str, credentials: bytes | None
) -> None:
    monkeypatch.setattr(
        "urllib.request.getproxies", lambda: {"https": f"http://{user}proxy.test:3128"}
    )
    proxy = find_proxy("https", "api.test", "api.test")
    assert proxy is not None
    assert (proxy.origin, proxy.host) == ("http://proxy.test:3128", "proxy.test")
    said = proxy.headers.get("proxy-authorization")
    assert (said is None) == (credentials is None)
    if said is not None:
        assert base64.b64decode(said.removeprefix("Basic ")) == credentials
        assert said not in repr(proxy)
