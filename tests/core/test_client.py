from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest
from support_client import TOKEN, FakeClock, leaks
from support_endpoint import Told
from support_server import CERTIFICATE, DROP_READ, FaultServer, Proxy, says

from runcomfy import Client, errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MODEL = "wan-ai/wan-2-6/image-to-image"
URL = "https://files.example/a.png"
RUN = [
    says({"request_id": "r-1"}),
    says({"status": "in_queue", "queue_position": 0}),
    says({"status": "in_progress"}),
    says({"status": "completed"}),
    says({"status": "succeeded", "output": URL}),
]


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


@pytest.fixture
def client(server: FaultServer) -> Iterator[Client]:
    with Client(TOKEN, base_url=server.base_url, clock=FakeClock()) as made:
        yield made


def test_a_whole_run_uses_one_connection(client: Client, server: FaultServer) -> None:
    server.add(*RUN)
    job = client.submit(MODEL, {"prompt": "두 괴물", "seed": None})
    assert (job.request_id, job.model_id) == ("r-1", MODEL)
    assert job.wait().output == URL
    assert server.connections == 1
    assert server.requests[0].body == '{"prompt": "두 괴물", "seed": null}'.encode()
    assert {request.headers["authorization"] for request in server.requests} == {f"Bearer {TOKEN}"}


def test_a_run_through_a_proxy(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with FaultServer(*RUN, tls=True) as api, Proxy(api.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with Client(TOKEN, base_url="https://api.test/v1", clock=FakeClock()) as client:
            assert client.submit(MODEL, {}).wait().output == URL
        assert len(proxy.asked) == 1
        assert TOKEN not in proxy.asked[0]
    assert server.connections == 0


def test_an_output_goes_through_the_reader(client: Client, server: FaultServer) -> None:
    server.add(*RUN)
    job = client._submit(Told(MODEL, lambda output: [output]), {}, "skip")
    assert job.wait().output == [URL]
    server.add(*RUN[3:])
    assert client._open(Told(MODEL, str), "r-1").wait().output == URL


def test_a_base_url_without_the_version(server: FaultServer) -> None:
    origin = server.base_url.removesuffix("/v1")
    missing = says({"error_code": 404001, "message": "Not Found"}, 404)
    with Client(TOKEN, base_url=origin, clock=FakeClock()) as client:
        server.add(missing, missing)
        for call in (lambda: client.submit(MODEL, {}), lambda: client.job("r-1").status()):
            with pytest.raises(errors.NotFound, match=f"The base URL {origin} does not end in /v1"):
                call()


def test_what_cannot_be_sent_is_not_sent(client: Client, server: FaultServer) -> None:
    with pytest.raises(errors.InvalidInput) as caught:
        client.submit(MODEL, {"seed": float("nan"), "image": b""})
    assert [problem.path for problem in caught.value.problems] == ["/seed", "/image"]
    for bad in ("a//b", "../x", ""):
        with pytest.raises(errors.ConfigurationError, match="is not a model id"):
            client.submit(bad, {})
    with pytest.raises(errors.ConfigurationError, match="is not a request id"):
        client.job("../x")
    assert server.connections == 0


def test_a_client_shows_no_token(client: Client, server: FaultServer) -> None:
    assert repr(client) == f"<client of {server.base_url}>"
    assert client.base_url == server.base_url


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"token": f"{TOKEN}\n"}, "the argument token has white space in it"),
        ({"token": ""}, "the argument token is empty"),
        ({"token": TOKEN, "base_url": "ftp://example.com"}, "base_url must begin with https://"),
        ({"token": TOKEN, "base_url": "http://example.com"}, "sent in the clear"),
        ({"token": TOKEN, "connect_timeout": 0}, "connect_timeout must be a finite number"),
        ({"token": TOKEN, "read_timeout": float("nan")}, "read_timeout must be a finite number"),
        ({}, "no RunComfy token found"),
    ],
)
def test_what_a_client_cannot_be_made_of(options: dict[str, Any], message: str) -> None:
    with pytest.raises(errors.ConfigurationError) as caught:
        Client(**options)
    assert message in str(caught.value)
    assert not leaks(caught.value)


def test_the_token_comes_from_the_environment(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNCOMFY_API_TOKEN", TOKEN)
    monkeypatch.setenv("RUNCOMFY_MODEL_API_BASE", f"{server.base_url}/")
    server.add(says({"status": "in_queue"}))
    with Client() as client:
        assert client.job("r-1").status().state == "in_queue"
    [request] = server.requests
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.path == "/v1/requests/r-1/status"


def test_a_closed_client_says_so(client: Client) -> None:
    client.close()
    client.close()
    with pytest.raises(errors.ConfigurationError, match="the client is closed"):
        client.submit(MODEL, {})
    with pytest.raises(errors.ConfigurationError, match="the client is closed"):
        client.job("r-1").wait()


def test_threads_share_a_client(client: Client, server: FaultServer) -> None:
    server.add(*[says({"request_id": "r-1"})] * 16)
    made: list[str] = []
    threads = [
        threading.Thread(target=lambda: made.append(client.submit(MODEL, {}).request_id))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == ["r-1"] * 16
    assert len(server.requests) == 16


def calls(client: Client) -> list[Callable[[], object]]:
    job = client.job("r-1")
    return [lambda: client.submit(MODEL, {}), job.status, lambda: job.wait(0), job.cancel]


@pytest.mark.parametrize(
    "step",
    [
        DROP_READ,
        says({"error_code": 400004, "message": f"bad token {TOKEN}"}, 400),
        says({"message": TOKEN}, 500),
        says(f"<pre>Bearer {TOKEN}</pre>".encode()),
        says({"echo": TOKEN}),
        says(b"", 307, headers=[f"Location: http://127.0.0.1:1/{TOKEN}"]),
    ],
)
def test_no_call_shows_the_token_whatever_the_server_echoes(
    client: Client, server: FaultServer, caplog: pytest.LogCaptureFixture, step: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    for call in calls(client):
        server.add(*[step] * 4)
        try:
            call()
        except errors.RunComfyError as error:
            assert not leaks(error)  # noqa: PT017 - a cancel's answer may pass
        server._script.clear()
    assert TOKEN not in caplog.text


def test_a_closed_client_begins_no_map(client: Client) -> None:
    client.close()
    with pytest.raises(errors.ConfigurationError, match="make a new one"):
        client.map(MODEL, [{}])


def test_store_inputs_is_a_flag() -> None:
    untyped: Any = Client
    with pytest.raises(errors.ConfigurationError, match="store_inputs must be True or False, not"):
        untyped(TOKEN, store_inputs="yes")
