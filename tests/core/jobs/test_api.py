"""The three free calls: what is asked, and how it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support_client import TOKEN, FakeClock, leaks
from support_server import DROP_READ, FaultServer, says

from runcomfy import Status, errors
from runcomfy_core.config import Token
from runcomfy_core.http.transport import Transport
from runcomfy_core.jobs.api import (
    cancel,
    check_model_id,
    check_request_id,
    is_cancelled,
    result,
    status,
)
from runcomfy_core.wire.steps import Driver, Work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runcomfy_core.wire.answer import Answer, NoAnswer
    from runcomfy_core.wire.steps import Step


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


class Api:
    """The calls, performed."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver

    def status(self, request_id: str) -> Status:
        return self.driver.run(status(request_id))

    def result(self, request_id: str) -> dict[str, object] | None:
        return self.driver.run(result(request_id))

    def cancel(self, request_id: str) -> dict[str, object]:
        return self.driver.run(cancel(request_id))


@pytest.fixture
def api(server: FaultServer) -> Iterator[Api]:
    token = Token(TOKEN, "the argument token")
    transport = Transport(server.base_url, token, connect_timeout=5.0, read_timeout=1)
    yield Api(Driver(transport, FakeClock()))
    transport.close()


def test_a_status(api: Api, server: FaultServer) -> None:
    body = {"status": "in_queue", "queue_position": 3, "status_url": "http://127.0.0.1:1/"}
    server.add(says(body, headers=["Retry-After: 4"]))
    found = api.status("r-1")
    assert found == Status("in_queue", 3)
    assert found.raw == body
    assert found.retry_after == 4
    assert server.calls() == ["GET /requests/r-1/status"]


@pytest.mark.parametrize(
    "body", [{}, {"status": 7}, {"note": TOKEN}, {"status": "", "note": TOKEN}]
)
def test_an_answer_without_a_status(api: Api, server: FaultServer, body: object) -> None:
    server.add(says(body))
    with pytest.raises(errors.UnexpectedResponse, match="has no status") as caught:
        api.status("r-1")
    assert caught.value.request_id == "r-1"
    assert not leaks(caught.value)


def test_a_result(api: Api, server: FaultServer) -> None:
    body = {"status": "succeeded", "output": {"image": "https://x/a.png"}, "cost": 0.1}
    server.add(says(body))
    assert api.result("r-1") == body
    assert server.calls() == ["GET /requests/r-1/result?include_cost=true"]


@pytest.mark.parametrize("status", [200, 400])
def test_a_result_asked_for_too_early_is_none(api: Api, server: FaultServer, status: int) -> None:
    server.add(says({"error_code": 400005, "message": "not completed"}, status))
    assert api.result("r-1") is None


def test_a_result_that_is_refused(api: Api, server: FaultServer) -> None:
    server.add(says({"error_code": 404001, "message": "expired"}, 404))
    with pytest.raises(errors.NotFound, match=r"\(request r-1\): expired"):
        api.result("r-1")


@pytest.mark.parametrize(
    ("body", "cancelled"),
    [
        ({"outcome": "cancelled", "status": "completed"}, True),
        ({"outcome": "Canceled\n"}, True),
        ({"outcome": "not_cancellable", "status": "cancelled"}, False),
        ({"status": "cancelled"}, True),
        ({"outcome": 1, "status": "cancelled"}, False),
    ],
)
def test_a_cancel(
    api: Api,
    server: FaultServer,
    body: object,
    cancelled: bool,  # noqa: FBT001 - expected
) -> None:
    server.add(says(body, 202))
    answer = api.cancel("r-1")
    assert answer == body
    assert is_cancelled(answer) is cancelled
    [request] = server.requests
    assert (request.method, request.path) == ("POST", "/v1/requests/r-1/cancel")
    assert request.headers["content-length"] == "0"


def test_a_call_that_gets_no_answer_names_its_job(api: Api, server: FaultServer) -> None:
    server.add(DROP_READ, DROP_READ)
    for call in (api.status, api.cancel):
        with pytest.raises(errors.ConnectionFailed) as caught:
            call("r-1")
        assert str(caught.value).endswith(
            " (request r-1). The job goes on, or is over; pick it up with model.job(client, 'r-1')"
        )
        assert caught.value.request_id == "r-1"
        assert not leaks(caught.value)


@pytest.mark.parametrize(("letters", "apart"), [(65_000, 0), (66_000, 1)])
def test_a_large_answer_is_read_where_it_holds_up_nobody(
    api: Api, server: FaultServer, letters: int, apart: int
) -> None:
    body = {"status": "succeeded", "output": "x" * letters}
    server.add(says(body))
    works: list[Work[Any]] = []

    class Noting(Driver):
        def _perform(self, step: Step) -> Answer | NoAnswer | None:
            if isinstance(step, Work):
                works.append(step)
            return super()._perform(step)

    driver = Noting(api.driver.transport, api.driver.clock)
    assert driver.run(result("r-1")) == body
    assert len(works) == apart


@pytest.mark.parametrize(
    "good", ["a", "wan-ai/wan-2-6/image-to-image", "b/seedream-5.0-pro", "a_B"]
)
def test_model_ids(good: str) -> None:
    assert check_model_id(good) == good


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "/",
        "a//b",
        "/a",
        "a/",
        "a/../b",
        ".",
        "a/..",
        "a b",
        "a?b",
        "a#b",
        "a%2e",
        "두",
        "a\n",
        7,
    ],
)
def test_what_is_no_model_id(bad: object) -> None:
    with pytest.raises(errors.ConfigurationError) as caught:
        check_model_id(bad)
    assert str(caught.value).startswith(f"{bad!r} is not a model id; one looks like wan-ai/")


def test_request_ids() -> None:
    assert check_request_id("aZ_9-") == "aZ_9-"
    for bad in ("", "a/b", "../x", "x" * 129, None):
        with pytest.raises(errors.ConfigurationError, match="is not a request id: up to 128"):
            check_request_id(bad)
