"""The table of what a submission can meet, and the reading of the other three calls."""

from __future__ import annotations

import signal
import socket
import threading
from typing import TYPE_CHECKING

import pytest
from runcomfy import Status, errors
from runcomfy._api import Api, check_model_id, check_request_id
from runcomfy._config import Token
from runcomfy._transport import Transport
from support_client import TOKEN, FakeClock, leaks
from support_server import (
    CUT_OFF,
    DROP_READ,
    DROP_UNREAD,
    HANG,
    RESET_READ,
    FaultServer,
    Step,
    answer,
    says,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MODEL = "wan-ai/wan-2-6/image-to-image"
TAKEN = {"request_id": "r-1", "status_url": "https://evil.example/status"}


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


@pytest.fixture
def make() -> Iterator[Callable[[str], Api]]:
    made: list[Transport] = []

    def build(base_url: str) -> Api:
        token = Token(TOKEN, "the argument token")
        made.append(Transport(base_url, token, connect_timeout=5.0, read_timeout=0.4))
        return Api(made[-1], FakeClock())

    yield build
    for transport in made:
        transport.close()


@pytest.fixture
def api(server: FaultServer, make: Callable[[str], Api]) -> Api:
    return make(server.base_url)


@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_submission_that_is_taken(api: Api, server: FaultServer, status: int) -> None:
    server.add(says(TAKEN, status))
    assert api.submit(MODEL, b'{"prompt": "x"}') == "r-1"
    [request] = server.requests
    assert (request.method, request.path) == ("POST", f"/v1/models/{MODEL}")
    assert request.body == b'{"prompt": "x"}'


UNCERTAIN = errors.SubmissionUncertain
HTML = b"<html><h1>Bad Gateway</h1></html>"
ELSEWHERE = "Location: http://127.0.0.1:1/v1/models/x"


@pytest.mark.parametrize(
    ("step", "kind", "words", "status", "request_id"),
    [
        (DROP_UNREAD, UNCERTAIN, "no answer came: ", None, None),
        (DROP_READ, UNCERTAIN, "no answer came: Remote end closed connection", None, None),
        (RESET_READ, UNCERTAIN, "no answer came: ", None, None),
        (HANG, UNCERTAIN, "no answer came: Read timed out. (read timeout=0.4)", None, None),
        (CUT_OFF, UNCERTAIN, "the answer broke off after 26 bytes", 200, "r-1"),
        (
            Step(answer(b'{"request_id": "r-1",', length=99), "hang"),
            UNCERTAIN,
            "Read timed out",
            200,
            "r-1",
        ),
        (says(b"", 301, headers=[ELSEWHERE]), UNCERTAIN, "redirect", 301, None),
        (says(b"", 302, headers=[ELSEWHERE]), UNCERTAIN, "redirect", 302, None),
        (says(b"", 303, headers=[ELSEWHERE]), UNCERTAIN, "redirect", 303, None),
        (says(b"", 307, headers=[ELSEWHERE]), UNCERTAIN, "redirect", 307, None),
        (says(b"", 308, headers=[ELSEWHERE]), UNCERTAIN, "redirect", 308, None),
        (says({"message": "no"}, 400), errors.ApiError, "HTTP 400: no", 400, None),
        (says({"error_code": 400001}, 400), errors.NotFound, "may be wrong", 400, None),
        (says({"error_code": 400002}, 400), errors.InsufficientFunds, "balance", 400, None),
        (says({"error_code": 400004}, 400), errors.AuthenticationError, "token", 400, None),
        (says({}, 401), errors.AuthenticationError, "Check the token", 401, None),
        (says({}, 402), errors.InsufficientFunds, "no job was made", 402, None),
        (says({}, 403), errors.PermissionDenied, "HTTP 403", 403, None),
        (
            says({}, 404),
            errors.NotFound,
            f"the model id '{MODEL}', or the base URL, may be wrong",
            404,
            None,
        ),
        (says({}, 408), errors.ApiError, "HTTP 408", 408, None),
        (says({}, 409), errors.ApiError, "HTTP 409", 409, None),
        (says(HTML, 413), errors.ApiError, "<html>", 413, None),
        (says({"detail": ["a", "b"]}, 422), errors.ApiError, "a; b", 422, None),
        (says({}, 429), errors.RateLimited, "HTTP 429", 429, None),
        (says({}, 500), UNCERTAIN, "HTTP 500", 500, None),
        (says(HTML, 502), UNCERTAIN, "HTTP 502: Bad Gateway: <html>", 502, None),
        (says({}, 503, headers=["Retry-After: 0"]), UNCERTAIN, "HTTP 503", 503, None),
        (says({"request_id": "r-1"}, 504), UNCERTAIN, "HTTP 504", 504, "r-1"),
        (says(HTML), UNCERTAIN, "not a JSON object: <html>", 200, None),
        (says(b'{"request_id": "r-1"'), UNCERTAIN, "not a JSON object", 200, "r-1"),
        (says([TAKEN]), UNCERTAIN, "not a JSON object", 200, "r-1"),
        (says(b""), UNCERTAIN, "the answer is empty", 200, None),
        (Step(b"HTTP/1.1 204 No Content\r\n\r\n"), UNCERTAIN, "the answer is empty", 204, None),
        (says({"request_id": 7}), UNCERTAIN, "no usable request id", 200, None),
        (says({"request_id": "../../x"}), UNCERTAIN, "no usable request id", 200, None),
        (says({"error_code": 400002}), errors.InsufficientFunds, "400002", 200, None),
        (says({"error_code": "400004"}), errors.AuthenticationError, "400004", 200, None),
        (says({"error_code": 500001}), UNCERTAIN, "error_code 500001", 200, None),
    ],
)
def test_a_submission_is_sent_once(  # noqa: PLR0917 - the columns of the table
    api: Api,
    server: FaultServer,
    step: Step,
    kind: type[errors.RunComfyError],
    words: str,
    status: int | None,
    request_id: str | None,
) -> None:
    server.add(step, says(TAKEN))
    with pytest.raises(kind) as caught:
        api.submit(MODEL, b"{}")
    error = caught.value
    assert type(error) is kind
    assert words in str(error)
    assert vars(error)["status"] == status
    assert vars(error)["request_id"] == request_id
    if kind is UNCERTAIN:
        assert str(error).startswith(f"{MODEL}: the submission was sent, but ")
        assert "Look at the account's request history before submitting again." in str(error)
    assert server.connections == 1
    assert len(server.requests) == (0 if step is DROP_UNREAD else 1)
    assert error.__cause__ is None
    assert error.__context__ is None
    assert not leaks(error)


def test_a_rate_limit_says_when_to_come_back(api: Api, server: FaultServer) -> None:
    server.add(says({}, 429, headers=["Retry-After: 17"]))
    with pytest.raises(errors.RateLimited) as caught:
        api.submit(MODEL, b"{}")
    assert caught.value.retry_after == 17


def test_a_submission_that_never_left(make: Callable[[str], Api]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(errors.ConnectionFailed) as caught:
        make(f"http://127.0.0.1:{port}/v1").submit(MODEL, b"{}")
    assert str(caught.value).startswith(f"{MODEL}: nothing was sent to http://127.0.0.1:")
    assert not leaks(caught.value)


def test_a_submission_over_a_connection_gone_stale(api: Api, server: FaultServer) -> None:
    server.add(Step(answer({"status": "in_queue"}), "close"), says(TAKEN))
    api.status("r-0")
    assert server.closed.acquire(timeout=5)
    assert api.submit(MODEL, b"{}") == "r-1"
    assert len(server.requests) == 2


def interrupt() -> None:
    main = threading.main_thread().ident
    assert main is not None
    signal.pthread_kill(main, signal.SIGINT)


def test_ctrl_c_during_a_submission_says_that_the_job_may_exist(
    api: Api, server: FaultServer
) -> None:
    server.add(Step(then="hang", hook=interrupt))
    with pytest.raises(KeyboardInterrupt) as caught:
        api.submit(MODEL, b"{}")
    [note] = caught.value.__notes__
    assert note.startswith(f"This came while {MODEL} was being submitted: the job may exist")
    assert not leaks(caught.value)


def test_ctrl_c_before_a_submission_leaves_says_nothing(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("urllib3.util.connection.create_connection", stopped)
    with pytest.raises(KeyboardInterrupt) as caught:
        api.submit(MODEL, b"{}")
    assert not hasattr(caught.value, "__notes__")
    assert not leaks(caught.value)


def test_a_status(api: Api, server: FaultServer) -> None:
    body = {"status": "in_queue", "queue_position": 3, "status_url": "http://127.0.0.1:1/"}
    server.add(says(body, headers=["Retry-After: 4"]))
    status = api.status("r-1")
    assert status == Status("in_queue", 3)
    assert status.raw == body
    assert status.retry_after == 4
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
    ("body", "outcome"),
    [
        ({"outcome": "cancelled", "status": "completed"}, "cancelled"),
        ({"outcome": "not_cancellable"}, "not_cancellable"),
        ({"outcome": "Cancellation_Requested\n"}, "cancellation_requested"),
        ({"status": "cancelled"}, None),
        ({"outcome": 1}, None),
    ],
)
def test_a_cancel(api: Api, server: FaultServer, body: object, outcome: str | None) -> None:
    server.add(says(body, 202))
    assert api.cancel("r-1") == outcome
    [request] = server.requests
    assert (request.method, request.path) == ("POST", "/v1/requests/r-1/cancel")
    assert request.headers["content-length"] == "0"


def test_a_call_that_gets_no_answer_names_its_job(api: Api, server: FaultServer) -> None:
    server.add(DROP_READ, DROP_READ)
    for call in (api.status, api.cancel):
        with pytest.raises(errors.ConnectionFailed) as caught:
            call("r-1")
        assert str(caught.value).endswith("(request r-1, which goes on remotely)")
        assert caught.value.request_id == "r-1"
        assert not leaks(caught.value)


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
