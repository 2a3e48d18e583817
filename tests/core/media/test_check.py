"""Checking media as a caller does, through a generated model, over real sockets and real files."""

from __future__ import annotations

import io
import itertools
import socket
import threading
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support_client import picture
from support_media_server import MediaServer, head, whole
from support_schemas import ROOT, document, generated

from runcomfy import Client, errors
from runcomfy.models.wan_ai import wan_2_6_image_to_image as model
from runcomfy_sandbox import Sandbox, Timeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support_media_server import Exchange

    from runcomfy import MediaReport

SIDE = "각 이미지 변은 최소 384픽셀이어야 합니다."
LONG_SIDE = "각 이미지 변은 최대 5000픽셀이어야 합니다."
LARGE = "파일 크기는 10MB 미만이어야 합니다."


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(ROOT / "schemas", timeline=Timeline(0, 0)) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    with Client("token", base_url=sandbox.base_url, allow_private_media=True) as made:
        yield made


def report(client: Client | None, *media: Any) -> MediaReport:
    return model.check_media({"prompt": "p", "image_urls": list(media)}, client)


def rules(found: MediaReport) -> list[tuple[str, str]]:
    return [(problem.path, problem.rule) for problem in found.problems]


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("good.png", (1024, 1024)),
        ("good.jpg", (1024, 1024)),
        ("good.webp", (1024, 1024)),
        ("good.gif", (512, 512)),
        ("moved.png", (1024, 1024)),
        ("norange.png", (1024, 1024)),
        ("packed.png", (1024, 1024)),
        ("edge-385.png", (385, 385)),
        ("wide.png", (1500, 400)),
    ],
)
def test_a_good_sample_passes(
    client: Client, sandbox: Sandbox, name: str, size: tuple[int, int]
) -> None:
    found = report(client, sandbox.sample(name))
    assert (found.problems, found.unchecked) == ((), ())
    (item,) = found.items
    assert (item.width, item.height) == size
    assert item.size is not None
    if name not in {"norange.png", "packed.png"}:  # whose size has to be counted
        assert item.bytes_read <= 64 * 1024


@pytest.mark.parametrize(
    ("name", "rule", "words"),
    [
        ("small.png", "width_pixels>", SIDE),
        ("edge-384.png", "width_pixels>", SIDE),
        ("rotated.jpg", "height_pixels>", SIDE),
        ("huge.png", "width_pixels<", LONG_SIDE),
        ("large.png", "file_size_mb<", LARGE),
        ("text.png", "format", "is a text, not an image"),
        ("truncated.png", "complete", "ends too early"),
        ("short.png", "complete", "breaks off after"),
        ("empty.png", "readable", "is empty"),
        ("login.png", "format", "is a web page titled 'Sign in', not an image"),
        ("forbidden.png", "readable", "403"),
        ("gone.png", "readable", "404"),
        ("wall.png", "readable", "bot wall"),
        ("loop.png", "readable", "in a circle"),
    ],
)
def test_a_bad_sample_is_caught(
    client: Client, sandbox: Sandbox, name: str, rule: str, words: str
) -> None:
    with pytest.raises(errors.InvalidInput) as caught:
        model.submit(client, prompt="p", image_urls=[picture(), sandbox.sample(name)])
    first = caught.value.problems[0]
    assert (first.path, first.rule) == ("/image_urls/1", rule)
    assert words in first.message
    assert not any(request.method == "POST" for request in sandbox.requests)


def test_the_problem_is_what_the_schema_says(client: Client, sandbox: Sandbox) -> None:
    first, *_ = report(client, picture(), sandbox.sample("small.png")).problems
    assert (first.path, first.rule, first.limit, first.actual, first.message) == (
        "/image_urls/1", "width_pixels>", 384, 300, SIDE,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (384, 400, ["width_pixels>"]),
        (385, 400, []),
        (400, 384, ["height_pixels>"]),
        (400, 385, []),
        (4999, 400, []),
        (5000, 400, ["width_pixels<"]),
        (400, 4999, []),
        (400, 5000, ["height_pixels<"]),
        (300, 5001, ["width_pixels>", "height_pixels<"]),
    ],
)
def test_each_side_of_each_limit_of_pixels(width: int, height: int, expected: list[str]) -> None:
    found = report(None, picture(width, height))
    assert rules(found) == [("/image_urls/0", rule) for rule in expected]


