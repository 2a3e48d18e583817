from __future__ import annotations

import pytest
from runcomfy import errors
from runcomfy._http.proxies import find_proxy, proxy_pool


def found(scheme: str = "https", host: str = "api.test") -> str | None:
    proxy = find_proxy(scheme, host, f"{host}:8443")
    return None if proxy is None else proxy.geturl()


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


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("socks5://user:hunter2@proxy.test", "must begin with http:// or https://, not others"),
        ("http://user:hunter2@:99", "is not a URL with a host"),
        ("http://proxy.test:hunter2", "is not a URL with a host"),
        ("http://proxy.test:0", "is not a URL with a host"),
    ],
)
def test_one_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, url: str, words: str) -> None:
    monkeypatch.setenv("ALL_PROXY", url)
    with pytest.raises(errors.ConfigurationError) as caught:
        found()
    assert str(caught.value) == (
        f"the proxy for https (the environment variable ALL_PROXY) {words}"
    )


@pytest.mark.parametrize(
    ("user", "headers"),
    [
        ("", {}),
        ("user:p%40ss@", {"proxy-authorization": "Basic dXNlcjpwQHNz"}),
        ("user@", {"proxy-authorization": "Basic dXNlcjo="}),
    ],
)
def test_a_pool_knows_its_password(
    monkeypatch: pytest.MonkeyPatch, user: str, headers: dict[str, str]
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://{user}proxy.test:3128")
    proxy = find_proxy("https", "api.test", "api.test")
    assert proxy is not None
    pool = proxy_pool(proxy, maxsize=3)
    assert pool.proxy is not None
    assert pool.proxy.url == "http://proxy.test:3128"
    assert pool.proxy_headers == headers
    pool.clear()
