from __future__ import annotations

import json

import pytest
from runcomfy_sandbox import wire
from runcomfy_sandbox.answers import Answer
from starlette.requests import Request


@pytest.mark.parametrize(
    ("body", "content", "content_type"),
    [
        (b"\x00\xff", b"\x00\xff", "application/octet-stream"),
        ("여우", "여우".encode(), "text/plain; charset=utf-8"),
        ("\ud800", b"?", "text/plain; charset=utf-8"),
        ({"a": [1, None]}, b'{"a": [1, null]}', "application/json"),
        (None, b"null", "application/json"),
    ],
)
def test_bodies(body: object, content: bytes, content_type: str) -> None:
    response = wire.response(Answer(201, body))
    assert response.status_code == 201
    assert response.body == content
    assert response.headers["content-type"] == content_type
    assert response.headers["content-length"] == str(len(content))


def test_json_survives_what_utf_8_cannot_hold() -> None:
    response = wire.response(Answer(200, {"prompt": "여우\ud800"}))
    assert json.loads(bytes(response.body)) == {"prompt": "여우\ud800"}


def test_headers_of_the_answer_win() -> None:
    response = wire.response(Answer(200, "<p>", {"content-type": "text/html", "x-a": "b"}))
    assert response.headers["content-type"] == "text/html"
    assert response.headers["x-a"] == "b"


@pytest.mark.parametrize("status", [204, 304])
def test_some_statuses_have_no_body(status: int) -> None:
    assert wire.response(Answer(status, {"a": 1})).body == b""


async def _receive() -> dict[str, object]:
    return {"type": "http.request", "body": b"{}", "more_body": False}


def test_a_request_becomes_a_call() -> None:
    scope = {
        "type": "http",
        "scheme": "http",
        "method": "POST",
        "path": "/v1/models/a/b",
        "query_string": b"include_cost=true",
        "headers": [(b"host", b"localhost:8787"), (b"authorization", b"Bearer t")],
        "path_params": {"model_id": "a/b"},
    }
    reading = wire.read(Request(scope, _receive))
    with pytest.raises(StopIteration) as returned:  # it awaits nothing that would not be there
        reading.send(None)
    call = returned.value.value
    assert call.origin == "http://localhost:8787"
    assert call.url == "http://localhost:8787/v1/models/a/b?include_cost=true"
    assert call.authorization == "Bearer t"
    assert call.path == {"model_id": "a/b"}
    assert call.query == {"include_cost": "true"}
    assert call.body == b"{}"
