from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from starlette.requests import Request

from runcomfy_sandbox import wire
from runcomfy_sandbox.answers import Answer
from runcomfy_sandbox.bodies import Turn
from runcomfy_sandbox.deliveries import Broken, Chunked, Dripping, Ending, Mismeasured, Unanswered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from runcomfy_sandbox.answers import Call
    from runcomfy_sandbox.deliveries import Delivery


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
        "headers": [
            (b"host", b"localhost:8787"),
            (b"authorization", b"Bearer t"),
            (b"range", b"bytes=0-"),
            (b"if-range", b'"a"'),
        ],
        "path_params": {"model_id": "a/b"},
    }

    async def read() -> Call:
        async with Turn(asyncio.Lock()) as turn:
            return await wire.read(Request(scope, _receive), turn)

    call = asyncio.run(read())
    assert call.origin == "http://localhost:8787"
    assert call.url == "http://localhost:8787/v1/models/a/b?include_cost=true"
    assert call.method == "POST"
    assert call.authorization == "Bearer t"
    assert call.range == "bytes=0-"
    assert call.if_range == '"a"'
    assert call.path == {"model_id": "a/b"}
    assert call.query == {"include_cost": "true"}
    assert call.body == b"{}"


def _played(response: Response, *received: str, method: str = "GET") -> list[object]:
    """What an application's response does: what it sends, and when it hangs up."""
    done: list[object] = []
    coming = iter(received)

    async def receive() -> dict[str, object]:
        return {"type": next(coming)}

    async def send(message: Mapping[str, object]) -> None:
        done.append(message.get("body", message.get("status")))

    scope = {
        "type": "http",
        "method": method,
        "extensions": {wire.HANG_UP: lambda: done.append("hang up")},
    }
    asyncio.run(response(scope, receive, send))
    assert next(coming, None) is None
    return done


@pytest.mark.parametrize(
    ("delivery", "done"),
    [
        (Broken(Ending.CLOSED), [200, b"ab", "hang up"]),
        (Broken(Ending.SILENT), [200, b"ab"]),
        (Unanswered(Ending.CLOSED), ["hang up"]),
        (Unanswered(Ending.SILENT), []),
        (Dripping(), [200, b"a"]),
    ],
    ids=str,
)
def test_it_waits_until_the_caller_is_gone(delivery: Delivery, done: list[object]) -> None:
    response = wire.response(Answer(200, b"abcd", delivery=delivery))
    # A body that was not read to its end is no sign that the caller is gone.
    assert _played(response, "http.request", "http.disconnect") == done


@pytest.mark.parametrize("delivery", [Broken(Ending.CLOSED), Mismeasured(9), Dripping()], ids=str)
def test_head_is_complete_without_a_body(delivery: Delivery) -> None:
    response = wire.response(Answer(200, b"abcd", delivery=delivery))
    assert _played(response, method="HEAD") == [200, b""]


@pytest.mark.parametrize(
    ("delivery", "length"),
    [(Broken(Ending.CLOSED), "4"), (Mismeasured(9), "13"), (Chunked(), None)],
)
def test_the_length_is_what_the_delivery_says(delivery: Delivery, length: str | None) -> None:
    response = wire.response(Answer(200, b"abcd", delivery=delivery))
    assert response.headers.get("content-length") == length
