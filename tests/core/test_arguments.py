from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest
from support_client import TOKEN, leaks

from runcomfy import AsyncClient, Client

if TYPE_CHECKING:
    from runcomfy_core.base_client import BaseClient

TIMEOUTS = (
    "read_timeout is the time for an answer, connect_timeout the time for a connection; how long "
    "to wait for a job is said where it is waited for: run(..., timeout=...)"
)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("api_key", "did you mean token?"),
        ("apikey", "did you mean token?"),
        ("API_KEY", "did you mean token?"),
        ("access_token", "did you mean token?"),
        ("tokn", "did you mean token?"),
        ("url", "did you mean base_url?"),
        ("base_uri", "did you mean base_url?"),
        ("baseUrl", "did you mean base_url?"),
        ("base_urls", "did you mean base_url?"),
        ("timeout", TIMEOUTS),
        ("read_timeot", "did you mean read_timeout or media_timeout or connect_timeout?"),
        ("max_retries", "did you mean submit_attempts? What costs nothing is repeated anyhow"),
        ("proxy", "proxies are taken from the environment variables HTTPS_PROXY and NO_PROXY"),
        ("allow_private", "did you mean allow_private_media?"),
        (
            "zzz",
            (
                "there are token, base_url, connect_timeout, read_timeout, submit_attempts, "
                "submit_deadline, media_timeout, allow_private_media, journal, store_inputs, clock"
            ),
        ),
    ],
)
def test_an_argument_that_a_client_does_not_have(kind: Any, name: str, hint: str) -> None:
    with pytest.raises(TypeError) as caught:
        kind(**{name: TOKEN})
    assert str(caught.value) == f"{kind.__name__}() has no argument {name!r}; {hint}"
    assert not leaks(caught.value)


def test_a_second_argument_by_position() -> None:
    with pytest.raises(TypeError) as caught:
        AsyncClient(TOKEN, "https://example.com/v1")  # type: ignore[call-arg]
    assert str(caught.value) == (
        "AsyncClient() takes all but the token by name: AsyncClient(token, base_url=...)"
    )
    assert not leaks(caught.value)


def test_a_class_of_the_caller_s_own_is_named_and_may_have_its_own_arguments() -> None:
    class Mine(Client):
        pass

    class Other(Client):
        def __init__(self, name: str, colour: str) -> None:
            super().__init__(TOKEN)
            self.name, self.colour = name, colour

    with pytest.raises(TypeError, match=r"^Mine\(\) has no argument 'api_key'; did you mean tok"):
        Mine(api_key=TOKEN)  # type: ignore[call-arg]
    with Other("a", colour="b") as client:
        assert (client.name, client.colour) == ("a", "b")


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_the_signature_is_that_of_the_arguments(kind: type[BaseClient[Any]]) -> None:
    parameters = inspect.signature(kind).parameters
    assert list(parameters)[:2] == ["token", "base_url"]
    assert "unknown" not in parameters
    assert all(one.kind is not one.VAR_KEYWORD for one in parameters.values())
