"""Every fault of the table, seen through a real socket."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import attrs
import pytest
import urllib3
from support_sandbox import SOUND, WAN, open_stage

from runcomfy_sandbox.faults import FAULTS

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
    ("fault", "parameters"),
    [
        ("drop", {}),
        ("truncated-body", {}),
        ("truncated-body", {"offset": 0}),
        ("wrong-length", {}),
    ],
)
def test_a_lost_answer_has_taken_the_job(
    stage: Stage, fault: str, parameters: dict[str, Any]
) -> None:
    with pytest.raises(urllib3.exceptions.ProtocolError):
        _submit_spoiled(stage, fault, **parameters)
    assert _queued(stage) == 1


def test_chunked(stage: Stage) -> None:
    reply = _submit_spoiled(stage, "chunked")
    assert reply.headers["transfer-encoding"] == "chunked"
    assert "content-length" not in reply.headers
    assert reply.body["request_id"]


def test_a_lost_request_has_not(stage: Stage) -> None:
    with pytest.raises(urllib3.exceptions.ProtocolError):
        _submit_spoiled(stage, "drop", taken=False)
    assert _queued(stage) == 0


@pytest.mark.parametrize("fault", ["stall", "stalled-body"])
def test_a_stalled_answer_has_taken_the_job(stage: Stage, fault: str) -> None:
    stage.sandbox.arm("submit", fault)
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


def _collect(reply: urllib3.BaseHTTPResponse, received: bytearray) -> None:
    for byte in reply.stream(1):
        received += byte


@attrs.frozen
class Download:
    """The file of a job, and what a whole answer gives."""

    stage: Stage
    url: str
    good: Reply

    def fetch(self, fault: str | None = None, /, **headers: str) -> Reply:
        if fault is not None:
            self.stage.sandbox.arm("file", fault)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.stage.call("GET", self.url, token=None, headers=named)

    def broken(self, **headers: str) -> bytes:
        """What comes of a body before its connection closes."""
        received = bytearray()
        reply = self.stage.http.request(
            "GET", self.url, headers=headers, preload_content=False, retries=False, timeout=5
        )
        with reply, pytest.raises(urllib3.exceptions.ProtocolError, match="IncompleteRead"):
            _collect(reply, received)
        return bytes(received)


@pytest.fixture(name="download")
def downloaded_file(stage: Stage, over: Any) -> Download:
    (url,) = stage.get(over["result_url"]).body["output"]["images"]
    return Download(stage, url, stage.get(url, token=None))


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("forbidden", 403),
        ("not-found", 404),
        ("request-timeout", 408),
        ("rate-limited", 429),
        ("server-error", 500),
        ("unavailable", 503),
        ("redirect", 307),
        ("html", 200),
        ("respond", 200),
    ],
)
def test_other_answers_than_the_file(download: Download, fault: str, status: int) -> None:
    reply = download.fetch(fault, range="bytes=0-9")
    assert reply.status == status
    assert reply.data not in (download.good.data, download.good.data[:10])
    assert download.fetch().data == download.good.data


def test_a_file_may_be_elsewhere(download: Download) -> None:
    elsewhere = download.stage.sandbox.sample("good.png")
    download.stage.sandbox.arm("file", "redirect", status=302, location=elsewhere)
    reply = download.fetch()
    assert (reply.status, reply.headers["location"]) == (302, elsewhere)


def test_a_file_that_breaks_off_and_is_resumed(download: Download) -> None:
    good = download.good
    download.stage.sandbox.arm("file", "truncated-body", offset=1000)
    assert download.broken() == good.data[:1000]
    rest = download.fetch(range="bytes=1000-", if_range=good.headers["etag"])
    assert (rest.status, rest.data) == (206, good.data[1000:])


def test_the_offset_counts_what_is_sent(download: Download) -> None:
    download.stage.sandbox.arm("file", "truncated-body", offset=7)
    assert download.broken(range="bytes=1000-") == download.good.data[1000:1007]


def test_a_file_that_stalls(download: Download) -> None:
    download.stage.sandbox.arm("file", "stalled-body", offset=10)
    with download.stage.http.request(
        "GET", download.url, preload_content=False, retries=False, timeout=0.1
    ) as reply:
        assert reply.read(10) == download.good.data[:10]
        with pytest.raises(urllib3.exceptions.ReadTimeoutError):
            reply.read(1)


def test_another_file_in_the_meantime(download: Download) -> None:
    good = download.good
    etag = good.headers["etag"]
    changed = download.fetch("changed-file", range="bytes=1000-", if_range=etag)
    assert changed.status == 200
    assert changed.headers["etag"] != etag
    assert len(changed.data) == len(good.data)
    assert not any(map(int.__eq__, changed.data, good.data))
    assert download.fetch("changed-file", range="bytes=0-9").data == changed.data[:10]
    assert download.fetch().headers["etag"] == etag


def test_a_range_that_is_ignored(download: Download) -> None:
    reply = download.fetch("range-ignored", range="bytes=1000-")
    assert (reply.status, reply.data) == (200, download.good.data)
    assert "accept-ranges" not in reply.headers
    assert "content-range" not in reply.headers


def test_files_of_a_wrong_length(download: Download) -> None:
    data = download.good.data
    download.stage.sandbox.arm("file", "wrong-length", surplus=100)
    assert download.broken() == data
    download.stage.sandbox.arm("file", "wrong-length", surplus=-100)
    assert download.fetch().data == data[:-100]
    assert download.fetch().data == data  # on the same connection


def test_files_in_chunks(download: Download) -> None:
    reply = download.fetch("chunked")
    assert "content-length" not in reply.headers
    assert reply.data == download.good.data


@pytest.mark.parametrize("fault", ["drop", "truncated-body"])
def test_what_is_dropped_can_be_fetched_again(download: Download, fault: str) -> None:
    with pytest.raises(urllib3.exceptions.ProtocolError):
        download.fetch(fault)
    assert download.fetch().data == download.good.data


def test_faults_of_files_wait_for_a_file(stage: Stage) -> None:
    stage.sandbox.arm("file", "changed-file")
    assert stage.get("/files/unknown/0.png").status == 404
    assert stage.get("/sandbox/faults").body["armed"]


def test_head_has_no_body_to_spoil(download: Download) -> None:
    download.stage.sandbox.arm("file", "truncated-body")
    head = download.stage.call("HEAD", download.url, token=None)
    assert head.headers["content-length"] == str(len(download.good.data))
    assert head.data == b""


def test_an_answer_without_a_body_has_none_to_break_off(stage: Stage) -> None:
    reply = _submit_spoiled(stage, "wrong-length", status=204)
    assert (reply.status, reply.data) == (204, b"")
    assert "content-length" not in reply.headers


def test_the_table_is_told_in_lines() -> None:
    for name, fault in FAULTS.items():
        assert name == name.lower()
        assert fault.description.strip() == fault.description
        assert "\n" not in fault.description
