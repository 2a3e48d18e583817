from __future__ import annotations

import base64
import datetime as dt
import io
import json
from typing import TYPE_CHECKING

import pytest
from support_sandbox import SCHEMAS, SEEDREAM, SOUND, WAN, open_stage

from runcomfy_sandbox.answers import LARGEST_BODY, Call
from runcomfy_sandbox.api import Api
from runcomfy_sandbox.documents import read_models
from runcomfy_sandbox.jobs import Jobs
from runcomfy_sandbox.timeline import Timeline
from runcomfy_sandbox.tokens import Gate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support_sandbox import Stage


@pytest.fixture(name="running", scope="module")
def running_stage() -> Iterator[Stage]:
    with open_stage() as stage:
        yield stage


@pytest.fixture(name="stage")
def fresh_stage(running: Stage) -> Stage:
    return running.reset()


def test_submit_answers_absolute_urls(stage: Stage) -> None:
    reply = stage.post(f"/v1/models/{WAN}", SOUND)
    assert reply.status == 200
    base = f"{stage.sandbox.base_url}/requests/{reply.body['request_id']}"
    assert reply.body == {
        "request_id": reply.body["request_id"],
        "status_url": f"{base}/status",
        "result_url": f"{base}/result",
        "cancel_url": f"{base}/cancel",
    }


def test_urls_are_of_the_host_that_was_called(stage: Stage) -> None:
    port = stage.sandbox.origin.rpartition(":")[2]
    reply = stage.post(f"http://localhost:{port}/v1/models/{WAN}", SOUND)
    assert reply.body["status_url"].startswith(f"http://localhost:{port}/v1/requests/")


def test_a_job_from_the_queue_to_its_file(stage: Stage) -> None:
    job = stage.submit()
    links = {key: job[key] for key in ("request_id", "status_url", "result_url")}
    assert stage.get(job["status_url"]).body == {
        **links,
        "status": "in_queue",
        "queue_position": 0,
    }
    stage.clock.advance(10)
    assert stage.get(job["status_url"]).body == {**links, "status": "in_progress"}
    early = stage.get(job["result_url"])
    assert early.status == 200
    assert early.body["status"] == "in_progress"
    assert "output" not in early.body
    assert "finished_at" not in early.body
    stage.clock.advance(20)
    assert stage.get(job["status_url"]).body == {**links, "status": "completed"}
    result = stage.get(job["result_url"]).body
    created, finished = (
        dt.datetime.fromisoformat(result[key]) for key in ("created_at", "finished_at")
    )
    assert finished - created == dt.timedelta(seconds=30)
    assert created.utcoffset() == dt.timedelta(0)
    assert result["request_id"] == job["request_id"]
    assert result["status"] == "succeeded"
    assert "cost" not in result
    (url,) = result["output"]["images"]
    assert url.startswith(f"{stage.sandbox.origin}/files/")


def test_cost_when_asked_for(stage: Stage) -> None:
    job = stage.submit()
    url = f"{job['result_url']}?include_cost=true"
    assert "cost" not in stage.get(url).body
    stage.clock.advance(30)
    assert stage.get(url).body["cost"] == 0.01
    assert "cost" not in stage.get(f"{job['result_url']}?include_cost=false").body


def test_queue_position(stage: Stage) -> None:
    first, second = stage.submit(), stage.submit(SEEDREAM, {"prompt": "a", "image": ["u"]})
    assert stage.get(second["status_url"]).body["queue_position"] == 1
    stage.post(first["cancel_url"])
    assert stage.get(second["status_url"]).body["queue_position"] == 0


def test_cancel_what_is_queued(stage: Stage) -> None:
    job = stage.submit()
    reply = stage.post(job["cancel_url"])
    assert reply.status == 202
    cancelled = {"request_id": job["request_id"], "status": "cancelled", "outcome": "cancelled"}
    assert reply.body == cancelled
    again = stage.post(job["cancel_url"])
    assert again.status == 202
    assert again.body == {**cancelled, "outcome": "not_cancellable"}
    stage.clock.advance(100)
    assert stage.get(job["status_url"]).body["status"] == "cancelled"
    result = stage.get(job["result_url"]).body
    assert result["status"] == "cancelled"
    assert result["finished_at"] == result["created_at"]
    assert "output" not in result


def test_cancelling_what_runs_does_nothing(stage: Stage) -> None:
    job = stage.submit()
    stage.clock.advance(15)
    reply = stage.post(job["cancel_url"])
    assert reply.status == 202
    assert reply.body["outcome"] == "not_cancellable"
    assert reply.body["status"] == "in_progress"
    stage.clock.advance(15)
    assert stage.get(job["result_url"]).body["status"] == "succeeded"


@pytest.mark.parametrize("token", [None, ""])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"/v1/models/{WAN}"),
        ("GET", "/v1/requests/r/status"),
        ("GET", "/v1/requests/r/result"),
        ("POST", "/v1/requests/r/cancel"),
        ("GET", "/v1/models"),
        ("GET", "/v1/models/categories"),
        ("GET", f"/v1/models/{WAN}"),
    ],
)
def test_without_a_token(stage: Stage, method: str, path: str, token: str | None) -> None:
    reply = stage.call(method, path, SOUND if method == "POST" else None, token=token)
    assert reply.status == 400
    assert reply.body["error_code"] == 400004


