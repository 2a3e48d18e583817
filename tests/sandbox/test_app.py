from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from support_sandbox import SOUND, WAN, open_stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support_sandbox import Stage


@pytest.fixture(name="stage", scope="module")
def running_stage() -> Iterator[Stage]:
    with open_stage() as stage:
        yield stage


def test_a_file_needs_no_token(stage: Stage) -> None:
    job = stage.submit(body={**SOUND, "image_size": "1280*720 (16:9)", "prompt": "두 괴물"})
    path = f"/files/{job['request_id']}/0.png"
    assert stage.get(path, token=None).status == 404
    stage.clock.advance(30)
    (url,) = stage.get(job["result_url"]).body["output"]["images"]
    reply = stage.get(url, token=None)
    assert reply.status == 200
    assert reply.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(reply.data)) as image:
        assert image.size == (1280, 720)
    assert stage.get("/files/unknown/0.png", token=None).status == 404


def test_samples_need_no_token(stage: Stage) -> None:
    reply = stage.get("/samples/small.png", token=None)
    assert reply.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(reply.data)) as image:
        assert image.size == (300, 300)
    assert stage.get("/samples", token=None).status == 200
    assert stage.get("/samples/other.png", token=None).status == 404


@pytest.fixture(name="urls")
def urls_of_files(stage: Stage) -> list[str]:
    """A sample and an output."""
    job = stage.submit()
    stage.clock.advance(30)
    (url,) = stage.get(job["result_url"]).body["output"]["images"]
    return [url, stage.sandbox.sample("good.png")]


def test_parts_of_files(stage: Stage, urls: list[str]) -> None:
    for url in urls:
        whole = stage.get(url, token=None)
        size = len(whole.data)
        assert whole.status == 200
        assert whole.headers["accept-ranges"] == "bytes"
        assert whole.headers["content-length"] == str(size)
        part = stage.call("GET", url, token=None, headers={"range": "bytes=10-19"})
        assert (part.status, part.data) == (206, whole.data[10:20])
        assert part.headers["content-length"] == "10"
        assert part.headers["content-range"] == f"bytes 10-19/{size}"
        assert part.headers["etag"] == whole.headers["etag"]
        wanted = {"range": "bytes=10-19", "if-range": '"another"'}
        assert stage.call("GET", url, token=None, headers=wanted).data == whole.data
        beyond = stage.call("GET", url, token=None, headers={"range": f"bytes={size}-"})
        assert (beyond.status, beyond.headers["content-range"]) == (416, f"bytes */{size}")


def test_head_of_files(stage: Stage, urls: list[str]) -> None:
    for url in urls:
        whole = stage.get(url, token=None)
        head = stage.call("HEAD", url, token=None, headers={"range": "bytes=10-19"})
        assert (head.status, head.data) == (200, b"")
        for name in ("content-length", "content-type", "accept-ranges", "etag"):
            assert head.headers[name] == whole.headers[name]


@pytest.mark.parametrize("path", ["/samples", "/samples/good.png", "/files/r/0.png"])
def test_files_are_only_read(stage: Stage, path: str) -> None:
    assert stage.post(path, {}).body["error_code"] == 405001


def test_errors_of_the_paths_are_json_too(stage: Stage) -> None:
    lost = stage.get("/v1/nothing")
    assert (lost.status, lost.body["error_code"]) == (404, 404001)
    wrong = stage.call("DELETE", f"/v1/models/{WAN}")
    assert (wrong.status, wrong.body["error_code"]) == (405, 405001)
    assert wrong.headers["allow"]


def test_only_the_api_is_logged(stage: Stage) -> None:
    stage.sandbox.forget()
    stage.get("/samples/small.png")
    stage.get("/sandbox/faults")
    stage.get("/v1/models?search=x", token=None)
    stage.post(f"/v1/models/{WAN}", SOUND)
    logged = [(one.method, one.path, one.bearer) for one in stage.sandbox.requests]
    assert logged == [("GET", "/v1/models", False), ("POST", f"/v1/models/{WAN}", True)]