@pytest.mark.parametrize(
    ("size", "expected"), [(10_475_274, []), (10_485_759, []), (10_485_760, ["file_size_mb<"])]
)
@pytest.mark.parametrize("form", ["bytes", "path", "file"])
def test_each_side_of_ten_megabytes(
    size: int, expected: list[str], form: str, tmp_path: Path
) -> None:
    data = picture()
    # Bytes after the end of a PNG are no part of the picture, and part of the file.
    data += bytes(size - len(data))
    path = tmp_path / "a.png"
    path.write_bytes(data)
    value = {"bytes": data, "path": path, "file": io.BytesIO(data)}[form]
    found = report(None, value)
    assert rules(found) == [("/image_urls/0", rule) for rule in expected]
    assert found.items[0].size == size
    assert form == "bytes" or found.items[0].bytes_read <= 64 * 1024 + 100


@pytest.mark.parametrize(
    ("operator", "below", "at", "above"),
    [("<", False, True, True), ("<=", False, False, True), (">", True, True, False),
     (">=", True, False, False)],
)  # fmt: skip
def test_each_side_of_a_ratio(
    tmp_path: Path, operator: str, below: object, at: object, above: object
) -> None:
    words = {"validation_value": 0.4, "validation_error": "no"}
    rule = {"validation_rule": f"width/height{operator}", **words}
    raw = document(x={"type": "string", "format": "image_uri", "validations": [rule]})
    paint: Any = generated(tmp_path, raw).get("acme/paint")
    for width, broken in ((399, below), (400, at), (401, above)):
        found = paint.check_media({"x": picture(width, 1000)})
        assert bool(found.problems) is broken
        assert all(problem.actual == width / 1000 for problem in found.problems)


def test_every_form_of_one_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(picture())
    value = model.Input(prompt="p", image_urls=[path, picture(), io.BytesIO(picture())])
    found = model.check_media(value)
    assert (found.problems, found.unchecked) == ((), ())
    assert [item.path for item in found.items] == [f"/image_urls/{place}" for place in range(3)]
    assert {(item.type, item.width, item.size) for item in found.items} == {
        ("image/png", 400, len(picture()))
    }


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (20, "is of no known type (it begins with 00 00 00 00 00 00 00 00), not an image"),
        (100, "is empty"),
    ],
)
def test_a_file_object_that_stands_elsewhere(client: Client, start: int, message: str) -> None:
    file = io.BytesIO(b"\x89PNG\r\n\x1a\n" + bytes(92))
    file.seek(start)
    message += (
        f"; it was read from where it stood, {start} bytes behind its beginning: "
        "call seek(0) first to have all of it"
    )
    assert [problem.message for problem in report(None, file).problems] == [message]
    with pytest.raises(errors.InvalidInput) as caught:
        model.submit(client, prompt="p", image_urls=[file])
    assert [problem.message for problem in caught.value.problems] == [message]


def test_what_is_sent_is_what_was_checked(client: Client, sandbox: Sandbox) -> None:
    sandbox.forget()
    file = io.BytesIO(picture())
    result = model.run(client, prompt="p", image_urls=[file, picture()])
    assert result.output.images
    assert file.tell() == 0
    assert model.run(client, prompt="p", image_urls=[file]).output.images, "it can be used again"


def test_what_is_no_media_is_told_without_a_look() -> None:
    found = report(None, "a.png", "https://localhost/a.png", 5, Path("none.png"), b"")
    assert rules(found) == [
        ("/image_urls", "maxItems"),
        ("/image_urls/0", "format"),
        ("/image_urls/2", "type"),
        ("/image_urls/1", "public"),
        ("/image_urls/3", "readable"),
        ("/image_urls/4", "readable"),
    ]
    assert model.check_media({"image_urls": "https://example.com/a.png"}).problems
    assert model.check_media({"image_urls": ["a.png"]}).problems