def test_the_only_token() -> None:
    with open_stage(token="good") as stage:
        assert stage.get("/v1/models", token="good").status == 200
        assert stage.get("/v1/models", token="other").body["error_code"] == 400004


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("model_id", ["no/such/model", "wan-ai", ""])
def test_unknown_model(stage: Stage, method: str, model_id: str) -> None:
    reply = stage.call(method, f"/v1/models/{model_id}")
    assert reply.status == 400
    assert reply.body["error_code"] == 400001
    assert model_id in reply.body["error_message"]


@pytest.mark.parametrize(
    ("method", "call"), [("GET", "status"), ("GET", "result"), ("POST", "cancel")]
)
def test_requests_that_are_unknown_or_not_yours(stage: Stage, method: str, call: str) -> None:
    unknown = stage.call(method, f"/v1/requests/unknown/{call}")
    assert (unknown.status, unknown.body["error_code"]) == (404, 404001)
    job = stage.submit()
    other = stage.call(method, job[f"{call}_url"], token="other")
    assert (other.status, other.body["error_code"]) == (403, 403001)
    assert stage.get(job["status_url"]).body["status"] == "in_queue"


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b""])
def test_a_body_that_is_no_object(stage: Stage, body: bytes) -> None:
    reply = stage.post(f"/v1/models/{WAN}", body)
    assert reply.status == 422
    assert reply.body["error_code"] == 422001
    assert reply.body["detail"]


def test_media_are_taken_in_every_form(stage: Stage) -> None:
    picture = base64.b64encode(stage.get("/samples/small.png").data).decode()
    media = [
        "https://example.com/a.png",
        stage.sandbox.sample("good.png"),
        f"data:image/png;base64,{picture}",
        "data:text/plain,no%20picture",  # whether it is one is not looked at
    ]
    for urls in ([one] for one in media):
        job = stage.submit(body={**SOUND, "image_urls": urls})
        stage.clock.advance(30)
        assert stage.get(job["result_url"]).body["status"] == "succeeded"


def _sized(size: int) -> bytes:
    """A sound input of `size` bytes."""
    empty: bytes = json.dumps({**SOUND, "image_urls": ["data:,"]}).encode()
    return empty.replace(b"data:,", b"data:," + b"x" * (size - len(empty)))


def test_the_largest_body(stage: Stage) -> None:
    assert stage.post(f"/v1/models/{WAN}", _sized(LARGEST_BODY)).status == 200
    reply = stage.post(f"/v1/models/{WAN}", _sized(LARGEST_BODY + 1))
    assert reply.status == 413
    assert reply.body == {
        "error_code": 413001,
        "error_message": f"The body has more than {LARGEST_BODY} bytes.",
    }
    assert stage.submit()  # the connection goes on


def test_a_body_without_a_length_may_be_too_large_too(stage: Stage) -> None:
    body = _sized(LARGEST_BODY + 5_000_000)
    reply = stage.http.request(
        "POST",
        f"{stage.sandbox.base_url}/models/{WAN}",
        body=io.BytesIO(body),
        headers={"authorization": "Bearer a-token"},
        chunked=True,
        retries=False,
        timeout=5,
    )
    assert (reply.status, reply.json()["error_code"]) == (413, 413001)


def test_a_job_keeps_no_media(stage: Stage) -> None:
    jobs = Jobs(stage.clock, Timeline())
    api = Api(read_models(SCHEMAS), Gate(), jobs)
    body = json.dumps({**SOUND, "image_urls": ["data:,x"], "seed": 7}).encode()
    call = Call("", "", authorization="Bearer t", path={"model_id": WAN}, body=body)
    told = api.submit(call).body
    assert isinstance(told, dict)
    assert jobs.get(told["request_id"]).value == {"prompt": SOUND["prompt"], "seed": 7}


def test_an_input_against_the_schema(stage: Stage) -> None:
    wrong = {"image_urls": [1], "image_size": "huge", "seed": -1}
    reply = stage.post(f"/v1/models/{WAN}", wrong)
    assert reply.status == 422
    assert reply.body["error_code"] == 422001
    places = {(tuple(place["loc"]), place["type"]) for place in reply.body["detail"]}
    assert places == {
        (("body",), "required"),
        (("body", "image_urls", 0), "type"),
        (("body", "image_size"), "enum"),
        (("body", "seed"), "minimum"),
    }
    for word in ("prompt", "/image_urls/0", "/image_size", "/seed"):
        assert word in reply.body["error_message"]


def test_an_error_may_quote_what_is_no_text(stage: Stage) -> None:
    reply = stage.post(f"/v1/models/{WAN}", b'{"prompt": "a", "image_urls": "\\ud800"}')
    assert reply.status == 422
    assert "\\ud800" in reply.body["error_message"]


def test_the_catalog(stage: Stage) -> None:
    page = stage.get("/v1/models?search=wan&category=image-to-image&kind=model&limit=5").body
    assert (page["limit"], page["offset"]) == (5, 0)
    assert WAN in [entry["model_id"] for entry in page["models"]]
    assert "input_schema" not in page["models"][0]
    with_schema = stage.get("/v1/models?include_schema=true").body
    assert all("input_schema" in entry for entry in with_schema["models"])
    assert stage.get("/v1/models?limit=501").status == 422
    assert "image-to-image" in stage.get("/v1/models/categories").body["categories"]
    entry = stage.get(f"/v1/models/{WAN}").body
    assert entry["model_id"] == WAN
    assert entry["input_schema"]["required"] == ["prompt", "image_urls"]
    assert stage.get(entry["model_url"]).body == entry
