"""Every sample of the table, seen through a real socket."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import io
from typing import TYPE_CHECKING

import pytest
import urllib3
from PIL import Image, ImageOps, UnidentifiedImageError
from support_sandbox import open_stage

from runcomfy_sandbox.samples import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from support_sandbox import Reply, Stage

MIB = 1024 * 1024


@pytest.fixture(name="stage", scope="module")
def running_stage() -> Iterator[Stage]:
    with open_stage() as stage:
        yield stage


def _fetch(stage: Stage, name: str, headers: Mapping[str, str] | None = None) -> Reply:
    return stage.call("GET", stage.sandbox.sample(name), token=None, headers=headers)


def _shape(data: bytes) -> tuple[str | None, tuple[int, int]]:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image.format, image.size


@pytest.mark.parametrize(
    ("name", "content_type", "shape"),
    [
        ("good.png", "image/png", ("PNG", (1024, 1024))),
        ("good.jpg", "image/jpeg", ("JPEG", (1024, 1024))),
        ("good.webp", "image/webp", ("WEBP", (1024, 1024))),
        ("good.gif", "image/gif", ("GIF", (512, 512))),
        ("wide.png", "image/png", ("PNG", (1500, 400))),
        ("tall.png", "image/png", ("PNG", (400, 1500))),
        ("small.png", "image/png", ("PNG", (300, 300))),
        ("edge-384.png", "image/png", ("PNG", (384, 384))),
        ("edge-385.png", "image/png", ("PNG", (385, 385))),
        ("huge.png", "image/png", ("PNG", (5000, 5000))),
        ("large.png", "image/png", ("PNG", (2000, 2000))),
        ("rotated.jpg", "image/jpeg", ("JPEG", (300, 600))),
    ],
)
def test_pictures(
    stage: Stage, name: str, content_type: str, shape: tuple[str, tuple[int, int]]
) -> None:
    reply = _fetch(stage, name)
    assert reply.status == 200
    assert reply.headers["content-type"] == content_type
    assert reply.headers["content-length"] == str(len(reply.data))
    assert _shape(reply.data) == shape
    part = _fetch(stage, name, {"range": "bytes=0-1023"})
    assert (part.status, part.data) == (206, reply.data[:1024])
    assert part.headers["content-range"] == f"bytes 0-1023/{len(reply.data)}"
    assert part.headers["etag"] == reply.headers["etag"]


def test_how_large_the_files_are(stage: Stage) -> None:
    assert 11 * MIB < len(_fetch(stage, "large.png").data) < 12 * MIB
    assert len(_fetch(stage, "huge.png").data) < 10_000


def test_one_is_shown_turned(stage: Stage) -> None:
    with Image.open(io.BytesIO(_fetch(stage, "rotated.jpg").data)) as image:
        assert ImageOps.exif_transpose(image).size == (600, 300)


def test_what_is_no_picture_or_not_a_whole_one(stage: Stage) -> None:
    text = _fetch(stage, "text.png")
    assert (text.status, text.headers["content-type"]) == (200, "image/png")
    with pytest.raises(UnidentifiedImageError):
        _shape(text.data)
    empty = _fetch(stage, "empty.png", {"range": "bytes=0-65535"})
    assert (empty.status, empty.headers["content-length"], empty.data) == (200, "0", b"")
    truncated = _fetch(stage, "truncated.png")
    assert truncated.headers["content-length"] == str(len(truncated.data))
    with Image.open(io.BytesIO(truncated.data)) as image:
        assert image.size == (1024, 1024)
        with pytest.raises(OSError, match="truncated"):
            image.load()


def test_less_comes_than_was_announced(stage: Stage) -> None:
    whole = _fetch(stage, "good.png").data
    announced = f"{len(whole)} bytes read, 10000 more expected"
    with pytest.raises(urllib3.exceptions.ProtocolError, match=announced):
        _fetch(stage, "short.png")


def test_a_server_that_ignores_ranges(stage: Stage) -> None:
    reply = _fetch(stage, "norange.png", {"range": "bytes=0-99"})
    assert reply.status == 200
    assert reply.headers["transfer-encoding"] == "chunked"
    assert not {"content-length", "accept-ranges", "etag"} & {
        name.lower() for name in reply.headers
    }
    assert reply.data == _fetch(stage, "good.png").data


def test_a_server_that_packs_unasked(stage: Stage) -> None:
    with stage.http.request(
        "GET",
        stage.sandbox.sample("packed.png"),
        headers={"accept-encoding": "identity"},
        decode_content=False,
        preload_content=False,
    ) as reply:
        packed = reply.read()
    assert reply.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed) == _fetch(stage, "good.png").data


@pytest.mark.parametrize(
    ("name", "status", "title"),
    [
        ("login.png", 200, b"Sign in"),
        ("forbidden.png", 403, b"403 Forbidden"),
        ("gone.png", 404, b"404 Not Found"),
        ("wall.png", 403, b"Just a moment..."),
    ],
)
def test_pages(stage: Stage, name: str, status: int, title: bytes) -> None:
    reply = _fetch(stage, name, {"range": "bytes=0-9"})
    assert reply.status == status
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert b"<title>" + title + b"</title>" in reply.data
    assert reply.headers.get("cf-mitigated") == ("challenge" if name == "wall.png" else None)


@pytest.mark.parametrize(
    ("name", "location"),
    [
        ("moved.png", "/samples/good.png"),
        ("loop.png", "/samples/loop.png"),
        ("private.png", "http://10.0.0.1/a.png"),
    ],
)
def test_redirects(stage: Stage, name: str, location: str) -> None:
    reply = _fetch(stage, name)
    assert (reply.status, reply.headers["location"], reply.data) == (302, location, b"")


def _open_drip(stage: Stage, method: str = "GET") -> http.client.HTTPConnection:
    port = int(stage.sandbox.origin.rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, "/samples/dripping.png")
    return connection


def test_a_drip_goes_on_until_the_caller_leaves(stage: Stage) -> None:
    connection = _open_drip(stage)
    reply = connection.getresponse()
    assert reply.getheader("content-length") is None
    assert reply.read(5) == b"\xff\xd8\xff\xff\xff"
    connection.close()
    assert stage.get("/samples/empty.png").status == 200


def test_a_drip_has_an_end_for_head(stage: Stage) -> None:
    connection = _open_drip(stage, "HEAD")
    assert connection.getresponse().read() == b""
    connection.request("GET", "/samples/empty.png")  # on the same connection
    assert connection.getresponse().read() == b""
    connection.close()


def test_a_drip_ends_with_the_server(capfd: pytest.CaptureFixture[str]) -> None:
    with open_stage() as stage:
        connection = _open_drip(stage)
        reply = connection.getresponse()
        assert reply.read(1) == b"\xff"
    broken = (http.client.HTTPException, ConnectionError)
    with contextlib.closing(connection), pytest.raises(broken):
        reply.read()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("name", SAMPLES)
def test_head(stage: Stage, name: str) -> None:
    head = stage.call("HEAD", stage.sandbox.sample(name), token=None)
    assert head.status == SAMPLES[name].answer().status
    assert head.data == b""


def test_the_index_names_them_all(stage: Stage) -> None:
    told = stage.get("/samples", token=None).body["samples"]
    assert [one["name"] for one in told] == list(SAMPLES)
    for one in told:
        assert one["url"] == stage.sandbox.sample(one["name"])
        assert one["about"].strip() == one["about"] != ""
        assert "\n" not in one["about"]


@pytest.mark.parametrize("name", ["other.png", "..%2Fgood.png", "Good.png"])
def test_no_other_sample(stage: Stage, name: str) -> None:
    reply = stage.get(f"/samples/{name}", token=None)
    assert (reply.status, reply.body["error_code"]) == (404, 404001)


def test_a_sample_is_made_once() -> None:
    sample = SAMPLES["good.png"]
    assert sample.answer().body is sample.answer().body