def test_a_private_url_is_refused_before_anything_is_sent(sandbox: Sandbox) -> None:
    sandbox.forget()
    with (
        Client("token", base_url=sandbox.base_url) as client,
        pytest.raises(errors.InvalidInput) as caught,
    ):
        model.submit(client, prompt="p", image_urls=[sandbox.sample("good.png")], media="skip")
    assert [problem.rule for problem in caught.value.problems] == ["public"]
    assert sandbox.requests == []
    wire: Any = {"prompt": "p", "image_urls": [sandbox.sample("good.png")]}
    assert [problem.rule for problem in model.validate(wire)] == ["public"]
    assert model.validate(wire, allow_private_media=True) == []
    assert model.validate(model.Input(**wire), allow_private_media=True) == []


def test_warn_warns_and_submits(client: Client, sandbox: Sandbox) -> None:
    with pytest.warns(errors.MediaWarning) as caught:
        job = model.submit(
            client, prompt="p", image_urls=[sandbox.sample("small.png")], media="warn"
        )
    assert job.request_id
    assert [str(one.message) for one in caught] == [
        f"wan-ai/wan-2-6/image-to-image: /image_urls/0: {SIDE} ({side} is 300; it must be > 384)"
        for side in ("width_pixels", "height_pixels")
    ]
    assert {one.filename for one in caught} == {__file__}
    with pytest.warns(errors.MediaWarning) as caught:
        model.run(client, prompt="p", image_urls=[picture(300, 300)], media="warn")
    assert {one.filename for one in caught} == {__file__}


def test_skip_does_not_look(client: Client, sandbox: Sandbox) -> None:
    sandbox.forget()
    urls = [sandbox.sample("small.png")]
    model.submit(client, prompt="p", image_urls=urls, media="skip")
    assert [request.method for request in sandbox.requests] == ["POST"]


def test_another_mode_is_refused(client: Client) -> None:
    with pytest.raises(errors.ConfigurationError, match="'local', 'warn', 'skip', not 'no'"):
        model.submit(client, prompt="p", image_urls=[picture()], media="no")  # type: ignore[call-overload] # the mistake


class Once(io.RawIOBase):
    """A file that can be read once."""

    def __init__(self, data: bytes) -> None:
        self._rest = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        return self._rest.readinto(buffer)


def test_a_file_that_can_be_read_once_is_left_for_the_submission(client: Client) -> None:
    file: Any = Once(picture(300, 300))
    found = report(client, file)
    assert found.problems == ()
    assert len(found.unchecked) == 5
    assert "can be read only once" in found.unchecked[0].reason
    with pytest.raises(errors.InvalidInput) as caught:
        model.submit(client, prompt="p", image_urls=[file])
    assert [problem.rule for problem in caught.value.problems] == [
        "width_pixels>",
        "height_pixels>",
    ]


def test_without_a_network_nobody_blames_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", offline)
    with pytest.raises(errors.ConnectionFailed) as caught:
        report(None, "https://example.com/a.png", picture(300, 300))
    assert 'media="skip" submits without the check' in str(caught.value)
    with Client("token", base_url="http://127.0.0.1:9/v1", submit_attempts=1) as client:
        with pytest.raises(errors.ConnectionFailed, match="could not be checked"):
            model.submit(client, prompt="p", image_urls=["https://example.com/a.png"])
        with (
            pytest.warns(errors.MediaWarning, match="could not be checked"),
            pytest.raises(errors.ConnectionFailed, match="nothing was sent to http://127"),
        ):
            model.submit(client, prompt="p", image_urls=["https://example.com/a.png"], media="warn")


def slow(data: bytes, pause: float) -> Callable[[Exchange], bool]:
    def page(exchange: Exchange) -> bool:
        if exchange.pause(pause):
            exchange.send(head(200, f"Content-Length: {len(data)}") + data)
        return False

    return page


def test_urls_are_read_side_by_side_and_each_once() -> None:
    raised = threading.excepthook
    arrivals, all_asked = itertools.count(1), threading.Event()

    def page(exchange: Exchange) -> bool:
        if next(arrivals) == 3:
            all_asked.set()
        return all_asked.wait(10) and whole(picture())(exchange)

    pages = {f"/{number}": page for number in range(3)}
    with (
        MediaServer(pages) as server,
        Client("t", base_url=server.base_url, allow_private_media=True) as client,
    ):
        urls = [f"{server.origin}/{number}" for number in range(3)]
        found = report(client, *urls)
        assert found.problems == ()
        assert len(found.items) == 3
        assert len(server.requests) == 3
        assert rules(report(client, urls[0], urls[0], urls[0])) == []
        assert len(server.requests) == 4
    assert threading.excepthook is raised


