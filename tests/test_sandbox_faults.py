"""Every fault of the table, seen through a real socket."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from runcomfy_sandbox.faults import FAULTS
from support_sandbox import SOUND, WAN, open_stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support_sandbox import Reply, Stage

PATH = f"/v1/models/{WAN}"


@pytest.fixture(name="running", scope="module")
def running_stage() -> Iterator[Stage]:
    with open_stage() as stage:
        yield stage


@pytest.fixture(name="stage")
def fresh_stage(running: Stage) -> Stage:
    return running.reset()


@pytest.fixture(name="over")
def finished_job(stage: Stage) -> Any:
    job = stage.submit()
    stage.clock.advance(30)
    return job


def _queued(stage: Stage) -> int:
    """How many jobs are queued: the position of one more."""
    return int(stage.get(stage.submit()["status_url"]).body["queue_position"])


def _submit_spoiled(stage: Stage, fault: str, **parameters: Any) -> Reply:
    stage.sandbox.arm("submit", fault, **parameters)
    return stage.post(PATH, SOUND)


def _result_spoiled(stage: Stage, over: Any, fault: str, **parameters: Any) -> Any:
    stage.sandbox.arm("result", fault, **parameters)
    reply = stage.get(over["result_url"])
    assert not stage.get("/sandbox/faults").body["armed"]
    return reply.body


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("error-in-200", 200, 400002),
        ("no-balance", 400, 400002),
        ("no-balance-402", 402, 400002),
        ("bad-token", 400, 400004),
        ("bad-token-401", 401, 400004),
        ("forbidden", 403, 403001),
        ("not-found", 404, 404001),
        ("detail-list", 422, 422001),
        ("error-message-variants", 400, 400001),
        ("request-timeout", 408, None),
        ("rate-limited", 429, None),
        ("unavailable", 503, None),
        ("server-error", 500, None),
    ],
)
def test_refusals_take_no_job(stage: Stage, fault: str, status: int, code: int | None) -> None:
    reply = _submit_spoiled(stage, fault)
    assert reply.status == status
    assert reply.body.get("error_code") == code
    assert _queued(stage) == 0


def test_a_refusal_can_have_taken_the_job(stage: Stage) -> None:
    assert _submit_spoiled(stage, "unavailable", taken=True).status == 503
    assert _queued(stage) == 1


@pytest.mark.parametrize("key", ["error_message", "message", "error", "detail"])
def test_where_an_error_puts_its_text(stage: Stage, key: str) -> None:
    reply = _submit_spoiled(stage, "error-message-variants", key=key)
    assert reply.body == {"error_code": 400001, key: "The resource id is malformed."}


def test_details_in_a_list(stage: Stage) -> None:
    detail = _submit_spoiled(stage, "detail-list").body["detail"]
    assert [place["loc"] for place in detail] == [["body", "prompt"], ["body", "seed"]]


@pytest.mark.parametrize("fault", ["rate-limited", "unavailable"])
def test_retry_after(stage: Stage, fault: str) -> None:
    assert _submit_spoiled(stage, fault).headers["retry-after"] == "1"
    date = "Wed, 21 Oct 2026 07:28:00 GMT"
    assert _submit_spoiled(stage, fault, retry_after=date).headers["retry-after"] == date


def test_redirect(stage: Stage) -> None:
    reply = _submit_spoiled(stage, "redirect")
    assert (reply.status, reply.data) == (307, b"")
    assert reply.headers["location"] == stage.sandbox.origin + PATH
    elsewhere = _submit_spoiled(stage, "redirect", location="http://127.0.0.1:9/")
    assert elsewhere.headers["location"] == "http://127.0.0.1:9/"
    assert _queued(stage) == 0


def test_respond_answers_what_it_is_told(stage: Stage) -> None:
    plain = _submit_spoiled(stage, "respond")
    assert (plain.status, plain.body) == (200, {})
    reply = _submit_spoiled(
        stage, "respond", status=418, headers={"X-Pot": "tea"}, body={"short": True}
    )
    assert (reply.status, reply.body) == (418, {"short": True})
    assert reply.headers["x-pot"] == "tea"
    text = _submit_spoiled(stage, "respond", body="plain")
    assert text.data == b"plain"
    assert text.headers["content-type"].startswith("text/plain")
    assert _submit_spoiled(stage, "respond", status=204, body="none").data == b""
    assert _queued(stage) == 0


def test_parts_of_any_answer_can_be_replaced(stage: Stage) -> None:
    reply = _submit_spoiled(stage, "rate-limited", status=200, headers={"Retry-After": "9"})
    assert (reply.status, reply.headers["retry-after"]) == (200, "9")
    reply = _submit_spoiled(stage, "html", body="<p>hello")
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert reply.data == b"<p>hello"


def test_broken_answers_have_taken_the_job(stage: Stage) -> None:
    html = _submit_spoiled(stage, "html")
    assert (html.status, html.data[:9]) == (200, b"<!doctype")
    truncated = _submit_spoiled(stage, "truncated-json")
    assert truncated.data.startswith(b'{"request_id": "')
    with pytest.raises(json.JSONDecodeError):
        json.loads(truncated.data)
    assert _submit_spoiled(stage, "empty-body").data == b""
    (inner,) = _submit_spoiled(stage, "not-an-object").body
    assert inner["request_id"]
    assert "request_id" not in _submit_spoiled(stage, "no-request-id").body
    assert _queued(stage) == 5


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("drop", urllib3.exceptions.ProtocolError),
        ("truncated-body", urllib3.exceptions.ProtocolError),
    ],
)
def test_a_lost_answer_has_taken_the_job(stage: Stage, fault: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        _submit_spoiled(stage, fault)
    assert _queued(stage) == 1


def test_a_lost_request_has_not(stage: Stage) -> None:
    with pytest.raises(urllib3.exceptions.ProtocolError):
        _submit_spoiled(stage, "drop", taken=False)
    assert _queued(stage) == 0


def test_a_stalled_answer_has_taken_the_job(stage: Stage) -> None:
    stage.sandbox.arm("submit", "stall")
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        stage.http.request(
            "POST",
            stage.sandbox.origin + PATH,
            json=SOUND,
            headers={"authorization": "Bearer a-token"},
            timeout=0.05,
            retries=False,
        )
    assert _queued(stage) == 1


def test_submitted_with_202(stage: Stage) -> None:
    reply = _submit_spoiled(stage, "status-202-submit")
    assert (reply.status, reply.body["status"]) == (202, "in_queue")
    assert stage.get(reply.body["status_url"]).status == 200


def test_extra_fields(stage: Stage, over: Any) -> None:
    honest = stage.get(over["status_url"]).body
    stage.sandbox.arm("status", "extra-fields")
    spoiled = stage.get(over["status_url"]).body
    assert spoiled.items() > honest.items()
    assert {"instance_id", "cancellation_requested"} < spoiled.keys()


def test_unknown_states(stage: Stage, over: Any) -> None:
    stage.sandbox.arm("status", "unknown-state")
    stage.sandbox.arm("status", "unknown-state", state="pending")
    stage.sandbox.arm("status", "canceled-spelling")
    states = [stage.get(over["status_url"]).body["status"] for _ in range(4)]
    assert states == ["warming_up", "pending", "canceled", "completed"]
    result = _result_spoiled(stage, over, "unknown-state")
    assert result["status"] == "warming_up"
    assert "output" not in result


def test_cancel_with_status_completed(stage: Stage) -> None:
    running = stage.submit()
    stage.clock.advance(15)
    queued = stage.submit()
    stage.sandbox.arm("cancel", "cancel-status-completed")
    honest = stage.post(running["cancel_url"]).body
    assert (honest["outcome"], honest["status"]) == ("not_cancellable", "in_progress")
    spoiled = stage.post(queued["cancel_url"]).body
    assert (spoiled["outcome"], spoiled["status"]) == ("cancelled", "completed")
    assert stage.get(queued["status_url"]).body["status"] == "cancelled"


def test_results_too_early(stage: Stage, over: Any) -> None:
    stage.sandbox.arm("result", "too-early-400005")
    reply = stage.get(over["result_url"])
    assert (reply.status, reply.body["error_code"]) == (400, 400005)
    current = _result_spoiled(stage, over, "result-current-state")
    assert current == {"request_id": over["request_id"], "status": "in_progress"}
    assert _result_spoiled(stage, over, "result-current-state", state="x")["status"] == "x"


def test_completed_for_succeeded_waits_for_a_success(stage: Stage) -> None:
    job = stage.submit()
    stage.sandbox.arm("result", "completed-for-succeeded")
    assert stage.get(job["result_url"]).body["status"] == "in_queue"
    stage.clock.advance(30)
    spoiled = stage.get(job["result_url"]).body
    assert spoiled["status"] == "completed"
    assert spoiled["output"]
    assert stage.get(job["result_url"]).body["status"] == "succeeded"


def test_failures(stage: Stage, over: Any) -> None:
    failed = _result_spoiled(stage, over, "failed")
    assert failed["status"] == "failed"
    assert failed["error"]["error_message"] == "The model ran out of memory."
    assert failed["finished_at"]
    assert "output" not in failed
    failed = _result_spoiled(stage, over, "failed-string")
    assert failed["error"] == "The model ran out of memory."


def test_shapes_of_the_output(stage: Stage, over: Any) -> None:
    url = f"{stage.sandbox.origin}/files/{over['request_id']}/0.png"
    assert _result_spoiled(stage, over, "bare-string-output")["output"] == url
    assert _result_spoiled(stage, over, "bare-list-output")["output"] == [url]
    assert _result_spoiled(stage, over, "singular-output")["output"] == {"image": url}
    assert _result_spoiled(stage, over, "plural-output")["output"] == {"images": [url]}


def test_no_cost(stage: Stage, over: Any) -> None:
    stage.sandbox.arm("result", "no-cost")
    assert stage.get(over["result_url"]).body["status"] == "succeeded"
    url = f"{over['result_url']}?include_cost=true"
    assert "cost" not in stage.get(url).body
    assert "cost" in stage.get(url).body


def test_the_catalog_can_be_spoiled_too(stage: Stage) -> None:
    stage.sandbox.arm("catalog", "html")
    assert stage.get("/v1/models").headers["content-type"].startswith("text/html")
    assert stage.get("/v1/models").status == 200


def test_the_table_is_told_in_lines() -> None:
    for name, fault in FAULTS.items():
        assert name == name.lower()
        assert fault.description.strip() == fault.description
        assert "\n" not in fault.description
