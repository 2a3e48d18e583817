from __future__ import annotations

import http.client
from typing import TYPE_CHECKING

import pytest
from support_sandbox import SOUND, WAN, open_stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support_sandbox import Stage


@pytest.fixture(name="stage", scope="module")
def running_stage() -> Iterator[Stage]:
    with open_stage() as stage:
        yield stage


def _as_a_page(stage: Stage, method: str, path: str, body: str = "") -> tuple[int, bytes]:
    """What a page of another site may send without asking first."""
    port = int(stage.sandbox.origin.rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    headers = {"Content-Type": "text/plain", "Origin": "https://page.example"}
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/sandbox/faults"),
        ("DELETE", "/sandbox/faults"),
        ("DELETE", "/sandbox/requests"),
    ],
)
def test_a_web_page_changes_nothing(stage: Stage, method: str, path: str) -> None:
    stage.reset()
    stage.sandbox.arm("status", "drop")
    stage.get("/v1/models")
    status, body = _as_a_page(stage, method, path, '{"on": "submit", "fault": "no-balance"}')
    assert status == 403
    assert b"needs the header 'Runcomfy-Sandbox: 1'" in body
    (armed,) = stage.get("/sandbox/faults").body["armed"]
    assert armed["on"] == "status"
    assert len(stage.sandbox.requests) == 1


def test_a_browser_that_asks_first_is_not_told_yes(stage: Stage) -> None:
    for path in ("/sandbox/faults", f"/v1/models/{WAN}"):
        headers = {
            "origin": "https://page.example",
            "access-control-request-method": "POST",
            "access-control-request-headers": "runcomfy-sandbox, authorization",
        }
        reply = stage.call("OPTIONS", path, token=None, headers=headers)
        assert reply.status == 405
        assert not [name for name in reply.headers if name.lower().startswith("access-control")]


def test_a_web_page_submits_nothing(stage: Stage) -> None:
    status, body = _as_a_page(stage, "POST", f"/v1/models/{WAN}", '{"prompt": "x"}')
    assert (status, b"token" in body) == (400, True)


@pytest.mark.parametrize(
    "host",
    [
        "page.example",
        "127.0.0.1.page.example",
        "localhost.page.example",
        "page.example:8787",
        "localhost@page.example",
        "[::1",
        "127.0.0.1:x",
        "",
        "127.0.0.1/",
    ],
)
@pytest.mark.parametrize("path", ["/", "/v1/models", "/samples", "/sandbox/requests"])
def test_a_foreign_host_is_refused(stage: Stage, host: str, path: str) -> None:
    reply = stage.call("GET", path, headers={"host": host})
    assert reply.status in (400, 421)  # uvicorn itself refuses what is no Host at all
    assert b"page.example" not in reply.data


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST", "127.0.0.1", "[::1]", "192.0.2.7"])
def test_addresses_and_localhost_are_served(stage: Stage, name: str) -> None:
    reply = stage.call("GET", "/sandbox", headers={"host": f"{name}:4321"})
    assert reply.status == 200
    # Someone may have forwarded another port, so the URLs in answers name the port of the Host.
    assert reply.body["base_url"] == f"http://{name}:4321/v1"


def test_the_refusal_says_what_is_served(stage: Stage) -> None:
    reply = stage.call("GET", "/v1/models", headers={"host": "page.example"})
    assert reply.status == 421
    assert reply.body == {
        "error_code": 421001,
        "error_message": "The sandbox serves requests whose Host is an IP address, localhost, or "
        "what --host names.",
    }


def test_a_request_without_a_refused_host_is_not_logged(stage: Stage) -> None:
    stage.reset()
    stage.call("POST", f"/v1/models/{WAN}", SOUND, headers={"host": "page.example"})
    assert stage.sandbox.requests == []
