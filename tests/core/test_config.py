from __future__ import annotations

import copy
import json
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest
from support_client import TOKEN, leaks

from runcomfy import errors
from runcomfy_core.config import (
    DEFAULT_BASE_URL,
    Token,
    find_base_url,
    find_token,
    is_loopback,
    seconds,
)


@pytest.fixture
def config_dir(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("RUNCOMFY_CONFIG_DIR", str(tmp_path))
    return tmp_path


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(argument: object = None) -> str:
    """The message for a token that can't be one; nothing of it may be printed."""
    token = None if argument is None else Token(argument, "the argument token")
    del argument
    with pytest.raises(errors.ConfigurationError) as caught:
        find_token(token)
    assert not leaks(caught.value)
    return str(caught.value)


def test_each_place_in_its_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each step adds a place that is asked before those already there."""
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    assert "RUNCOMFY_API_TOKEN" in refusal()
    write(home / ".config/runcomfy/token.json", '{"access_token": "home"}')
    assert find_token(None).reveal() == "home"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    assert "RUNCOMFY_API_TOKEN" in refusal()  # that directory is meant, and has none
    write(tmp_path / "xdg/runcomfy/token.json", '{"access_token": "xdg"}')
    assert find_token(None).reveal() == "xdg"
    monkeypatch.setenv("RUNCOMFY_CONFIG_DIR", str(tmp_path / "own"))
    write(tmp_path / "own/token.json", '{"access_token": "own"}')
    assert find_token(None).reveal() == "own"
    monkeypatch.setenv("RUNCOMFY_TOKEN", "second")
    assert find_token(None).reveal() == "second"
    monkeypatch.setenv("RUNCOMFY_API_TOKEN", "")  # empty: not set
    assert find_token(None).reveal() == "second"
    monkeypatch.setenv("RUNCOMFY_API_TOKEN", "first")
    assert find_token(None).reveal() == "first"
    assert find_token(Token("argument", "the argument token")).reveal() == "argument"


def test_without_a_token_the_message_says_how_to_set_one() -> None:
    message = refusal()
    assert message.startswith("no RunComfy token found. Set the environment variable RUNCOMFY_API")
    assert 'Client(token="...")' in message


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", nowhere)
    assert "no RunComfy token found" in refusal()


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("", "is empty"),
        (
            f"{TOKEN}\n",
            "has white space in it, perhaps a line break at its end, or the word Bearer",
        ),
        (
            f"{TOKEN} x",
            "has white space in it, perhaps a line break at its end, or the word Bearer",
        ),
        (f"{TOKEN}\x00", "has control characters in it"),
        (f"{TOKEN}\x7f", "has control characters in it"),
        (f"{TOKEN}é", "has characters in it that are not ASCII"),
        (TOKEN.encode(), "is not a text but of type bytes"),
    ],
)
def test_what_cannot_be_a_token_is_named_but_not_shown(value: object, fault: str) -> None:
    assert refusal(value) == f"the argument token {fault}"


def test_an_environment_variable_that_cannot_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNCOMFY_TOKEN", f"{TOKEN}\n")
    assert refusal().startswith("the environment variable RUNCOMFY_TOKEN has white space in it")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (f'{{"access_token": "{TOKEN}"', "is not JSON; log in again, or remove it"),
        (b"\xff\xfe\x00", "is not JSON; log in again, or remove it"),
        ("[" * 100_000, "is not JSON; log in again, or remove it"),
        (f'["{TOKEN}"]', "is not a JSON object; log in again, or remove it"),
        (f'{{"token": "{TOKEN}"}}', "has no access_token; log in again, or remove it"),
        ('{"access_token": ""}', "has no access_token; log in again, or remove it"),
    ],
)
def test_a_token_file_that_cannot_be_read(
    config_dir: Path, content: str | bytes, fault: str
) -> None:
    path = write(config_dir / "token.json", content)
    assert refusal() == f"the token file {path} {fault}"


def test_a_token_file_with_a_token_that_cannot_be_one(config_dir: Path) -> None:
    path = write(config_dir / "token.json", json.dumps({"access_token": f"{TOKEN}\n"}))
    assert refusal().startswith(f"access_token in the token file {path} has white space in it")
    write(path, '{"access_token": 7}')
    assert refusal() == f"access_token in the token file {path} is not a text but of type int"


def test_a_token_file_that_may_not_be_read(config_dir: Path) -> None:
    (config_dir / "token.json").mkdir()
    assert refusal().startswith(f"the token file {config_dir / 'token.json'} can't be read: ")


def test_a_token_shows_itself_nowhere() -> None:
    token = Token(TOKEN, "the argument token")
    assert repr(token) == str(token) == f"{token}" == "<token from the argument token>"
    assert token.mask(f"no such token: {TOKEN}!") == "no such token: [token]!"
    for leak in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not pickled or copied"):
            leak(token)
    assert not hasattr(token, "__dict__")


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("https://example.com/v1", "https://example.com/v1"),
        ("https://example.com/v1///", "https://example.com/v1"),
        ("https://example.com:8443", "https://example.com:8443"),
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"),
        ("http://localhost/v1", "http://localhost/v1"),
        ("http://[::1]:80/v1", "http://[::1]/v1"),
        ("HTTPS://EXAMPLE.com:0443/v1/", "https://example.com/v1"),
        ("http://LOCALHOST.:08000/./v1", "http://localhost:8000/v1"),
    ],
)
def test_base_urls(given: str, found: str) -> None:
    assert find_base_url(given) == found


def test_where_the_base_url_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_base_url(None) == DEFAULT_BASE_URL == "https://model-api.runcomfy.net/v1"
    monkeypatch.setenv("RUNCOMFY_MODEL_API_BASE", "")
    assert find_base_url(None) == DEFAULT_BASE_URL
    monkeypatch.setenv("RUNCOMFY_MODEL_API_BASE", "https://env.example/v1/")
    assert find_base_url(None) == "https://env.example/v1"
    assert find_base_url("https://arg.example") == "https://arg.example"
    monkeypatch.setenv("RUNCOMFY_MODEL_API_BASE", "ftp://env.example")
    with pytest.raises(errors.ConfigurationError) as caught:
        find_base_url(None)
    assert str(caught.value) == (
        "the environment variable RUNCOMFY_MODEL_API_BASE must begin with https:// "
        "(or with http:// for a sandbox on this machine); it looks like https://model-api.runcomfy.net/v1"
    )


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ("", "must begin with https://"),
        ("example.com/v1", "must begin with https://"),
        ("ftp://example.com", "must begin with https://"),
        ("https://", "must name a host"),
        ("https:///v1", "must name a host"),
        ("https://user:hunter2@example.com", "must not hold a user name or password"),
        ("https://@example.com", "must not hold a user name or password"),
        ("https://example.com/v1?x=1", "must not have a query or a fragment"),
        ("https://example.com/v1?", "must not have a query or a fragment"),
        ("https://example.com/v1#x", "must not have a query or a fragment"),
        ("https://example.com:0/v1", "must not name port 0"),
        ("https://example.com:99999/v1", "is not a URL: its host or port can't be read"),
        ("https://example.com:hunter2/v1", "is not a URL: its host or port can't be read"),
        ("https://[::1/v1", "is not a URL: its host or port can't be read"),
        ("https://exa mple.com", "has characters in it that are not part of a URL"),
        ("https://example.com\\@evil.example", "has characters in it that are not part of a URL"),
        ("https://example.com/\r\nX: y", "has characters in it that are not part of a URL"),
        ("https://exämple.com", "has characters in it that are not part of a URL"),
        ("http://example.com/v1", "must begin with https://, or the token would be sent in the"),
        ("http://127.0.0.1.example.com", "must begin with https://, or the token would be sent"),
        ("http://0.0.0.0:8000", "must begin with https://, or the token would be sent in the"),
        (b"https://example.com", "is not a text but of type bytes"),
    ],
)
def test_what_cannot_be_a_base_url(given: Any, fault: str) -> None:
    with pytest.raises(errors.ConfigurationError) as caught:
        find_base_url(given)
    assert str(caught.value).startswith(f"base_url {fault}")
    assert "hunter2" not in str(caught.value)


def test_loopback() -> None:
    assert all(map(is_loopback, ["localhost", "api.localhost", "127.9.9.9", "::1"]))
    assert not any(map(is_loopback, ["example.com", "10.0.0.1", "localhost.example.com", ""]))


def test_time_limits() -> None:
    assert seconds(3, "timeout", zero=True) == 3.0
    assert seconds(0, "timeout", zero=True) == 0.0
    for odd in (True, "3", None):
        with pytest.raises(errors.ConfigurationError, match="timeout must be a number of seconds"):
            seconds(odd, "timeout", zero=True)
    for unsound in (float("nan"), float("inf"), -1, -0.1):
        with pytest.raises(errors.ConfigurationError, match="seconds, zero or more"):
            seconds(unsound, "timeout", zero=True)
    with pytest.raises(errors.ConfigurationError, match="seconds, more than zero: 0"):
        seconds(0, "read_timeout", zero=False)
    with pytest.raises(errors.ConfigurationError, match="finite"):
        seconds(10**sys.float_info.max_10_exp * 100, "timeout", zero=True)