def test_the_deadline_holds_for_all_together() -> None:
    pages = {f"/{number}": slow(picture(), 60) for number in range(2)} | {"/3": slow(picture(), 0)}
    with (
        MediaServer(pages) as server,
        Client("t", base_url=server.base_url, allow_private_media=True, media_timeout=1) as client,
    ):
        begin = time.monotonic()
        found = report(client, *(f"{server.origin}{path}" for path in pages))
        assert 1 <= time.monotonic() - begin < 20
    assert rules(found) == [("/image_urls/0", "readable"), ("/image_urls/1", "readable")]
    assert "was not read within the 1 s that a check" in found.problems[0].message
    assert [item.path for item in found.items] == ["/image_urls/2"]


def test_dripping_bytes_do_not_hold_anybody(sandbox: Sandbox) -> None:
    options: dict[str, Any] = {"base_url": sandbox.base_url, "allow_private_media": True}
    with Client("token", media_timeout=1, **options) as client:
        begin = time.monotonic()
        found = report(client, sandbox.sample("dripping.png"))
        assert time.monotonic() - begin < 20
    assert rules(found) == [("/image_urls/0", "readable")]


def test_a_video_s_rules_are_checked_or_listed(tmp_path: Path) -> None:
    rule = {"validation_rule": "fps<=", "validation_value": 30, "validation_error": "no"}
    raw = document(x={"type": "string", "format": "video_uri", "validations": [rule]})
    paint: Any = generated(tmp_path, raw).get("acme/paint")
    found = paint.check_media({"x": b"\x1aE\xdf\xa3" + bytes(60)})
    assert [problem.rule for problem in found.problems] + [one.rule for one in found.unchecked]


def test_a_model_without_rules_looks_only_when_asked(tmp_path: Path) -> None:
    raw = document(x={"type": "string", "format": "image_uri"})
    paint: Any = generated(tmp_path, raw).get("acme/paint")
    (item,) = paint.check_media({"x": picture()}).items
    assert item.width == 400
    assert paint.check_media({}).items == ()


@pytest.mark.parametrize(
    "case",
    [
        ("gather.examine", "looking at a URL failed with"),
        ("examine.media_type", "looking at a URL failed with"),
        ("examine.measure", "reading the header of a file of type image/png failed with"),
        ("measure.ask", "reading the header of a file of type image/png failed with"),
    ],
)
def test_what_goes_wrong_in_here_is_not_the_file_s_fault(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    client: Client,
    sandbox: Sandbox,
    case: tuple[str, str],
) -> None:
    patched, what = case
    monkeypatch.setattr(f"runcomfy_core.media.{patched}", lambda *_: 1 // 0)
    found = report(client, sandbox.sample("good.png"), picture())
    assert found.problems == ()
    unchecked = {(one.path, one.rule) for one in found.unchecked}
    assert len(unchecked) >= 2 * 3
    for one in found.unchecked:
        local = one.path.endswith("1") and "URL" in what
        said = what.replace("a URL", "a file") if local else what
        assert one.reason.startswith(f"{said} ZeroDivisionError in test_check.py, line ")
        assert one.reason.endswith("through no fault of the file")
    warned = [record for record in caplog.records if record.levelname == "WARNING"]
    assert len(warned) == 2
    assert (
        "a fault of the client or of a library; the media rules are unchecked" in warned[0].message
    )
    assert model.submit(client, prompt="p", image_urls=[picture()]).request_id


def test_a_check_warns_of_nothing_by_itself(client: Client, sandbox: Sandbox) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report(client, sandbox.sample("good.png"))


def test_local_looks_at_files_alone(client: Client, sandbox: Sandbox) -> None:
    urls: list[Any] = [sandbox.sample("small.png"), picture()]
    assert model.submit(client, prompt="p", image_urls=urls, media="local").request_id
    with pytest.raises(errors.InvalidInput) as caught:
        model.submit(client, prompt="p", image_urls=[*urls, picture(300, 300)], media="local")
    assert {problem.path for problem in caught.value.problems} == {"/image_urls/2"}
